/* adapters/curl_support.c: see curl_support.h. */
#include "adapters/curl_support.h"
#include "support/must.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *run_script(void *arg)
{
	struct rogue *rogue = arg;

	rogue->script(rogue);
	return NULL;
}

void rogue_start(struct rogue *rogue, void (*script)(struct rogue *rogue), void *arg)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*rogue = (struct rogue){.fd = -1, .script = script, .arg = arg};
	rogue->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(rogue->listener >= 0 &&
		     bind(rogue->listener, (struct sockaddr *)&address, size) == 0 &&
		     listen(rogue->listener, 16) == 0 &&
		     getsockname(rogue->listener, (struct sockaddr *)&address, &size) == 0,
	     "listen: %s", strerror(errno));
	(void)snprintf(rogue->url, sizeof(rogue->url), "http://127.0.0.1:%u",
		       ntohs(address.sin_port));
	must(pthread_create(&rogue->thread, NULL, run_script, rogue) == 0, "no thread");
}

void rogue_join(struct rogue *rogue)
{
	must(pthread_join(rogue->thread, NULL) == 0, "join");
	if (rogue->fd >= 0)
		rogue_close(rogue);
	(void)close(rogue->listener);
}

static void await(int fd)
{
	must(must_poll(fd, POLLIN, weir_after(MUST_PATIENCE)), "nothing has come in all that time");
}

void rogue_next(struct rogue *rogue)
{
	size_t size = 0;
	ssize_t count;

	rogue->request[0] = '\0';
	while (!strstr(rogue->request, "\r\n\r\n")) {
		await(rogue->fd);
		count = recv(rogue->fd, rogue->request + size, sizeof(rogue->request) - 1 - size,
			     0);
		must(count > 0, "the client has gone");
		size += (size_t)count;
		rogue->request[size] = '\0';
	}
}

void rogue_accept(struct rogue *rogue)
{
	await(rogue->listener);
	rogue->fd = accept4(rogue->listener, NULL, NULL, SOCK_CLOEXEC);
	must(rogue->fd >= 0, "accept: %s", strerror(errno));
	rogue_next(rogue);
}

void rogue_send(struct rogue *rogue, const char *text)
{
	const size_t size = strlen(text);

	must(send(rogue->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size, "send: %s",
	     strerror(errno));
}

void rogue_await_end(struct rogue *rogue)
{
	char rest[4096];
	ssize_t count;

	do {
		await(rogue->fd);
		count = recv(rogue->fd, rest, sizeof(rest), 0);
	} while (count > 0);
	must(count == 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
}

void rogue_close(struct rogue *rogue)
{
	(void)close(rogue->fd);
	rogue->fd = -1;
}

void rogue_reset(struct rogue *rogue)
{
	const struct linger none = {.l_onoff = 1};

	must(setsockopt(rogue->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) == 0, "linger");
	rogue_close(rogue);
}

int answer_head(void *arg, weir_curl_exchange *exchange)
{
	struct answer *answer = arg;
	const char *value = weir_curl_header(exchange, "x-test");

	answer->status = weir_curl_status(exchange);
	(void)snprintf(answer->header, sizeof(answer->header), "%s", value ? value : "");
	return 0;
}

int answer_data(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	struct answer *answer = arg;

	(void)exchange;
	must(answer->size + size < sizeof(answer->bytes), "a longer answer than was expected");
	memcpy(answer->bytes + answer->size, data, size);
	answer->size += size;
	answer->bytes[answer->size] = '\0';
	return 0;
}

int curl_get(weir_curl *client, const char *url, const char *path, struct answer *answer,
	     weir_token *token, weir_time until, struct weir_curl_result *result)
{
	char whole[256];
	const struct weir_curl_request request = {
		.url = whole, .head = answer_head, .data = answer_data, .arg = answer};

	(void)snprintf(whole, sizeof(whole), "%s%s", url, path);
	*answer = (struct answer){.size = 0};
	return weir_curl_call(client, &request, token, until, result);
}

weir_curl *curl_client(const struct weir_curl_options *options)
{
	weir_curl *client = NULL;
	int error = weir_curl_create(options, &client);

	must(error == 0, "%d", error);
	return client;
}

int rogue_get(struct rogue *rogue, weir_token *token, weir_time until,
	      struct weir_curl_result *result)
{
	weir_curl *client = curl_client(NULL);
	struct answer answer;
	int error = curl_get(client, rogue->url, "/", &answer, token, until, result);

	weir_curl_destroy(client);
	return error;
}

static int note_field(void *arg, const char *name, const char *value)
{
	char *text = arg;
	const size_t size = strlen(text);

	(void)snprintf(text + size, 4096 - size, "%s: %s\n", name, value);
	return 0;
}

int curl_mirror(weir_request *request, weir_response *response, weir_token *token)
{
	char text[4096] = "";
	const void *body;
	size_t size;

	(void)token;
	(void)weir_request_each_header(request, note_field, text);
	must(weir_request_body(request, &body, &size) == 0, "no body");
	must(weir_response_header(response, "X-Test", "  yes, it is\t") == 0, "no field");
	return weir_response_printf(response, "%s %s\n%s\n%.*s", weir_request_method(request),
				    weir_request_target(request), text, (int)size,
				    (const char *)body);
}
