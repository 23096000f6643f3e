/* tls_load.c: PEM files into a weir_tls; see weir/tls.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "http/tls.h"
#include "http/tls_loaded.h"

#define MOST_BYTES ((off_t)1024 * 1024)
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* Where to say what is wrong. */
struct problem {
	char *text;
	size_t size;
};

static int fail(const struct problem *problem, int error, const char *format, ...)
	WEIR_PRINTF(3, 4);
static int fail(const struct problem *problem, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (problem->text && problem->size > 0)
		(void)vsnprintf(problem->text, problem->size, format, arguments);
	va_end(arguments);
	return error;
}

static int from_gnutls(int result)
{
	return result == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

static int read_all(int fd, unsigned char *data, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, data + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EIO; /* it has become shorter */
		used += (size_t)got;
	}
	return 0;
}

/* A secret that others may read is none, and one that they may write is theirs. */
static bool is_private(const struct stat *status)
{
	return !(status->st_mode & (S_IROTH | S_IWOTH | S_IWGRP));
}

static int check_file(const struct problem *problem, const char *path, const struct stat *status,
		      bool secret)
{
	if (!S_ISREG(status->st_mode))
		return fail(problem, -EINVAL, "%s: not a regular file", path);
	if (status->st_size > MOST_BYTES)
		return fail(problem, -EFBIG, "%s: over 1 MiB", path);
	if (secret && !is_private(status))
		return fail(problem, -EPERM,
			    "%s: others may read or write this key: chmod 600 it, or 640", path);
	return 0;
}

/* A whole file; out->data is to be freed. */
static int load_file(const struct problem *problem, const char *path, bool secret,
		     gnutls_datum_t *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	int error;

	if (fd < 0)
		return fail(problem, -errno, "%s: %s", path, strerror(errno));
	error = fstat(fd, &status) ? fail(problem, -errno, "%s: %s", path, strerror(errno))
				   : check_file(problem, path, &status, secret);
	if (error)
		goto close_fd;
	out->size = (unsigned)status.st_size;
	out->data = malloc(out->size + 1u);
	error = out->data ? read_all(fd, out->data, out->size) : -ENOMEM;
	if (error) {
		free(out->data);
		out->data = NULL;
		(void)fail(problem, error, "%s: %s", path, strerror(-error));
	}
close_fd:
	(void)close(fd);
	return error;
}

/* Not left lying about in freed memory. */
static void free_secret(gnutls_datum_t *data)
{
	if (data->data)
		gnutls_memset(data->data, 0, data->size);
	free(data->data);
}

static int load_certificate(const struct problem *problem, const char *path,
			    struct weir__tls_pair *pair)
{
	unsigned length = WEIR__TLS_CHAIN;
	gnutls_datum_t pem = {NULL, 0};
	int error = load_file(problem, path, false, &pem), result;

	if (error)
		return error;
	result = gnutls_pcert_list_import_x509_raw(
		pair->chain, &length, &pem, GNUTLS_X509_FMT_PEM,
		GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED | GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	free(pem.data);
	if (result >= 0) {
		pair->length = length;
		result = length > 0 ? gnutls_pcert_export_x509(&pair->chain[0], &pair->crt)
				    : GNUTLS_E_NO_CERTIFICATE_FOUND;
	}
	if (result >= 0)
		result = gnutls_pubkey_init(&pair->pubkey);
	if (result >= 0)
		result = gnutls_pubkey_import_x509(pair->pubkey, pair->crt, 0);
	if (result >= 0)
		return 0;
	return fail(problem, from_gnutls(result),
		    "%s: not a certificate, and those that sign it, "
		    "in PEM: %s",
		    path, gnutls_strerror(result));
}

static int load_key(const struct problem *problem, const char *path, struct weir__tls_pair *pair)
{
	gnutls_datum_t pem = {NULL, 0};
	int error = load_file(problem, path, true, &pem), result;

	if (error)
		return error;
	result = gnutls_privkey_init(&pair->key);
	if (result >= 0)
		result = gnutls_privkey_import_x509_raw(pair->key, &pem, GNUTLS_X509_FMT_PEM, NULL,
							0);
	free_secret(&pem);
	if (result >= 0)
		return 0;
	return fail(problem, from_gnutls(result), "%s: not a key in PEM, not encrypted: %s", path,
		    gnutls_strerror(result));
}

/* What tells one key from another. */
static int identify(gnutls_pubkey_t key, unsigned char id[static 32])
{
	size_t size = 32;

	return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, &size);
}

static int check_match(const struct problem *problem, const struct weir_tls_pair *files,
		       const struct weir__tls_pair *pair)
{
	unsigned char of_certificate[32], of_key[32];
	gnutls_pubkey_t key;
	int result = gnutls_pubkey_init(&key);

	if (result < 0)
		return fail(problem, from_gnutls(result), "%s", gnutls_strerror(result));
	result = gnutls_pubkey_import_privkey(key, pair->key, 0, 0);
	if (result >= 0)
		result = identify(key, of_key);
	gnutls_pubkey_deinit(key);
	if (result >= 0)
		result = identify(pair->pubkey, of_certificate);
	if (result < 0)
		return fail(problem, from_gnutls(result), "%s: %s", files->key,
			    gnutls_strerror(result));
	if (memcmp(of_certificate, of_key, sizeof(of_key)) != 0)
		return fail(problem, -EINVAL, "%s: not the key of %s", files->key,
			    files->certificate);
	return 0;
}

