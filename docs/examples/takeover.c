/* takeover.c: a connection that leaves HTTP and becomes a protocol of one's own.
 *
 *	takeover [ADDRESS]
 *
 * After "GET /shout" with "Upgrade: shout" each line comes back in capitals. When the server stops
 * it says goodbye and waits for the client's end, as long as the stop lets it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/weir.h>

#define PATIENCE (60 * WEIR_SECOND) /* with a client that says nothing, or takes nothing */

static int shout(weir_upgraded *connection, char *text, size_t size)
{
	int fd = weir_upgraded_fd(connection);
	weir_token *token = weir_upgraded_token(connection);
	ssize_t sent;
	size_t i;

	for (i = 0; i < size; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	sent = weir_write(token, fd, text, size, weir_after(PATIENCE), NULL);
	if (sent < 0)
		return (int)sent;
	weir_upgraded_count(connection, size, size);
	return 0;
}

/* The drain token has tripped: the client is told, and its end is awaited. If it does not come,
 * the stop cuts the connection, which is an end as well. */
static void say_goodbye(weir_upgraded *connection)
{
	static const char bye[] = "BYE\n";
	int fd = weir_upgraded_fd(connection);
	char waste[4096];

	weir_upgraded_note(connection, "saying goodbye");
	if (weir_write(NULL, fd, bye, sizeof(bye) - 1, weir_after(PATIENCE), NULL) < 0 ||
	    shutdown(fd, SHUT_WR) != 0)
		return;
	while (weir_read(NULL, fd, waste, sizeof(waste), weir_after(PATIENCE)) > 0)
		continue;
}

/* On a worker, which this connection has for as long as it lasts. */
static void serve_shouting(weir_upgraded *connection, void *arg)
{
	weir_token *token = weir_upgraded_token(connection);
	char text[4096];
	size_t early;
	const char *first = weir_upgraded_early(connection, &early);
	ssize_t got = 0;
	int error = 0;

	(void)arg;
	weir_upgraded_note(connection, "shouting");
	while (early > 0 && !error) { /* before anything is read from the socket */
		size_t size = early < sizeof(text) ? early : sizeof(text);

		memcpy(text, first, size);
		error = shout(connection, text, size);
		first += size;
		early -= size;
	}
	while (!error) {
		got = weir_read(token, weir_upgraded_fd(connection), text, sizeof(text),
				weir_after(PATIENCE));
		if (got <= 0)
			break;
		error = shout(connection, text, (size_t)got);
	}
	if (weir_token_check(token))
		say_goodbye(connection);
	weir_upgraded_close(connection);
}

static int get_shout(weir_request *request, weir_response *response, weir_token *token)
{
	const struct weir_upgrade_options options = {.protocol = "shout", .run = serve_shouting};

	(void)request;
	(void)token;
	return weir_response_upgrade(response, &options);
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result)
		goto tell;
	result = weir_server_route(server, "GET /shout", get_shout, NULL, NULL);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);

tell:
	if (result < 0)
		fprintf(stderr, "takeover: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
