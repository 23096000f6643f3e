/* reply.c: a response as libmicrohttpd's, and as bytes. */
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/acceptor.h"
#include "http/conditional.h"
#include "http/exchange.h"
#include "http/request.h"
#include "http/response.h"
#include "http/upgrade.h"

#define HSTS "Strict-Transport-Security"

/* NULL: none, or the handler has said it. */
static const char *hsts_of(const weir_response *response)
{
	return weir__response_field(response, HSTS) ? NULL : response->request->hsts;
}

static struct MHD_Response *from_memory(weir_response *response)
{
	void *data = (void *)response->data;
	struct MHD_Response *mhd;

	if (!response->release)
		return MHD_create_response_from_buffer(response->size, data,
						       MHD_RESPMEM_PERSISTENT);
	mhd = MHD_create_response_from_buffer_with_free_callback(response->size, data,
								 response->release);
	if (mhd)
		response->release = NULL; /* libmicrohttpd's now */
	return mhd;
}

static struct MHD_Response *from_file(weir_response *response)
{
	struct MHD_Response *mhd;

	if (response->length == 0) /* a descriptor response may not be empty */
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	mhd = MHD_create_response_from_fd_at_offset64(response->length, response->fd,
						      response->offset);
	if (mhd)
		response->fd = -1; /* libmicrohttpd's now */
	return mhd;
}

static struct MHD_Response *from_stream(weir_response *response)
{
	uint64_t size =
		response->stream_length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)response->stream_length;

	struct MHD_Response *mhd = MHD_create_response_from_callback(
		size, 16384, weir__exchange_read_stream, response->request, NULL);

	/* To HEAD 0.9.75 would send the last chunk of a chunked body that is not there; without
	 * chunks, the end of the connection ends what has no length. */
	if (mhd && response->request->head && size == MHD_SIZE_UNKNOWN)
		(void)MHD_set_response_options(mhd, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return mhd;
}

int weir__reply_make(weir_response *response)
{
	const struct weir__response_field *field;
	struct MHD_Response *mhd = NULL;
	const char *hsts;

	switch (response->kind) {
	case WEIR__BODY_MEMORY:
		mhd = from_memory(response);
		break;
	case WEIR__BODY_FILE:
		mhd = from_file(response);
		break;
	case WEIR__BODY_STREAM:
		mhd = from_stream(response);
		break;
	case WEIR__BODY_UPGRADE:
		mhd = weir__upgrade_response(response->request);
		break;
	}
	if (!mhd)
		return -ENOMEM;
	for (field = response->fields; field; field = field->next)
		/* An empty value is refused there; white space is none (RFC 9110, 5.5). */
		if (MHD_add_response_header(mhd, field->name, *field->value ? field->value : " ") ==
		    MHD_NO) {
			MHD_destroy_response(mhd);
			return -ENOMEM;
		}
	hsts = hsts_of(response);
	if (hsts && MHD_add_response_header(mhd, HSTS, hsts) == MHD_NO) {
		MHD_destroy_response(mhd);
		return -ENOMEM;
	}
	/* Said aloud: who was refused shall come back on this connection, not on a new one. Only
	 * where it can be: one whose body was not read to its end is closed. */
	if (response->request->job.refusal && response->request->complete)
		(void)MHD_set_response_options(mhd, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END);
	response->mhd = mhd;
	return 0;
}

void weir__reply_drop(weir_response *response)
{
	if (response->mhd)
		MHD_destroy_response(response->mhd);
	response->mhd = NULL;
}

void weir__reply_print(const weir_response *response, bool head, struct weir__text *out)
{
	/* These have no body, and thus no length (RFC 9110, 8.6). */
	bool bare = response->status == 204 || response->status == 304;
	const struct weir__response_field *field;
	const char *hsts = hsts_of(response);
	char date[32];

	weir__date_print((int64_t)time(NULL), date, sizeof(date));
	weir__text_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\n",
			  response->status, MHD_get_reason_phrase_for((unsigned)response->status),
			  date);
	for (field = response->fields; field; field = field->next)
		weir__text_printf(out, "%s: %s\r\n", field->name, field->value);
	if (hsts)
		weir__text_printf(out, HSTS ": %s\r\n", hsts);
	if (!bare)
		weir__text_printf(out, "Content-Length: %zu\r\n", response->size);
	weir__text_append(out, "\r\n", 2);
	if (!head && !bare)
		weir__text_append(out, response->data, response->size);
}
