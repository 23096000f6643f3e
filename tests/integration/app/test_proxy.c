/* The kind "proxy": requests passed on to an upstream that the test plays. */
#include "app.h"
#include "upstream.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void begin(struct app *app, struct upstream *upstream)
{
	char config[1024];
	unsigned port = upstream_listen(upstream);
	app_prepare(app);
	(void)snprintf(config, sizeof config,
		       "routes:\n"
		       "  - {path: '/up/{rest...}', kind: proxy,\n"
		       "     upstream: 'http://127.0.0.1:%u/base'}\n"
		       "  - {path: /host, kind: proxy, upstream: 'http://127.0.0.1:%u',\n"
		       "     preserve_host: true, body_limit: 4KiB}\n"
		       "  - {path: /late, kind: proxy, upstream: 'http://127.0.0.1:%u',\n"
		       "     deadline: 100ms}\n",
		       port, port, port);
	scratch_write(&app->scratch, "weir.yaml", config, strlen(config));
	app_start(app, (const char *const[]){"--config", "weir.yaml", "--grace", "1h",
					     "--drain-timeout", "1h", NULL});
}

static void finish(struct app *app, struct upstream *upstream)
{
	if (upstream->fd >= 0)
		upstream_close(upstream);
	close(upstream->listener);
	app_finish(app);
}

static bool has(const struct upstream *upstream, const char *line)
{
	return strstr(upstream->text, line) != NULL;
}

Test(proxy, passes_on_what_is_not_of_one_connection)
{
	struct app app;
	struct upstream upstream;
	struct client client;
	struct reply reply;
	begin(&app, &upstream);
	client_open(&client, app.url);
	app_request(&client, "GET", "/up/a%20b/c?q=1&r",
		    "X-Mine: yes\r\nConnection: X-Secret\r\nX-Secret: no\r\nTE: trailers\r\n"
		    "Keep-Alive: 5\r\nProxy-Authorization: no\r\nX-Forwarded-For: 192.0.2.7\r\n"
		    "Via: 1.1 other\r\n",
		    NULL);
	upstream_accept(&upstream);
	upstream_read(&upstream, "\r\n\r\n");
	cr_expect_eq(strncmp(upstream.text, "GET /base/a%20b/c?q=1&r HTTP/1.1\r\n", 34), 0, "%s",
		     upstream.text);
	cr_expect(has(&upstream, "X-Mine: yes\r\n"), "%s", upstream.text);
	cr_expect(has(&upstream, "X-Forwarded-For: 192.0.2.7, 127.0.0.1\r\n"), "%s", upstream.text);
	cr_expect(has(&upstream, "X-Forwarded-Host: localhost\r\n"), "%s", upstream.text);
	cr_expect(has(&upstream, "X-Forwarded-Proto: http\r\n"), "%s", upstream.text);
	cr_expect(has(&upstream, "Via: 1.1 other, 1.1 weir\r\n"), "%s", upstream.text);
	cr_expect(has(&upstream, "Host: 127.0.0.1:"), "%s", upstream.text);
	static const char *const dropped[] = {"X-Secret:", "\r\nTE:", "Keep-Alive:", "Proxy-Auth",
					      "Host: localhost\r\nX-Mine"};
	for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
		cr_expect_not(has(&upstream, dropped[i]), "%s in %s", dropped[i], upstream.text);

	upstream_say(&upstream, "HTTP/1.1 418 Teapot\r\nX-Theirs: yes\r\nX-Hop: no\r\n"
				"Connection: X-Hop\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
				"Content-Length: 5\r\n\r\nshort");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 418);
	cr_expect_str_eq(reply.body, "short");
	cr_expect_str_eq(reply_header(&reply, "X-Theirs"), "yes");
	cr_expect_str_eq(reply_header(&reply, "Via"), "1.1 weir");
	cr_expect_str_eq(reply_header(&reply, "Content-Length"), "5");
	cr_expect_null(reply_header(&reply, "X-Hop"));
	unsigned cookies = 0;
	for (size_t i = 0; i < reply.field_count; i++)
		cookies += strcmp(reply.fields[i].name, "Set-Cookie") == 0;
	cr_expect_eq(cookies, 2);
	reply_free(&reply);
	client_close(&client);
	finish(&app, &upstream);
}

