/* cancel/io/resolve.c: names (io_names.c plays the name service). */
#include <criterion/criterion.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/io_ops.h"
#include "unit/faults.h"

TestSuite(io_resolve, .timeout = 60);

enum { MOST = 64 };

static int resolve(weir_token *token, const char *node, const char *service,
		   const struct addrinfo *hints, struct addrinfo **out)
{
	*out = NULL;
	return weir_getaddrinfo(token, node, service, hints, weir_after(MUST_PATIENCE), out);
}

static void must_be_local(const struct addrinfo *answer, unsigned port)
{
	const struct sockaddr_in *address = (const struct sockaddr_in *)answer->ai_addr;

	cr_assert_eq(answer->ai_family, AF_INET);
	cr_assert_eq(address->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	cr_assert_eq(address->sin_port, htons((uint16_t)port));
}

Test(io_resolve, names_are_answered)
{
	weir_token *token = token_make(NULL);
	struct addrinfo *answer;

	cr_assert_eq(resolve(token, "some.host", "8080", NULL, &answer), 0);
	must_be_local(answer, 8080);
	freeaddrinfo(answer);
	weir_token_unref(token);
	io_names_close();
}

Test(io_resolve, numbers_need_no_thread)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *answer;

	fault_set(FAULT_THREAD, 0);
	cr_assert_eq(resolve(NULL, "127.0.0.1", "80", &hints, &answer), 0);
	must_be_local(answer, 80);
	cr_assert_null(answer->ai_next); /* one type: the hints were looked at */
	freeaddrinfo(answer);
	cr_assert_eq(resolve(NULL, "::1", NULL, NULL, &answer), 0);
	cr_assert_eq(answer->ai_family, AF_INET6);
	freeaddrinfo(answer);
	cr_assert_eq(resolve(NULL, NULL, "80", &hints, &answer), 0);
	freeaddrinfo(answer);
	cr_assert_not(fault_struck(FAULT_THREAD));
}

Test(io_resolve, failures_are_errnos)
{
	static const struct {
		int code, error;
	} failures[] = {{EAI_NONAME, -ENOENT}, {EAI_SERVICE, -ENOENT},  {EAI_NODATA, -ENOENT},
			{EAI_AGAIN, -EAGAIN},  {EAI_FAIL, -EIO},        {EAI_MEMORY, -ENOMEM},
			{EAI_FAMILY, -EINVAL}, {EAI_BADFLAGS, -EINVAL}, {EAI_SOCKTYPE, -EINVAL},
			{EAI_SYSTEM, -EACCES}, {EAI_OVERFLOW, -EIO}};

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct addrinfo *answer;
		char name[32];

		(void)snprintf(name, sizeof(name), "fail%d", failures[i].code);
		cr_assert_eq(resolve(NULL, name, NULL, NULL, &answer), failures[i].error, "%s",
			     name);
		cr_assert_null(answer);
	}
	io_names_close();
}

Test(io_resolve, what_cannot_be_a_name_is_none)
{
	struct addrinfo *answer;
	char longest[NI_MAXHOST + 1];

	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cr_assert_eq(resolve(NULL, longest, NULL, NULL, &answer), -ENOENT);
	cr_assert_eq(resolve(NULL, "some.host", longest, NULL, &answer), -ENOENT);
	cr_assert_eq(resolve(NULL, NULL, NULL, NULL, &answer), -ENOENT);
	cr_assert_eq(weir_getaddrinfo(NULL, "some.host", NULL, NULL, WEIR_NEVER, NULL), -EINVAL);
}

Test(io_resolve, says_when_there_is_no_memory_or_no_thread)
{
	struct addrinfo *answer;

	fault_set(FAULT_THREAD, 0);
	cr_assert_eq(resolve(NULL, "some.host", "80", NULL, &answer), -EAGAIN);
	cr_assert(fault_struck(FAULT_THREAD));
	/* the one that was not started is not counted */
	for (int i = 0; i < MOST + 1; i++) {
		cr_assert_eq(resolve(NULL, "some.host", "80", NULL, &answer), 0);
		freeaddrinfo(answer);
	}
	io_names_close();
}

struct asker {
	weir_token *token;
	int result;
	struct addrinfo *answer;
	struct thread thread;
};

static void ask(void *arg)
{
	struct asker *asker = arg;

	asker->result = resolve(asker->token, "slow", "80", NULL, &asker->answer);
}

Test(io_resolve, threads_are_counted_while_they_hang_and_no_longer)
{
	weir_token *token = token_make(NULL);
	struct addrinfo *answer;
	struct asker asker = {.token = token};

	for (int i = 0; i < MOST - 1; i++)
		cr_assert_eq(weir_getaddrinfo(NULL, "slow", "80", NULL,
					      weir_after(WEIR_MICROSECOND), &answer),
			     -ETIMEDOUT);
	/* a call that has ended before it began costs no thread */
	while (io_names_threads() < MOST - 1) {
		cr_assert_eq(weir_getaddrinfo(NULL, "slow", "80", NULL,
					      weir_after(WEIR_MILLISECOND), &answer),
			     -ETIMEDOUT);
	}
	thread_start(&asker.thread, ask, &asker);
	io_await_in(&asker.thread, SYS_futex);
	cr_assert_eq(io_names_threads(), MOST);
	cr_assert_eq(resolve(token, "slow", "80", NULL, &answer), -EAGAIN);
	cr_assert_eq(resolve(token, "127.0.0.1", "80", NULL, &answer), 0);
	freeaddrinfo(answer);
	io_names_close();
	thread_join(&asker.thread);
	cr_assert_eq(asker.result, 0);
	freeaddrinfo(asker.answer);
	cr_assert_eq(resolve(token, "some.host", "80", NULL, &answer), 0);
	freeaddrinfo(answer);
	io_names_close();
	weir_token_unref(token);
}
