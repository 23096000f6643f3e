/* tls.c: what a server shows of itself to clients that speak TLS: exchanged at any time.
 *
 * Lock: that of the slot; nothing is taken under it. Who has a reference keeps what it got, so an
 * exchange waits for nobody.
 */
#include <weir/tls.h>

#include "http/request.h"
#include "http/tls.h"
#include "server/server_private.h"

int weir__tls_slot_init(struct weir__tls_slot *slot)
{
	slot->tls = NULL;
	return -pthread_mutex_init(&slot->lock, NULL);
}

void weir__tls_slot_fini(struct weir__tls_slot *slot)
{
	weir_tls_unref(slot->tls);
	(void)pthread_mutex_destroy(&slot->lock);
}

weir_tls *weir__tls_slot_get(struct weir__tls_slot *slot)
{
	weir_tls *tls;

	(void)pthread_mutex_lock(&slot->lock);
	tls = slot->tls ? weir__tls_ref(slot->tls) : NULL;
	(void)pthread_mutex_unlock(&slot->lock);
	return tls;
}

void weir_server_set_tls(weir_server *server, weir_tls *tls)
{
	weir_tls *before;

	if (!tls)
		return;
	(void)weir__tls_ref(tls);
	(void)pthread_mutex_lock(&server->tls.lock);
	before = server->tls.tls;
	server->tls.tls = tls;
	(void)pthread_mutex_unlock(&server->tls.lock);
	weir_tls_unref(before);
}

bool weir_request_is_tls(const weir_request *request)
{
	return request->is_tls;
}

const char *weir_request_client_subject(const weir_request *request)
{
	return request->client_subject;
}
