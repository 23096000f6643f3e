/* hostile.c: what hostile clients do.
 *
 * Each leaves no doubt about what the server has begun to answer: it goes either before its request
 * is whole, or after it has seen the header of the answer, or it reads to the end. So the accounts
 * stay exact.
 */
#include <string.h>

#include "support/must.h"
#include "visitor.h"

static void connect_and_go(struct soak_visitor *visitor)
{
	if (visitor_connect(visitor))
		visitor_leave(visitor, soak_below(&visitor->random, 2) == 0);
}

/* Half a request; then it goes, or waits until the server has lost its patience. */
static void half_request(struct soak_visitor *visitor)
{
	static const char text[] = "GET /files/hello HTTP/1.1\r\nHost: soak\r\nX-Half: yes\r\n";
	size_t size = 1 + soak_below(&visitor->random, sizeof(text) - 2);

	if (!visitor_connect(visitor))
		return;
	(void)visitor_send(visitor, text, size);
	if (soak_below(&visitor->random, 8) == 0)
		(void)client_await_end(&visitor->client);
	visitor_leave(visitor, soak_below(&visitor->random, 2) == 0);
}

/* A byte now and then. */
static void slow_request(struct soak_visitor *visitor)
{
	static const char text[] = "GET /files/hello HTTP/1.1\r\nHost: soak\r\nX: ";
	size_t size = 1 + soak_below(&visitor->random, 40);

	if (!visitor_connect(visitor))
		return;
	(void)client_trickle(&visitor->client, text, size, 20 * WEIR_MILLISECOND);
	visitor_leave(visitor, soak_below(&visitor->random, 2) == 0);
}

/* libmicrohttpd answers these, or just closes. */
static void garbage(struct soak_visitor *visitor)
{
	static const char *const texts[] = {
		"garbage\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: soak\r\nContent-Length: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: soak\r\nbad field\r\n\r\n",
		"\x16\x03\x01\x02\x01\x01\x01\x01\xfc\x03\x03",
	};
	const char *text = texts[soak_below(&visitor->random, sizeof(texts) / sizeof(texts[0]))];

	if (!visitor_connect(visitor))
		return;
	(void)visitor_send(visitor, text, strlen(text));
	client_half_close(&visitor->client);
	(void)visitor_head(visitor, true);
	(void)client_await_end(&visitor->client);
	visitor_leave(visitor, false);
}

/* Weir refuses these, whichever libmicrohttpd it runs on. */
static void bad_request(struct soak_visitor *visitor)
{
	static const char *const texts[] = {
		"GET /files/hello HTTP/1.1\r\nHost: so/ak\r\nConnection: close\r\n\r\n",
		"GET /files/%00 HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n",
		"BREW /count HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n",
		"GET /files/../../etc/passwd HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n",
		"POST /count HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000000\r\n\r\n",
		"POST /notes HTTP/1.1\r\nHost: soak\r\nContent-Length: 2\r\nConnection: "
		"close\r\n\r\n{]",
	};
	const char *text = texts[soak_below(&visitor->random, sizeof(texts) / sizeof(texts[0]))];
	int status;

	if (!visitor_connect(visitor))
		return;
	(void)visitor_send(visitor, text, strlen(text));
	status = visitor_head(visitor, false);
	if (status != 0 && status < 400)
		visitor_count(&visitor->soak->tally.wrong);
	(void)client_await_end(&visitor->client);
	visitor_leave(visitor, false);
}

/* Goes in the middle of a long answer; some read slowly before. */
static void leave_download(struct soak_visitor *visitor)
{
	static const char text[] = "GET /files/big HTTP/1.1\r\nHost: soak\r\n\r\n";
	unsigned pieces = soak_below(&visitor->random, 20);

	if (!visitor_connect(visitor))
		return;
	(void)visitor_send(visitor, text, sizeof(text) - 1);
	if (visitor_head(visitor, false) == 0)
		visitor_unheard(visitor);
	else
		while (pieces-- > 0 && client_fill(&visitor->client))
			client_take(&visitor->client, visitor->client.input_size);
	visitor_leave(visitor, soak_below(&visitor->random, 2) == 0);
}

/* Says to the TLS listener what is no TLS; reads what it is told, if anything. */
static void no_handshake(struct soak_visitor *visitor)
{
	static const char text[] = "GET /files/hello HTTP/1.1\r\nHost: soak\r\n\r\n";
	char plain[64], tls[64];

	(void)soak_address(visitor->soak, plain, tls);
	if (*tls == '\0')
		return;
	/* From https to http. */
	memmove(tls + 4, tls + 5, strlen(tls + 5) + 1);
	visitor->open = client_try_open(&visitor->client, tls) == 0;
	if (!visitor->open)
		return;
	(void)visitor_send(visitor, text, 1 + soak_below(&visitor->random, sizeof(text) - 1));
	if (soak_below(&visitor->random, 4) == 0)
		(void)client_await_end(&visitor->client);
	visitor_leave(visitor, soak_below(&visitor->random, 2) == 0);
}

/* Promises more than it sends; reads what it is told. */
static void half_upload(struct soak_visitor *visitor)
{
	static const char text[] =
		"PUT /files/half HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000\r\n\r\nhalf";

	if (!visitor_connect(visitor))
		return;
	(void)visitor_send(visitor, text, sizeof(text) - 1);
	if (soak_below(&visitor->random, 2) == 0)
		client_half_close(&visitor->client);
	(void)visitor_head(visitor, false);
	(void)client_await_end(&visitor->client);
	visitor_leave(visitor, false);
}

void soak_visit_hostile(struct soak_visitor *visitor)
{
	static void (*const kinds[])(struct soak_visitor *) = {
		connect_and_go, half_request,   slow_request, garbage,
		bad_request,    leave_download, half_upload,  no_handshake,
	};

	visitor_count(&visitor->soak->tally.hostile);
	visitor_leave(visitor, false);
	kinds[soak_below(&visitor->random, sizeof(kinds) / sizeof(kinds[0]))](visitor);
}
