/* weir_lame_duck.c: a server that is made, served from and stopped, again and again, as listeners.h
 * says; "closed" is said when the stop is over. Its argument is the lame-duck time in
 * milliseconds. */
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

static int serve(weir_server *server)
{
	char line[LISTENERS_LINE];
	int result = weir_server_route(server, "GET /", hello, NULL, NULL);

	if (result == 0)
		result = weir_server_start(server);
	if (result != 0)
		return result;
	(void)printf("listening %s\n", strrchr(weir_server_url(server, 0), ':') + 1);
	if (fflush(stdout) != 0 || !fgets(line, sizeof(line), stdin))
		exit(0);
	weir_server_stop(server, "bench");
	result = weir_server_wait(server, NULL);
	(void)printf("closed\n");
	return result;
}

int main(int argc, char **argv)
{
	struct weir_server_options options = {.listen = "127.0.0.1:0"};
	int result = 0;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: weir_lame_duck MILLISECONDS\n");
		return 2;
	}
	options.lame_duck = atoi(argv[1]) * WEIR_MILLISECOND;
	while (result == 0) {
		weir_server *server;

		result = weir_server_create(&options, &server);
		if (result != 0)
			break;
		result = serve(server);
		weir_server_destroy(server);
	}
	(void)fprintf(stderr, "weir_lame_duck: %s\n",
		      result < 0 ? strerror(-result) : "not a clean stop");
	return 1;
}
