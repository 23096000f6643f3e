/* faults/exchange.c: see exchange.h. */
#include "faults/exchange.h"

#include "support/must.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char pattern_at(size_t i)
{
	return (char)('a' + i * 7 % 26);
}

char *pattern(size_t size)
{
	char *data = malloc(size + 1);

	must(data != NULL, "out of memory");
	for (size_t i = 0; i < size; i++)
		data[i] = pattern_at(i);
	data[size] = '\0';
	return data;
}

bool is_pattern(const char *data, size_t size, size_t from)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] != pattern_at(from + i))
			return false;
	}
	return true;
}

void load_missed(struct load *load, const char *what, int status)
{
	size_t used = strlen(load->failed);

	load->failures++;
	(void)snprintf(load->failed + used, sizeof load->failed - used, " [%s: %d]", what, status);
}

void load_sigterm(struct load *load, struct subject *subject)
{
	if (load->at_stop != FAULT_CALL_NONE)
		fault_control_arm(subject->control, load->at_stop, 1, UINT64_MAX, 0);
	process_signal(&subject->process, SIGTERM);
}

void exchange(struct client *client, const char *url, const char *head, const char *body,
	      size_t size, struct reply *reply)
{
	*reply = (struct reply){0};
	if (client->fd < 0 && client_try_open(client, url) != 0) {
		client->fd = -1;
		return;
	}
	if (client_send_up_to(client, head, strlen(head)) == strlen(head) && size > 0)
		(void)client_send_up_to(client, body, size);
	if (strncmp(head, "HEAD", 4) == 0)
		client_receive_head(client, reply);
	else
		client_receive(client, reply);
	if (!reply->complete || reply_says_close(reply))
		exchange_finish(client);
}

void exchange_finish(struct client *client)
{
	if (client->fd >= 0)
		client_close(client);
	client->fd = -1;
}

void exchange_get(struct load *load, struct client *client, const char *url, const char *target,
		  const char *fields, int status, size_t from, size_t size)
{
	char head[256];
	struct reply reply;

	(void)snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target,
		       fields);
	exchange(client, url, head, NULL, 0, &reply);
	if (reply.status != status || !reply.complete) {
		must(reply.status == 0 || reply.status == status || reply.status >= 500,
		     "%s was answered %d", target, reply.status);
		load_missed(load, target, reply.status);
	} else if (size > 0) {
		must(reply.body_size == size && is_pattern(reply.body, size, from),
		     "%s: another content, %zu bytes", target, reply.body_size);
	}
	reply_free(&reply);
}

bool exchange_send(struct load *load, struct client *client, const char *url, const char *request,
		   const char *body, size_t size, int status, int other, struct reply *reply)
{
	char head[256];

	(void)snprintf(head, sizeof head,
		       "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", request,
		       size);
	exchange(client, url, head, body, size, reply);
	if ((reply->status == status || reply->status == other) && reply->complete)
		return true;
	must(reply->status == 0 || reply->status == status || reply->status == other ||
		     reply->status >= 500,
	     "%s was answered %d", request, reply->status);
	load_missed(load, request, reply->status);
	return false;
}

void exchange_check_file(const struct load *load, const char *name, size_t due, bool needed)
{
	size_t size;
	char path[64], *data;

	(void)snprintf(path, sizeof path, "root/%s", name);
	data = scratch_read(&load->subject->scratch, path, &size);
	must(data != NULL || !needed, "%s was stored and is not there", name);
	must(data == NULL || (size == due && is_pattern(data, size, 0)), "%s is not whole", name);
	free(data);
}

void exchange_check_files(const struct load *load)
{
	size_t count = 2;

	exchange_check_file(load, "file", FILE_SIZE, true);
	exchange_check_file(load, "big", BIG_SIZE, true);
	for (unsigned i = 0; i < LOAD_UPLOADS; i++) {
		char name[8], path[16];
		(void)snprintf(name, sizeof name, "up%u", i);
		(void)snprintf(path, sizeof path, "root/up%u", i);
		exchange_check_file(load, name, UPLOAD_SIZE, load->stored[i]);
		count += scratch_has(&load->subject->scratch, path);
	}
	must(scratch_count(&load->subject->scratch, "root") == count,
	     "something was left in the directory: %zu entries, not %zu",
	     scratch_count(&load->subject->scratch, "root"), count);
}
