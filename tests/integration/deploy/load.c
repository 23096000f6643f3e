/* load.c: see load.h. */
#include "load.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <weir/time.h>

static void fail(struct load_client *self, const char *what, int detail, const char *said)
{
	if (self->failed++ == 0)
		(void)snprintf(self->first, sizeof self->first, "%s (%d) %.150s", what, detail,
			       said);
}

/* Whether the server has closed an idle connection: then nothing was lost by it. */
static bool is_closed(const struct client *client)
{
	char byte;
	return recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool send_request(struct load_client *self, struct client *client)
{
	char text[256];
	const char *close = self->keep_alive ? "" : "Connection: close\r\n";
	int size;
	if (strcmp(self->method, "GET") == 0)
		size = snprintf(text, sizeof text,
				"GET /hello HTTP/1.1\r\nHost: localhost\r\n%s\r\n", close);
	else
		size = snprintf(text, sizeof text,
				"PUT /put-%u HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: "
				"5\r\n\r\nhello",
				self->number, close);
	return send(client->fd, text, (size_t)size, MSG_NOSIGNAL) == size;
}

static bool is_right(const struct load_client *self, int status)
{
	if (strcmp(self->method, "GET") == 0)
		return status == 200;
	return status == 201 || status == 204;
}

static void note_answer(struct load *load)
{
	(void)pthread_mutex_lock(&load->lock);
	load->answered++;
	(void)pthread_cond_signal(&load->progress);
	(void)pthread_mutex_unlock(&load->lock);
}

/* One request; false if the connection is of no more use. */
static bool ask(struct load_client *self, struct client *client)
{
	struct reply reply;
	if (!send_request(self, client)) {
		fail(self, "the request could not be sent", 0, "");
		return false;
	}
	client_receive(client, &reply);
	bool keep = self->keep_alive && reply.complete && !reply_says_close(&reply);
	if (reply.complete && is_right(self, reply.status)) {
		self->answered++;
		note_answer(self->load);
	} else {
		fail(self, reply.status == 0 ? "no answer" : "a wrong or cut answer", reply.status,
		     reply.body);
	}
	reply_free(&reply);
	return keep;
}

static void *run(void *arg)
{
	struct load_client *self = arg;
	struct client client;
	bool open = false;
	while (!atomic_load(&self->load->over)) {
		if (open && is_closed(&client)) {
			client_close(&client);
			open = false;
		}
		if (!open) {
			int error = client_try_open(&client, self->load->url);
			if (error != 0) {
				fail(self, "no connection", error, "");
				continue;
			}
		}
		open = ask(self, &client);
		if (!open)
			client_close(&client);
	}
	if (open)
		client_close(&client);
	return NULL;
}

void load_start(struct load *load, const char *url)
{
	memset(load, 0, sizeof *load);
	load->url = url;
	must(pthread_mutex_init(&load->lock, NULL) == 0 &&
		     pthread_cond_init(&load->progress, NULL) == 0,
	     "no lock");
	for (unsigned i = 0; i < LOAD_CLIENTS; i++) {
		struct load_client *client = &load->clients[i];
		client->load = load;
		client->number = i;
		client->keep_alive = i % 2 == 0;
		client->method = i % 3 == 0 ? "PUT" : "GET";
		must(pthread_create(&client->thread, NULL, run, client) == 0, "no thread");
	}
}

void load_await(struct load *load, unsigned long more)
{
	struct timespec limit;
	must(clock_gettime(CLOCK_REALTIME, &limit) == 0, "no clock");
	limit.tv_sec += (time_t)(MUST_PATIENCE / WEIR_SECOND);
	(void)pthread_mutex_lock(&load->lock);
	unsigned long until = load->answered + more;
	while (load->answered < until)
		must(pthread_cond_timedwait(&load->progress, &load->lock, &limit) == 0,
		     "the load has come to a stop");
	(void)pthread_mutex_unlock(&load->lock);
}

unsigned long load_stop(struct load *load, unsigned long *answered)
{
	unsigned long failed = 0;
	*answered = 0;
	atomic_store(&load->over, true);
	for (unsigned i = 0; i < LOAD_CLIENTS; i++) {
		struct load_client *client = &load->clients[i];
		must(pthread_join(client->thread, NULL) == 0, "join");
		*answered += client->answered;
		failed += client->failed;
		if (client->failed > 0)
			(void)fprintf(stderr, "%s%s: %lu failed, the first: %s\n", client->method,
				      client->keep_alive ? ", kept alive" : "", client->failed,
				      client->first);
	}
	(void)pthread_cond_destroy(&load->progress);
	(void)pthread_mutex_destroy(&load->lock);
	return failed;
}