static int load_pair(const struct problem *problem, const struct weir_tls_pair *files,
		     struct weir__tls_pair *pair)
{
	int error;

	if (!files->certificate || !files->key)
		return fail(problem, -EINVAL,
			    "a certificate needs its key, and a key its certificate");
	error = load_certificate(problem, files->certificate, pair);
	if (!error)
		error = load_key(problem, files->key, pair);
	return error ? error : check_match(problem, files, pair);
}

static int load_authorities(const struct problem *problem, const char *path, weir_tls *tls)
{
	gnutls_datum_t pem = {NULL, 0};
	int error, count;

	if (!path)
		return fail(problem, -EINVAL,
			    "certificates of clients are asked for: say who signs "
			    "them");
	error = load_file(problem, path, false, &pem);
	if (error)
		return error;
	count = gnutls_certificate_set_x509_trust_mem(tls->credentials, &pem, GNUTLS_X509_FMT_PEM);
	free(pem.data);
	if (count > 0)
		return 0;
	return fail(problem, count < 0 ? from_gnutls(count) : -EINVAL,
		    "%s: no certificate in PEM: %s", path, gnutls_strerror(count));
}

static int set_hsts(const struct weir_tls_options *options, weir_tls *tls)
{
	if (options->hsts <= 0)
		return 0;
	return asprintf(&tls->hsts, "max-age=%" PRId64 "%s", (int64_t)(options->hsts / WEIR_SECOND),
			options->hsts_subdomains ? "; includeSubDomains" : "") < 0
		       ? -ENOMEM
		       : 0;
}

static int load(const struct weir_tls_options *options, weir_tls *tls,
		const struct problem *problem)
{
	const char *priorities = options->priorities ? options->priorities : PRIORITIES, *at;
	size_t i;
	int error = 0, result = gnutls_certificate_allocate_credentials(&tls->credentials);

	if (result < 0)
		return fail(problem, from_gnutls(result), "%s", gnutls_strerror(result));
	gnutls_certificate_set_retrieve_function2(tls->credentials, weir__tls_choose);
	gnutls_certificate_set_verify_function(tls->credentials, weir__tls_verify);
	result = gnutls_priority_init(&tls->priorities, priorities, &at);
	/* It does not always say that memory is short; but our own string is a good one. */
	if (result == GNUTLS_E_MEMORY_ERROR || (result < 0 && !options->priorities))
		return fail(problem, -ENOMEM, "out of memory");
	if (result < 0)
		return fail(problem, -EINVAL, "not a priority string of GnuTLS, from \"%.60s\" on",
			    at ? at : priorities);
	for (i = 0; !error && i < options->pair_count; i++) {
		tls->count++; /* what is there of it is freed */
		error = load_pair(problem, &options->pairs[i], &tls->pairs[i]);
	}
	if (!error && tls->clients != WEIR_TLS_CLIENTS_NONE)
		error = load_authorities(problem, options->client_ca, tls);
	if (!error && set_hsts(options, tls))
		error = fail(problem, -ENOMEM, "out of memory");
	return error;
}

int weir_tls_load(const struct weir_tls_options *options, weir_tls **out, char *text, size_t size)
{
	const struct problem problem = {text, size};
	weir_tls *tls;
	int error;

	if (!options || options->pair_count < 1 || options->pair_count > WEIR_TLS_PAIRS_MAX ||
	    options->clients > WEIR_TLS_CLIENTS_REQUIRED || options->hsts < 0)
		return fail(&problem, -EINVAL, "1 to %d certificates, and known options",
			    WEIR_TLS_PAIRS_MAX);
	tls = calloc(1, sizeof(*tls) + options->pair_count * sizeof(tls->pairs[0]));
	if (!tls)
		return fail(&problem, -ENOMEM, "out of memory");
	atomic_init(&tls->references, 1);
	tls->clients = options->clients;
	error = load(options, tls, &problem);
	if (error)
		weir_tls_unref(tls);
	else
		*out = tls;
	return error;
}

weir_tls *weir__tls_ref(weir_tls *tls)
{
	(void)atomic_fetch_add_explicit(&tls->references, 1, memory_order_relaxed);
	return tls;
}

static void free_pair(struct weir__tls_pair *pair)
{
	unsigned i;

	for (i = 0; i < pair->length; i++)
		gnutls_pcert_deinit(&pair->chain[i]);
	if (pair->crt)
		gnutls_x509_crt_deinit(pair->crt);
	if (pair->pubkey)
		gnutls_pubkey_deinit(pair->pubkey);
	if (pair->key)
		gnutls_privkey_deinit(pair->key);
}

void weir_tls_unref(weir_tls *tls)
{
	size_t i;

	/* acq_rel: whoever frees sees what the others have done. */
	if (!tls || atomic_fetch_sub_explicit(&tls->references, 1, memory_order_acq_rel) != 1)
		return;
	for (i = 0; i < tls->count; i++)
		free_pair(&tls->pairs[i]);
	if (tls->priorities)
		gnutls_priority_deinit(tls->priorities);
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	free(tls->hsts);
	free(tls);
}
