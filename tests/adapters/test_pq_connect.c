/* adapters/test_pq_connect.c: making a connection, and giving it up. */
#include <criterion/criterion.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/names.h"
#include "adapters/pq_support.h"
#include "support/must.h"
#include "support/token.h"

TestSuite(pq_connect, .timeout = 60);

static int try_open(const char *conninfo, weir_token *token, weir_time until,
		    struct weir_pq_error *error)
{
	const struct weir_pq_options options = {.conninfo = conninfo};
	weir_pq *connection;
	int result = weir_pq_open(&options, token, until, &connection, error);

	if (!result)
		weir_pq_close(connection);
	return result;
}

Test(pq_connect, by_a_name_of_a_host)
{
	struct weir_pq_error error;

	cr_assert_eq(try_open(getenv(PQ_TCP), NULL, WEIR_NEVER, &error), 0, "%s", error.text);
}

static const char *port_and_rest(void)
{
	const char *url = getenv(PQ_TCP);
	const char *colon = url ? strrchr(url, ':') : NULL;

	must(colon != NULL, "no server");
	return colon + 1;
}

/* The first two hosts do not do; ports are one for each. */
Test(pq_connect, the_next_host_is_tried)
{
	const char *port = port_and_rest();
	struct weir_pq_error error;
	char conninfo[256];

	(void)snprintf(conninfo, sizeof(conninfo),
		       "host=nowhere.test,here.test,here.test port=1,1,%.*s user=weir "
		       "dbname=postgres",
		       (int)strcspn(port, "/"), port);
	cr_assert_eq(try_open(conninfo, NULL, WEIR_NEVER, &error), 0, "%s", error.text);
	cr_assert_eq(names_here(), 2);
}

Test(pq_connect, what_conninfo_does_not_say_comes_from_the_environment)
{
	const char *shared = getenv(PQ_CONNINFO); /* host=... port=... */
	char host[128];
	unsigned port;

	cr_assert_eq(sscanf(shared, "host=%127s port=%u", host, &port), 2);
	cr_assert_eq(setenv("PGHOST", host, 1), 0);
	cr_assert_eq(setenv("PGUSER", "weir", 1), 0);
	cr_assert_eq(setenv("PGDATABASE", "postgres", 1), 0);
	(void)snprintf(host, sizeof(host), "%u", port);
	cr_assert_eq(setenv("PGPORT", host, 1), 0);
	cr_assert_eq(try_open(NULL, NULL, WEIR_NEVER, NULL), 0);
	cr_assert_eq(setenv("PGHOST", "here.test", 1), 0);
	cr_assert_eq(try_open("", NULL, WEIR_NEVER, NULL), 0);
	cr_assert_eq(names_here(), 1);
}

Test(pq_connect, text_is_utf8_whatever_the_environment_says)
{
	weir_pq *connection;

	cr_assert_eq(setenv("PGCLIENTENCODING", "LATIN1", 1), 0);
	connection = pq_open(NULL);
	cr_assert_eq(pq_number(connection, "SELECT 1 WHERE current_setting('client_encoding') = "
					   "'UTF8'"),
		     1);
	weir_pq_close(connection);
}

Test(pq_connect, failures_have_an_errno_and_words)
{
	const char *port = port_and_rest();
	const int length = (int)strcspn(port, "/");
	char no_database[256], no_user[256];
	const struct {
		const char *conninfo;
		int code;
		const char *state;
	} cases[] = {
		{"host", -EINVAL, ""},
		{"postgresql://[", -EINVAL, ""},
		{"host=nowhere.test", -ENOENT, ""},
		{"host=127.0.0.1 port=1", -ECONNREFUSED, ""},
		{"host=/nowhere", -ECONNREFUSED, ""},
		{no_database, -ENOENT, "3D000"},
		{no_user, -EACCES, "28000"},
	};
	struct weir_pq_error error;
	size_t i;

	(void)snprintf(no_database, sizeof(no_database),
		       "host=localhost port=%.*s user=weir dbname=none", length, port);
	(void)snprintf(no_user, sizeof(no_user),
		       "host=localhost port=%.*s user=no_one dbname=postgres", length, port);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(try_open(cases[i].conninfo, NULL, WEIR_NEVER, &error), cases[i].code,
			     "%s: %s", cases[i].conninfo, error.text);
		cr_assert_str_eq(error.sqlstate, cases[i].state, "%s: %s", cases[i].conninfo,
				 error.text);
		cr_assert_neq(error.text[0], '\0', "%s", cases[i].conninfo);
	}
}

