/* call.c: a handler that asks another service, and passes on what it says while it says it.
 *
 *	call [ADDRESS] [UPSTREAM]        curl http://127.0.0.1:8080/weather/oslo
 *
 * UPSTREAM is the URL that "/weather/" and the rest are asked of; without it the program asks a
 * route of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/curl.h>
#include <weir/weir.h>

struct service {
	weir_curl *client;
	const char *url; /* NULL: this server */
};

/* The answer of the other service has begun: what it is, and how long. */
static int begin(void *arg, weir_curl_exchange *exchange)
{
	weir_response *response = arg;
	const char *type = weir_curl_header(exchange, "Content-Type");
	int error = 0;

	if (weir_curl_status(exchange) != 200)
		return weir_curl_status(exchange) == 504 ? -ETIMEDOUT : -EBADMSG;
	if (type)
		error = weir_response_header(response, "Content-Type", type);
	return error ? error : weir_response_stream(response, weir_curl_length(exchange));
}

/* A piece of it. While the client does not take it, this blocks, and nothing more is read. */
static int pass_on(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	(void)exchange;
	return weir_response_write(arg, data, size);
}

static int weather(weir_request *request, weir_response *response, weir_token *token)
{
	const struct service *service = weir_request_context(request);
	const char *base =
		service->url ? service->url : weir_server_url(weir_request_server(request), 0);
	struct weir_curl_request call = {.head = begin, .data = pass_on, .arg = response};
	struct weir_curl_result result;
	int error;

	call.url = weir_request_printf(request, "%s/now%s", base, weir_request_target(request));
	if (!call.url)
		return -ENOMEM;
	error = weir_curl_call(service->client, &call, token, weir_after(2 * WEIR_SECOND), &result);
	if (error == 0 || error == -ECANCELED || result.received > 0)
		return error; /* -ECANCELED: the library knows why, and answers */
	return weir_response_error(response, error == -ETIMEDOUT ? 504 : 502, "no weather today");
}

/* The other service, for those who have none: the weather of some places takes long to see. */
static int look_outside(weir_request *request, weir_response *response, weir_token *token)
{
	const char *city = weir_request_param(request, "city");

	if (strcmp(city, "atlantis") == 0)
		return weir_response_error(response, 404, "it is under water");
	if (strcmp(city, "thule") == 0)
		return weir_sleep(token, WEIR_NEVER); /* until its own deadline, or its client's */
	return weir_response_printf(response, "fine in %s\n", city);
}

static int serve(weir_server *server, struct service *service)
{
	static const struct weir_route_options bounded = {.deadline = WEIR_SECOND};
	int error = weir_server_route(server, "GET /weather/{city}", weather, service, &bounded);

	if (!error)
		error = weir_server_route(server, "GET /now/weather/{city}", look_outside, NULL,
					  NULL);
	return error ? error : weir_server_run(server, NULL);
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
		.deadline_header = "X-Request-Timeout",
	};
	struct service service = {.url = argc > 2 ? argv[2] : NULL};
	weir_server *server;
	int result = weir_curl_create(NULL, &service.client);

	if (!result)
		result = weir_server_create(&options, &server);
	if (result) {
		fprintf(stderr, "call: %s\n", strerror(-result));
		return 2;
	}
	result = serve(server, &service);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	weir_curl_destroy(service.client); /* no handler uses it any more */
	return result < 0 ? 2 : result;
}