Test(proxy, streams_both_ways)
{
	struct app app;
	struct upstream upstream;
	struct client client;
	struct reply reply;
	begin(&app, &upstream);
	client_open(&client, app.url);
	client_send_text(&client, "POST /up/x HTTP/1.1\r\nHost: h\r\n"
				  "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
	upstream_accept(&upstream);
	upstream_read(&upstream, "one"); /* although the body has no end yet */
	client_send_text(&client, "3\r\ntwo\r\n0\r\n\r\n");
	upstream_read(&upstream, "two");
	upstream_read(&upstream, "0\r\n\r\n");
	upstream_say(&upstream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				"5\r\nfirst\r\n");
	client_await_text(&client, "first"); /* although the answer has no end yet */
	upstream_say(&upstream, "6\r\nsecond\r\n0\r\n\r\n");
	client_receive(&client, &reply);
	cr_expect_str_eq(reply.body, "firstsecond");
	cr_expect(reply.complete);
	reply_free(&reply);
	client_close(&client);
	finish(&app, &upstream);
}

Test(proxy, an_early_answer_waits_for_the_body)
{
	struct app app;
	struct upstream upstream;
	struct client client;
	struct reply reply;
	begin(&app, &upstream);
	client_open(&client, app.url);
	client_send_text(&client, "POST /up/x HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\none");
	upstream_accept(&upstream);
	upstream_read(&upstream, "one");
	upstream_say(&upstream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly");
	client_send_text(&client, "two");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 200, "%d %s", reply.status, reply.body);
	cr_expect_str_eq(reply.body, "early");
	reply_free(&reply);
	client_close(&client);
	finish(&app, &upstream);
}

Test(proxy, an_early_refusal_is_passed_on)
{
	struct app app;
	struct upstream upstream;
	struct client client;
	struct reply reply;
	begin(&app, &upstream);
	client_open(&client, app.url);
	client_send_text(&client, "POST /up/x HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\none");
	upstream_accept(&upstream);
	upstream_read(&upstream, "one");
	upstream_say(&upstream, "HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
				"no");
	upstream_close(&upstream);
	client_send_text(&client, "two");
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 403, "%d %s", reply.status, reply.body);
	cr_expect_str_eq(reply.body, "no");
	reply_free(&reply);
	client_close(&client);
	finish(&app, &upstream);
}

static void ask(struct app *app, struct upstream *upstream, struct client *client,
		const char *method, const char *target)
{
	client_open(client, app->url);
	app_request(client, method, target, "", NULL);
	upstream_accept(upstream);
	upstream_read(upstream, "\r\n\r\n");
}

Test(proxy, answers_without_a_body_are_passed_on)
{
	static const struct {
		const char *method, *answer;
		int status;
		const char *length;
	} rows[] = {
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, NULL},
		{"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", 304, NULL},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "0"},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200,
		 NULL},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 200, "7"},
	};
	struct app app;
	struct upstream upstream;
	begin(&app, &upstream);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct client client;
		struct reply reply;
		ask(&app, &upstream, &client, rows[i].method, "/up/x");
		upstream_say(&upstream, rows[i].answer);
		upstream_close(&upstream);
		if (strcmp(rows[i].method, "HEAD") == 0)
			client_receive_head(&client, &reply);
		else
			client_receive(&client, &reply);
		cr_expect_eq(reply.status, rows[i].status, "row %zu: %d %s", i, reply.status,
			     reply.body);
		cr_expect_eq(reply.body_size, 0);
		const char *length = reply_header(&reply, "Content-Length");
		if (rows[i].length != NULL) {
			cr_assert_not_null(length, "row %zu", i);
			cr_expect_str_eq(length, rows[i].length);
		}
		reply_free(&reply);
		client_close(&client);
	}
	finish(&app, &upstream);
}

Test(proxy, an_answer_that_is_none_is_a_bad_gateway)
{
	static const struct {
		const char *answer, *reason;
	} rows[] = {
		{"", "the upstream broke off before it had answered"},
		{"HTTP/1.1 200 OK\r\nContent-Le", "the upstream broke off before it had answered"},
		{"what?\r\n\r\n", "the upstream's answer is not valid HTTP"},
	};
	struct app app;
	struct upstream upstream;
	begin(&app, &upstream);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct client client;
		struct reply reply;
		char answer[128];
		ask(&app, &upstream, &client, "POST", "/up/x");
		upstream_say(&upstream, rows[i].answer);
		upstream_close(&upstream);
		client_receive(&client, &reply);
		(void)snprintf(answer, sizeof answer, "{\"error\":\"%s\"}\n", rows[i].reason);
		cr_expect_eq(reply.status, 502, "row %zu: %d", i, reply.status);
		cr_expect_str_eq(reply.body, answer);
		reply_free(&reply);
		client_close(&client);
	}
	finish(&app, &upstream);
}

