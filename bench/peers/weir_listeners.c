/* weir_listeners.c: a running server whose listener is opened and closed; see listeners.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

#include "listeners.h"

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, "Hello, world\n", 13);
}

static int serve(weir_server *server, const char *directory)
{
	char address[LISTENERS_LINE] = "127.0.0.1:0", line[LISTENERS_LINE];
	unsigned long round;
	int result = 0;

	for (round = 0; result == 0; round++) {
		const char *url;

		if (directory)
			(void)snprintf(address, sizeof(address), "unix:%s/%lu", directory, round);
		result = weir_server_listen(server, address, WEIR_SCOPE_PUBLIC);
		if (result != 0)
			break;
		url = weir_server_url(server, 0);
		(void)printf("listening %s\n", strrchr(url, ':') + 1);
		if (fflush(stdout) != 0)
			return -1;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		result = weir_server_unlisten(server, url);
		(void)printf("closed\n");
	}
	return result;
}

int main(int argc, char **argv)
{
	weir_server *server;
	int result = weir_server_create(NULL, &server);

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		weir_server_destroy(server);
		return printf("weir %s\n", weir_version()) < 0;
	}
	if (result == 0)
		result = weir_server_route(server, "GET /", hello, NULL, NULL);
	if (result == 0)
		result = weir_server_start(server);
	if (result == 0)
		result = serve(server, argc > 1 ? argv[1] : NULL);
	if (result != 0)
		(void)fprintf(stderr, "weir_listeners: %s\n", strerror(-result));
	weir_server_destroy(server);
	return result != 0;
}
