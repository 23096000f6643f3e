/* tls.c: see tls.h. */
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool tls_address(const char *address, const char **rest)
{
	bool tls = strncmp(address, TLS_PREFIX, sizeof TLS_PREFIX - 1) == 0;
	*rest = tls ? address + sizeof TLS_PREFIX - 1 : address;
	return tls;
}

/* An address that needs a certificate; NULL: none does. */
static const char *needs_certificate(const struct serve_config *config)
{
	const char *rest;
	for (size_t i = 0; i < config->listen_count; i++) {
		if (tls_address(config->listen[i], &rest))
			return config->listen[i];
	}
	return config->admin != NULL && tls_address(config->admin, &rest) ? config->admin : NULL;
}

static int check_words(const struct serve_config *config, const char *command, char line[COMPLAIN_SIZE])
{
	const char *address = needs_certificate(config);
	if (config->tls_cert_count != config->tls_key_count)
		(void)snprintf(line, COMPLAIN_SIZE,
			       "%s: %zu certificates and %zu keys: each --tls-cert needs a "
			       "--tls-key, in the same order",
			       command, config->tls_cert_count, config->tls_key_count);
	else if (config->tls_cert_count == 0 && address != NULL)
		(void)snprintf(line, COMPLAIN_SIZE,
			       "%s: %.200s needs a certificate: add --tls-cert and --tls-key, or "
			       "tls.certificates",
			       command, address);
	else if (config->tls_client_ca == NULL && config->tls_clients != WEIR_TLS_CLIENTS_NONE)
		(void)snprintf(line, COMPLAIN_SIZE,
			       "%s: certificates of clients are asked for: say who signs them "
			       "with --tls-client-ca, or tls.client_ca",
			       command);
	else
		return 0;
	return -EINVAL;
}

int tls_load(const struct serve_config *config, const char *command, weir_tls **out,
	     char line[COMPLAIN_SIZE])
{
	*out = NULL;
	int error = check_words(config, command, line);
	if (error != 0 || config->tls_cert_count == 0)
		return error;
	struct weir_tls_pair pairs[SERVE_TLS_MAX];
	for (size_t i = 0; i < config->tls_cert_count; i++)
		pairs[i] = (struct weir_tls_pair){config->tls_certs[i], config->tls_keys[i]};
	const struct weir_tls_options options = {
		.pairs = pairs,
		.pair_count = config->tls_cert_count,
		.clients = config->tls_client_ca != NULL && !config->tls_clients_given
				   ? WEIR_TLS_CLIENTS_REQUIRED
				   : config->tls_clients,
		.client_ca = config->tls_client_ca,
		.hsts = config->hsts,
	};
	char problem[COMPLAIN_SIZE / 2] = "";
	error = weir_tls_load(&options, out, problem, sizeof problem);
	if (error != 0)
		(void)snprintf(line, COMPLAIN_SIZE, "%s: TLS: %s", command, problem);
	return error;
}