Test(pq_connect, no_message_has_the_password)
{
	static const char *const wrong[] = {"postgresql://bob:hunter2@[::1/none",
					    "postgresql://bob:hunter2%zz@h/d",
					    "postgresql://bob:hunter2@h:1/d?x=hunter2",
					    "password='hunter2",
					    "password hunter2",
					    "passwrod=hunter2",
					    "postgresql://bob:hunter2@h/d?hunter2",
					    "password=hunter2 host=127.0.0.1 port=1"};
	struct weir_pq_error error;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_lt(try_open(wrong[i], NULL, WEIR_NEVER, &error), 0, "%s", wrong[i]);
		cr_expect_null(strstr(error.text, "hunter2"), "%s", error.text);
		cr_expect_neq(error.text[0], '\0', "%s", wrong[i]);
	}
}

Test(pq_connect, a_tripped_token_and_a_past_time_connect_to_nothing)
{
	weir_token *token = token_make(NULL);

	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(try_open(getenv(PQ_CONNINFO), token, WEIR_NEVER, NULL), -ECANCELED);
	cr_assert_eq(try_open(getenv(PQ_CONNINFO), NULL, weir_now(), NULL), -ETIMEDOUT);
	weir_token_unref(token);
}

/* A server that takes the connection and says nothing. */
struct silent {
	int fd;
	char conninfo[64];
	weir_token *token;
	pthread_t thread;
};

static void silent_start(struct silent *silent)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	silent->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(silent->fd, 0);
	cr_assert_eq(bind(silent->fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(listen(silent->fd, 8), 0);
	cr_assert_eq(getsockname(silent->fd, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(silent->conninfo, sizeof(silent->conninfo),
		       "host=127.0.0.1 port=%u sslmode=disable", ntohs(address.sin_port));
}

/* Trips when the whole start-up packet is there: the other side waits for an answer now. */
static void *trip_when_asked(void *arg)
{
	struct silent *silent = arg;
	int fd = accept(silent->fd, NULL, NULL);
	char packet[4];

	must(fd >= 0, "accept");
	must(recv(fd, packet, sizeof(packet), MSG_WAITALL) == sizeof(packet), "no packet");
	(void)weir_token_cancel(silent->token, WEIR_REASON_REQUESTED, NULL);
	must(recv(fd, packet, 0, 0) == 0, "recv");
	return (void *)(intptr_t)fd;
}

Test(pq_connect, a_server_that_does_not_answer_is_given_up_on_a_trip)
{
	struct silent silent = {.token = token_make(NULL)};
	char rest[512];
	ssize_t count;
	void *fd;

	silent_start(&silent);
	cr_assert_eq(pthread_create(&silent.thread, NULL, trip_when_asked, &silent), 0);
	cr_assert_eq(try_open(silent.conninfo, silent.token, WEIR_NEVER, NULL), -ECANCELED);
	cr_assert_eq(pthread_join(silent.thread, &fd), 0);
	while ((count = recv((int)(intptr_t)fd, rest, sizeof(rest), 0)) > 0)
		;
	cr_assert_eq(count, 0, "the connection was closed");
	(void)close((int)(intptr_t)fd);
	(void)close(silent.fd);
	weir_token_unref(silent.token);
}

Test(pq_connect, a_server_that_does_not_answer_is_given_up_in_time)
{
	struct weir_pq_options options = {.connect_timeout = 20 * WEIR_MILLISECOND};
	struct silent silent;
	weir_pq *connection;

	silent_start(&silent);
	cr_assert_eq(try_open(silent.conninfo, NULL, weir_after(20 * WEIR_MILLISECOND), NULL),
		     -ETIMEDOUT);
	options.conninfo = silent.conninfo;
	cr_assert_eq(weir_pq_open(&options, NULL, WEIR_NEVER, &connection, NULL), -ETIMEDOUT);
	(void)close(silent.fd);
}

static void *trip_when_resolving(void *token)
{
	names_await_slow();
	(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
	return NULL;
}

Test(pq_connect, a_name_that_is_being_resolved_is_given_up)
{
	weir_token *token = token_make(NULL);
	struct weir_pq_error error;
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, trip_when_resolving, token), 0);
	cr_assert_eq(try_open("host=slow.test", token, WEIR_NEVER, &error), -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(try_open("host=slow.test", NULL, weir_after(WEIR_MILLISECOND), &error),
		     -ETIMEDOUT);
	names_release();
	names_release();
	weir_token_unref(token);
}
