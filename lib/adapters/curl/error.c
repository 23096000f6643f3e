/* error.c: how a transfer has ended, as an errno and in words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

static const struct meaning {
	CURLcode curl;
	int code;
} meanings[] = {
	{CURLE_URL_MALFORMAT, -EINVAL},
	{CURLE_COULDNT_RESOLVE_HOST, -ENOENT},
	{CURLE_COULDNT_CONNECT, -ECONNREFUSED},
	{CURLE_WEIRD_SERVER_REPLY, -EPROTO},
	{CURLE_PARTIAL_FILE, -ECONNRESET},
	{CURLE_OUT_OF_MEMORY, -ENOMEM},
	{CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT},
	{CURLE_SSL_CONNECT_ERROR, -EPROTO},
	{CURLE_GOT_NOTHING, -ECONNRESET},
	{CURLE_SEND_ERROR, -ECONNRESET},
	{CURLE_RECV_ERROR, -ECONNRESET},
	{CURLE_SEND_FAIL_REWIND, -ECONNRESET},
	{CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED},
	{CURLE_SSL_CACERT_BADFILE, -EKEYREJECTED},
	{CURLE_UNSUPPORTED_PROTOCOL, -EPROTO},
	{CURLE_HTTP2, -EPROTO},
};

static int meaning_of(CURLcode code)
{
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].curl == code)
			return meanings[i].code;
	return -EIO;
}

/* What the system has said to connect(2), if it is more than "refused". */
static int connect_error(const weir_curl_exchange *exchange)
{
	long number = 0;

	if (curl_easy_getinfo(exchange->handle->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
	    (number == EHOSTUNREACH || number == ENETUNREACH || number == EMFILE ||
	     number == ENFILE || number == ETIMEDOUT))
		return (int)-number;
	return -ECONNREFUSED;
}

int weir__curl_say(weir_curl_exchange *exchange, int code, const char *text)
{
	(void)snprintf(exchange->result.error, sizeof(exchange->result.error), "%.*s",
		       (int)strcspn(text, "\r\n"), text);
	return code;
}

int weir__curl_outcome(weir_curl_exchange *exchange, CURLcode code)
{
	if (code == CURLE_OK)
		return 0;
	(void)weir__curl_say(exchange, 0,
			     exchange->words[0] ? exchange->words : curl_easy_strerror(code));
	return code == CURLE_COULDNT_CONNECT ? connect_error(exchange) : meaning_of(code);
}