Test(proxy, no_upstream_is_a_bad_gateway)
{
	struct app app;
	struct upstream upstream;
	struct reply reply;
	begin(&app, &upstream);
	shutdown(upstream.listener, SHUT_RDWR);
	app_exchange(&app, "GET", "/up/x", "", NULL, &reply);
	cr_expect_eq(reply.status, 502);
	cr_expect_str_eq(reply.body, "{\"error\":\"the upstream cannot be reached\"}\n");
	reply_free(&reply);
	finish(&app, &upstream);
}

Test(proxy, an_answer_that_breaks_off_is_cut)
{
	struct app app;
	struct upstream upstream;
	struct client client;
	struct reply reply;
	begin(&app, &upstream);
	ask(&app, &upstream, &client, "GET", "/up/x");
	upstream_say(&upstream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
	client_await_text(&client, "half");
	upstream_close(&upstream);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_not(reply.complete);
	reply_free(&reply);
	client_close(&client);
	finish(&app, &upstream);
}

Test(proxy, no_answer_in_time_is_504)
{
	struct app app;
	struct upstream upstream;
	begin(&app, &upstream);
	cr_expect_eq(app_status(&app, "GET", "/late", "", NULL), 504);
	upstream_accept(&upstream);
	upstream_read(&upstream, "\r\n\r\n");
	cr_expect(has(&upstream, "X-Request-Timeout: "), "%s", upstream.text);
	upstream_await_end(&upstream);
	finish(&app, &upstream);
}

Test(proxy, bad_input_is_refused_and_not_passed_on)
{
	static const struct {
		const char *method, *target, *fields;
		int status;
		const char *reason;
	} rows[] = {
		{"GET", "/up/../x", "", 400, "this path cannot be passed on"},
		{"GET", "/up/%2e%2e/x", "", 400, "this path cannot be passed on"},
		{"GET", "/up/a%2f..%2fb", "", 400, "this path cannot be passed on"},
		{"TRACE", "/up/x", "", 405, "TRACE is not passed on"},
		{"GET", "/up/x",
		 "Via: 1.1 weir, 1.1 weir, 1.1 weir, 1.1 weir, 1.1 weir, 1.1 weir, 1.1 weir, "
		 "1.1 weir\r\n",
		 508, "this request goes round in a circle"},
	};
	struct app app;
	struct upstream upstream;
	begin(&app, &upstream);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct reply reply;
		char answer[128];
		app_exchange(&app, rows[i].method, rows[i].target, rows[i].fields, NULL, &reply);
		(void)snprintf(answer, sizeof answer, "{\"error\":\"%s\"}\n", rows[i].reason);
		cr_expect_eq(reply.status, rows[i].status, "row %zu: %d %s", i, reply.status,
			     reply.body);
		cr_expect_str_eq(reply.body, answer);
		reply_free(&reply);
	}
	cr_expect_not(must_poll(upstream.listener, POLLIN, weir_now()), "the upstream was asked");
	static char large[5000];
	memset(large, 'x', sizeof large - 1);
	cr_expect_eq(app_status(&app, "POST", "/host", "", large), 413);
	finish(&app, &upstream);
}

Test(proxy, a_client_that_goes_ends_the_call)
{
	struct app app;
	struct upstream upstream;
	struct client client;
	begin(&app, &upstream);
	ask(&app, &upstream, &client, "GET", "/up/x");
	client_reset(&client);
	upstream_await_end(&upstream);
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 0);
	finish(&app, &upstream);
}

Test(proxy, a_stop_ends_the_call)
{
	struct app app;
	struct upstream upstream;
	struct client client;
	begin(&app, &upstream);
	ask(&app, &upstream, &client, "GET", "/up/x");
	app_hurry(&app, &client);
	upstream_await_end(&upstream);
	cr_expect_eq(app_wait(&app), 0, "%s", app.process.text);
	app_report_check(&app);
	upstream_close(&upstream);
	close(upstream.listener);
	app_destroy(&app);
}
