/* faults/load_files.c: the server without a configuration file; see load.h. */
#include "faults/exchange.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool start(struct subject *subject, struct load *load)
{
	static const char *const options[] = {
		"--debug-routes",  "--grace", "100ms", "--workers", "4",
		"--drain-timeout", "5s",      NULL};
	char *data = pattern(BIG_SIZE);

	*load = (struct load){.subject = subject};
	scratch_write(&subject->scratch, "root/file", data, FILE_SIZE);
	scratch_write(&subject->scratch, "root/big", data, BIG_SIZE);
	free(data);
	return subject_start(subject, options);
}

/* A GET whose answer is due to be `status`, with this part of the pattern if it is known. */
static void get(struct load *load, struct client *client, const char *target, const char *fields,
		int status, size_t from, size_t size)
{
	exchange_get(load, client, load->subject->url, target, fields, status, from, size);
}

static void downloads(struct load *load)
{
	struct client client = {.fd = -1};

	get(load, &client, "/file", "", 200, 0, FILE_SIZE);
	get(load, &client, "/file", "Range: bytes=100-299\r\n", 206, 100, 200);
	get(load, &client, "/file", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", 304, 0,
	    0);
	get(load, &client, "/", "Accept: text/html\r\n", 200, 0, 0);
	get(load, &client, "/nothing", "", 404, 0, 0);
	get(load, &client, "/debug/sleep?ms=1", "", 200, 0, 0);
	exchange_finish(&client);
}

static void upload(struct load *load, struct client *client, unsigned number)
{
	char *data = pattern(UPLOAD_SIZE), request[32];
	struct reply reply;

	(void)snprintf(request, sizeof request, "PUT /up%u", number);
	load->stored[number] = exchange_send(load, client, load->subject->url, request, data,
					     UPLOAD_SIZE, 201, 204, &reply);
	reply_free(&reply);
	free(data);
}

static void uploads(struct load *load)
{
	struct client client = {.fd = -1};

	for (unsigned i = 0; i < LOAD_UPLOADS; i++)
		upload(load, &client, i);
	exchange_finish(&client);
}

static void streams(struct load *load)
{
	struct client client = {.fd = -1};
	char *data = pattern(FILE_SIZE);
	struct reply reply;

	get(load, &client, "/debug/stream?ms=6&every=2", "", 200, 0, 0);
	if (exchange_send(load, &client, load->subject->url, "POST /debug/echo", data, 9, 200, 200,
			  &reply))
		must(reply.body_size == 9 && is_pattern(reply.body, 9, 0), "another echo");
	reply_free(&reply);
	free(data);
	exchange_finish(&client);
}

/* Clients that go in the middle: of an answer, of a body, of a wait, of a header. */
static void go(struct load *load, const char *request, bool reset)
{
	struct client client;

	if (client_try_open(&client, load->subject->url) != 0)
		return;
	if (client_send_up_to(&client, request, strlen(request)) == strlen(request) &&
	    strstr(request, "/big") != NULL)
		(void)client_fill(&client);
	if (reset)
		client_reset(&client);
	else
		client_close(&client);
}

static void leavers(struct load *load)
{
	go(load, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
	go(load, "PUT /gone HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\nab", false);
	go(load, "GET /debug/sleep?ms=20000 HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
	go(load, "GET /file HT", false);
}

static void run(struct load *load)
{
	downloads(load);
	uploads(load);
	streams(load);
	leavers(load);
}

static int stop(struct load *load, struct subject *subject)
{
	static const char *const requests[] = {
		"GET /debug/stream?ms=60000&every=5 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\nab",
		"GET /debug/sleep?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"",
	};
	enum { COUNT = sizeof requests / sizeof *requests };
	struct client clients[COUNT];
	struct reply reply;

	for (int i = 0; i < COUNT; i++) {
		if (client_try_open(&clients[i], load->subject->url) != 0)
			clients[i].fd = -1;
		else
			(void)client_send_up_to(&clients[i], requests[i], strlen(requests[i]));
	}
	if (clients[0].fd >= 0)
		(void)client_fill(&clients[0]); /* the stream has begun, or has failed */
	load_sigterm(load, subject);
	for (int i = 0; i < COUNT; i++) {
		if (clients[i].fd < 0)
			continue;
		client_receive(&clients[i], &reply);
		must(i != 1 || reply.status == 0 || reply.status >= 400,
		     "half an upload was answered %d", reply.status);
		reply_free(&reply);
		client_close(&clients[i]);
	}
	return subject_wait(subject);
}

const struct load_kind load_files = {
	.name = "files",
	.start = start,
	.run = run,
	.stop = stop,
};
