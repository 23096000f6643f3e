/* faults/load.c: see load.h. */
#include "faults/load.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE ((size_t)96 * 1024)
#define BIG_SIZE ((size_t)8 * 1024 * 1024)
#define UPLOAD_SIZE ((size_t)70 * 1024)

static char pattern_at(size_t i)
{
	return (char)('a' + i * 7 % 26);
}

static char *pattern(size_t size)
{
	char *data = malloc(size + 1);

	must(data != NULL, "out of memory");
	for (size_t i = 0; i < size; i++)
		data[i] = pattern_at(i);
	data[size] = '\0';
	return data;
}

static bool is_pattern(const char *data, size_t size, size_t from)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] != pattern_at(from + i))
			return false;
	}
	return true;
}

void load_prepare(struct subject *subject, struct load *load)
{
	char *data = pattern(BIG_SIZE);

	*load = (struct load){.subject = subject};
	scratch_write(&subject->scratch, "root/file", data, FILE_SIZE);
	scratch_write(&subject->scratch, "root/big", data, BIG_SIZE);
	free(data);
}

static void missed(struct load *load, const char *what, int status)
{
	size_t used = strlen(load->failed);

	load->failures++;
	(void)snprintf(load->failed + used, sizeof load->failed - used, " [%s: %d]", what, status);
}

/* One exchange on a connection that may be closed and is opened then. The caller frees the
 * reply; its status is 0 if none came. */
static void exchange(struct load *load, struct client *client, const char *head, const char *body,
		     size_t size, struct reply *reply)
{
	*reply = (struct reply){0};
	if (client->fd < 0 && client_try_open(client, load->subject->url) != 0) {
		client->fd = -1;
		return;
	}
	if (client_send_up_to(client, head, strlen(head)) == strlen(head) && size > 0)
		(void)client_send_up_to(client, body, size);
	if (strncmp(head, "HEAD", 4) == 0)
		client_receive_head(client, reply);
	else
		client_receive(client, reply);
	if (!reply->complete || reply_says_close(reply)) {
		client_close(client);
		client->fd = -1;
	}
}

static void finish(struct client *client)
{
	if (client->fd >= 0)
		client_close(client);
}

/* A GET whose answer is due to be `status`, with this part of the pattern if it is known. */
static void get(struct load *load, struct client *client, const char *target, const char *fields,
		int status, size_t from, size_t size)
{
	char head[256];
	struct reply reply;

	(void)snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target,
		       fields);
	exchange(load, client, head, NULL, 0, &reply);
	if (reply.status != status || !reply.complete) {
		must(reply.status == 0 || reply.status == status || reply.status >= 500,
		     "%s was answered %d", target, reply.status);
		missed(load, target, reply.status);
	} else if (size > 0) {
		must(reply.body_size == size && is_pattern(reply.body, size, from),
		     "%s: another content, %zu bytes", target, reply.body_size);
	}
	reply_free(&reply);
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
	finish(&client);
}

static void upload(struct load *load, struct client *client, unsigned number)
{
	char *data = pattern(UPLOAD_SIZE), head[256];
	struct reply reply;

	(void)snprintf(head, sizeof head,
		       "PUT /up%u HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
		       number, UPLOAD_SIZE);
	exchange(load, client, head, data, UPLOAD_SIZE, &reply);
	load->stored[number] = reply.status == 201 || reply.status == 204;
	if (!load->stored[number]) {
		must(reply.status == 0 || reply.status >= 500, "PUT was answered %d", reply.status);
		missed(load, "PUT", reply.status);
	}
	reply_free(&reply);
	free(data);
}

static void uploads(struct load *load)
{
	struct client client = {.fd = -1};

	for (unsigned i = 0; i < LOAD_UPLOADS; i++)
		upload(load, &client, i);
	finish(&client);
}

static void streams(struct load *load)
{
	struct client client = {.fd = -1};
	char *data = pattern(FILE_SIZE), head[256];
	struct reply reply;

	get(load, &client, "/debug/stream?ms=6&every=2", "", 200, 0, 0);
	(void)snprintf(head, sizeof head,
		       "POST /debug/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n");
	exchange(load, &client, head, data, 9, &reply);
	if (reply.status != 200 || !reply.complete)
		missed(load, "echo", reply.status);
	else
		must(reply.body_size == 9 && is_pattern(reply.body, 9, 0), "another echo");
	reply_free(&reply);
	free(data);
	finish(&client);
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

void load_run(struct load *load)
{
	downloads(load);
	uploads(load);
	streams(load);
	leavers(load);
}

int load_stop(struct load *load, struct subject *subject)
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
	process_signal(&subject->process, SIGTERM);
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

static void check_file(const struct load *load, const char *name, size_t due, bool needed)
{
	size_t size;
	char path[32], *data;

	(void)snprintf(path, sizeof path, "root/%s", name);
	data = scratch_read(&load->subject->scratch, path, &size);
	must(data != NULL || !needed, "%s was stored and is not there", name);
	must(data == NULL || (size == due && is_pattern(data, size, 0)), "%s is not whole", name);
	free(data);
}

void load_check_files(const struct load *load)
{
	size_t count = 2;

	check_file(load, "file", FILE_SIZE, true);
	check_file(load, "big", BIG_SIZE, true);
	for (unsigned i = 0; i < LOAD_UPLOADS; i++) {
		char name[8], path[16];
		(void)snprintf(name, sizeof name, "up%u", i);
		(void)snprintf(path, sizeof path, "root/up%u", i);
		check_file(load, name, UPLOAD_SIZE, load->stored[i]);
		count += scratch_has(&load->subject->scratch, path);
	}
	must(scratch_count(&load->subject->scratch, "root") == count,
	     "something was left in the directory: %zu entries, not %zu",
	     scratch_count(&load->subject->scratch, "root"), count);
}
