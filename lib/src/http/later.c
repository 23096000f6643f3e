/* later.c: see later.h. */
#include "http/later.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/check.h"
#include "http/exchange.h"

static void unref(weir_later *later)
{
	if (atomic_fetch_sub_explicit(&later->references, 1, memory_order_acq_rel) != 1)
		return;
	weir_token_unref(later->token);
	free(later->type);
	free(later->data);
	(void)pthread_mutex_destroy(&later->lock);
	free(later);
}

/* Whether this response can be left for later: an inline route's, with a client. */
static int may_wait(const weir_request *request)
{
	if (!request->conn || request->route->options.run != WEIR_RUN_INLINE)
		return -ENOTSUP;
	return request->later || request->awaits_report ? -EALREADY : 0;
}

int weir_response_later(weir_response *response, weir_later **out)
{
	weir_request *request = response->request;
	weir_later *later;
	int error = may_wait(request);

	if (error)
		return error;
	later = calloc(1, sizeof(*later));
	if (!later)
		return -ENOMEM;
	error = -pthread_mutex_init(&later->lock, NULL);
	if (error) {
		free(later);
		return error;
	}
	atomic_init(&later->references, 2);
	later->token = weir_token_ref(&request->token);
	later->request = request;
	request->later = later;
	*out = later;
	return 0;
}

int weir_response_drain_report(weir_response *response)
{
	weir_request *request = response->request;
	int error = may_wait(request);

	if (!error && request->scope != WEIR_SCOPE_ADMIN)
		error = -ENOTSUP;
	if (!error)
		request->awaits_report = true;
	return error;
}

weir_token *weir_later_token(weir_later *later)
{
	return later->token;
}

/* 0 or -ENOMEM, with nothing of it kept. */
static int keep(weir_later *later, const char *type, const void *data, size_t size)
{
	later->type = type ? strdup(type) : NULL;
	later->data = size > 0 ? malloc(size) : NULL;
	if ((type && !later->type) || (size > 0 && !later->data)) {
		free(later->type);
		free(later->data);
		later->type = later->data = NULL;
		return -ENOMEM;
	}
	if (size > 0)
		memcpy(later->data, data, size);
	later->size = size;
	return 0;
}

int weir_later_answer(weir_later *later, int status, const char *type, const void *data,
		      size_t size)
{
	int error = 0;

	if (status < 200 || status > 599 || (type && !weir__is_field_value(type)))
		error = -EINVAL;
	(void)pthread_mutex_lock(&later->lock);
	if (!later->request) {
		error = -ECANCELED;
	} else {
		if (!error)
			error = keep(later, type, data, size);
		later->status = error ? 500 : status;
		later->said = true;
		/* Its own reference, for the report. */
		(void)weir_token_ref(&later->request->token);
		weir__acceptor_report(later->request, WEIR__REPORT_LATER);
	}
	(void)pthread_mutex_unlock(&later->lock);
	unref(later);
	return error;
}

/* At the end of a stop nothing waits for this connection: the report goes out last. */
static void wait_apart(const weir_request *request)
{
	struct weir__acceptor *acceptor = request->acceptor;
	struct weir__conn *conn = request->conn;

	if (!acceptor->finishing)
		return;
	if (conn->asked_stop)
		acceptor->askers--;
	else if (!conn->idle_end)
		acceptor->unfinished--;
	conn->asked_stop = false;
	conn->idle_end = true;
}

bool weir__later_park(weir_request *request)
{
	if (request->result == 0 && (request->later || request->awaits_report)) {
		if (request->awaits_report)
			wait_apart(request);
		return true;
	}
	weir__later_detach(request);
	request->awaits_report = false;
	return false;
}

/* What was said, into the request's response. 0 or -errno. */
static int fill(weir_request *request)
{
	weir_response *response = &request->response;
	weir_later *later = request->later;
	int error = 0;

	(void)pthread_mutex_lock(&later->lock);
	weir__response_reset(response);
	response->status = later->status;
	if (later->type)
		error = weir_response_header(response, "Content-Type", later->type);
	if (!error)
		error = weir_response_body(response, later->data, later->size);
	(void)pthread_mutex_unlock(&later->lock);
	return error ? error : weir__reply_make(response);
}

void weir__later_deliver(weir_request *request)
{
	if (!request->later || !request->conn || request->stage != WEIR__DISPATCHED)
		return;
	request->result = fill(request);
	weir__later_detach(request);
	weir__answer_result(request);
}

void weir__later_detach(weir_request *request)
{
	weir_later *later = request->later;

	if (!later)
		return;
	request->later = NULL;
	(void)pthread_mutex_lock(&later->lock);
	later->request = NULL;
	(void)pthread_mutex_unlock(&later->lock);
	unref(later);
}
