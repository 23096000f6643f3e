/* tls_none.c: tls.h in a build without GnuTLS: nothing can be loaded, so there are no sessions. */
#include "http/tls.h"

#include <errno.h>
#include <stdio.h>

int weir_tls_load(const struct weir_tls_options *options, weir_tls **out, char *problem,
		  size_t size)
{
	(void)options;
	(void)out;
	if (problem)
		(void)snprintf(problem, size, "built without TLS");
	return -ENOTSUP;
}

void weir_tls_unref(weir_tls *tls)
{
	(void)tls;
}

weir_tls *weir__tls_ref(weir_tls *tls)
{
	return tls;
}

int weir__tls_begin(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	(void)acceptor;
	(void)conn;
	return -ENOTSUP;
}

bool weir__tls_end(struct weir__tls *tls)
{
	(void)tls;
	return false;
}

bool weir__tls_is_fresh(const struct weir__tls *tls, weir_time since)
{
	(void)tls;
	(void)since;
	return false;
}

bool weir__tls_has_unread(const struct weir__tls *tls)
{
	(void)tls;
	return false;
}

void weir__tls_bye(struct weir__tls *tls)
{
	(void)tls;
}

bool weir__tls_send(struct weir__tls *tls, const void *data, size_t size)
{
	(void)tls;
	(void)data;
	(void)size;
	return false;
}

int weir__tls_seal(struct weir__tls *tls, struct weir__text *out)
{
	(void)tls;
	(void)out;
	return -ENOTSUP;
}

const char *weir__tls_hsts(const struct weir__tls *tls, struct weir__arena *arena)
{
	(void)tls;
	(void)arena;
	return NULL;
}

const char *weir__tls_subject(const struct weir__tls *tls, struct weir__arena *arena)
{
	(void)tls;
	(void)arena;
	return NULL;
}
