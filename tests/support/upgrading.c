/* support/upgrading.c: see upgrading.h. */
#include "support/upgrading.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <weir/io.h>

#include "support/must.h"

static void drop(void *arg)
{
	struct upgrading *upgrading = arg;

	atomic_fetch_add(&upgrading->drops, 1);
}

int handle_upgrade(weir_request *request, weir_response *response, weir_token *token)
{
	struct upgrading *upgrading = weir_request_context(request);
	const struct weir_upgrade_options options = {
		.protocol = "test", .run = upgrading->run, .drop = drop, .arg = upgrading};
	int rc = upgrading->before ? gate_pass(upgrading->before) : 0;

	(void)token;
	if (rc == 0)
		rc = weir_response_header(response, "X-Test", "yes");
	if (rc == 0)
		rc = weir_response_upgrade(response, &options);
	atomic_store(&upgrading->result, rc);
	return rc;
}

static int send_all(weir_upgraded *connection, const char *data, size_t size)
{
	ssize_t n = weir_write(NULL, weir_upgraded_fd(connection), data, size,
			       weir_after(MUST_PATIENCE), NULL);

	if (n < 0)
		return (int)n;
	weir_upgraded_count(connection, 0, size);
	return 0;
}

void upgrade_echo(weir_upgraded *connection, void *arg)
{
	struct upgrading *upgrading = arg;
	weir_token *token = weir_upgraded_token(connection);
	size_t size;
	const char *early = weir_upgraded_early(connection, &size);
	int error = send_all(connection, early, size);
	char buffer[4096];
	ssize_t got = 0;

	atomic_fetch_add(&upgrading->ran, 1);
	weir_upgraded_note(connection, "echoing");
	while (!error) {
		got = weir_read(token, weir_upgraded_fd(connection), buffer, sizeof(buffer),
				weir_after(MUST_PATIENCE));
		if (got <= 0)
			break;
		weir_upgraded_count(connection, (uint64_t)got, 0);
		error = send_all(connection, buffer, (size_t)got);
	}
	atomic_store(&upgrading->reason, weir_token_reason(token));
	if (got == -ECANCELED)
		(void)send_all(connection, "bye", 3);
	weir_upgraded_close(connection);
}

void upgrade_keep(weir_upgraded *connection, void *arg)
{
	struct upgrading *upgrading = arg;

	atomic_fetch_add(&upgrading->ran, 1);
	atomic_store(&upgrading->kept, connection);
	if (upgrading->gate)
		gate_announce(upgrading->gate);
}

void client_ask_upgrade(struct client *client, const char *target, const char *early)
{
	client_printf(client,
		      "GET %s HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\n"
		      "Upgrade: other/2, Test\r\n\r\n%s",
		      target, early);
}

static const char *find(const struct client *client, const char *text)
{
	return memmem(client->input, client->input_size, text, strlen(text));
}

void client_upgrade(struct client *client, const char *target, const char *early)
{
	const char *end;

	client_ask_upgrade(client, target, early);
	client_await_text(client, "\r\n\r\n");
	must(find(client, "HTTP/1.1 101 Switching Protocols\r\n") == client->input,
	     "the answer is %.*s", (int)client->input_size, client->input);
	end = find(client, "\r\n\r\n");
	client_take(client, (size_t)(end + 4 - client->input));
}

void client_echo(struct client *client, const char *text)
{
	client_send_text(client, text);
	client_await_text(client, text);
	client_take(client, strlen(text));
}
