/* resolve.c: getaddrinfo(3), which nothing can end.
 *
 * What needs no name service (numbers) is done at once. The rest is asked by a thread of
 * its own, which shares a `struct query` with the caller:
 *
 *	ASKING --the thread has an answer--> ANSWERED
 *
 * Each of the two holds a reference; the caller takes the answer out, or leaves it there
 * with its reference. Whoever goes last frees what is left. The thread is detached, and
 * counted for as long as it can be blocked in the name service.
 *
 * Wakeup: the event is signalled after the answer is there, see event.h.
 */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "cancel/event.h"
#include "cancel/io/io.h"

enum { MOST_THREADS = 64 };

static _Atomic unsigned threads;

struct query {
	/* fixed before the thread starts */
	char node[NI_MAXHOST], service[NI_MAXSERV];
	bool has_node, has_service;
	struct addrinfo hints;

	/* the thread's until ANSWERED, then the caller's; of the last one in the end */
	struct addrinfo *answer;
	int error; /* 0 or -errno */

	/* atomic. Release of `answered` pairs with the caller's acquire: the answer is there. */
	_Atomic bool answered;
	_Atomic unsigned references;
	struct weir__event event;
};

static void unref(struct query *query)
{
	/* acq_rel: the one that frees sees what the other did */
	if (atomic_fetch_sub_explicit(&query->references, 1, memory_order_acq_rel) > 1)
		return;
	if (query->answer)
		freeaddrinfo(query->answer);
	free(query);
}

/* `saved` is errno as getaddrinfo() left it. */
static int to_errno(int code, int saved)
{
	switch (code) {
	case 0:
		return 0;
	case EAI_NONAME:
	case EAI_SERVICE:
#ifdef EAI_NODATA
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
#endif
		return -ENOENT;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_BADFLAGS:
	case EAI_FAMILY:
	case EAI_SOCKTYPE:
		return -EINVAL;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_SYSTEM:
		return saved > 0 ? -saved : -EIO;
	default:
		return -EIO;
	}
}

static int resolve(const struct query *query, const struct addrinfo *hints, struct addrinfo **out)
{
	int code;

	*out = NULL;
	errno = 0;
	code = getaddrinfo(query->has_node ? query->node : NULL,
			   query->has_service ? query->service : NULL, hints, out);
	return to_errno(code, errno);
}

/* The same, of what no name service is needed for. False: it is. */
static bool resolve_numeric(const struct query *query, struct addrinfo **out)
{
	struct addrinfo hints = query->hints;

	hints.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
	return resolve(query, &hints, out) == 0;
}

static void *ask(void *arg)
{
	struct query *query = arg;

	query->error = resolve(query, &query->hints, &query->answer);
	(void)atomic_fetch_sub_explicit(&threads, 1, memory_order_relaxed);
	atomic_store_explicit(&query->answered, true, memory_order_release);
	weir__event_signal(&query->event);
	unref(query);
	return NULL;
}

/* One thread more, if there may be. */
static int start_thread(struct query *query)
{
	unsigned count = atomic_load_explicit(&threads, memory_order_relaxed);
	pthread_t thread;
	int error;

	do
		if (count >= MOST_THREADS)
			return -EAGAIN;
	while (!atomic_compare_exchange_weak_explicit(&threads, &count, count + 1,
						      memory_order_relaxed, memory_order_relaxed));
	(void)atomic_fetch_add_explicit(&query->references, 1, memory_order_relaxed);
	error = weir__thread_start(&thread, "weir-resolve", 0, ask, query);
	if (error) {
		(void)atomic_fetch_sub_explicit(&query->references, 1, memory_order_relaxed);
		(void)atomic_fetch_sub_explicit(&threads, 1, memory_order_relaxed);
		return error;
	}
	(void)pthread_detach(thread);
	return 0;
}

static int await_answer(const struct weir__io_call *call, struct query *query,
			struct addrinfo **out)
{
	for (;;) {
		uint32_t ticket = weir__event_ticket(&query->event);
		int error;

		if (atomic_load_explicit(&query->answered, memory_order_acquire))
			break;
		error = weir__event_wait(&query->event, ticket, call->token, call->until);
		if (error)
			return error;
	}
	*out = query->answer;
	query->answer = NULL;
	return query->error;
}

/* Copies a name that may be NULL. False: no host or service has such a long one. */
static bool set_name(char *to, size_t room, bool *has, const char *name)
{
	size_t size;

	*has = name != NULL;
	if (!name)
		return true;
	size = strnlen(name, room);
	if (size == room)
		return false;
	memcpy(to, name, size + 1);
	return true;
}

static int make_query(const char *node, const char *service, const struct addrinfo *hints,
		      struct query **out)
{
	struct query *query = calloc(1, sizeof(*query));

	if (!query)
		return -ENOMEM;
	atomic_init(&query->answered, false);
	atomic_init(&query->references, 1);
	weir__event_init(&query->event);
	/* without hints: what getaddrinfo(3) says then holds */
	query->hints.ai_flags = hints ? hints->ai_flags : AI_V4MAPPED | AI_ADDRCONFIG;
	if (hints) {
		query->hints.ai_family = hints->ai_family;
		query->hints.ai_socktype = hints->ai_socktype;
		query->hints.ai_protocol = hints->ai_protocol;
	}
	if (!set_name(query->node, sizeof(query->node), &query->has_node, node) ||
	    !set_name(query->service, sizeof(query->service), &query->has_service, service)) {
		unref(query);
		return -ENOENT;
	}
	*out = query;
	return 0;
}

int weir_getaddrinfo(weir_token *token, const char *node, const char *service,
		     const struct addrinfo *hints, weir_time until, struct addrinfo **out)
{
	const struct weir__io_call call = {token, until, "weir_getaddrinfo()"};
	struct query *query;
	int error = weir__io_check(&call);

	if (!error && !out)
		error = -EINVAL;
	if (!error && !node && !service)
		error = -ENOENT;
	if (!error)
		error = make_query(node, service, hints, &query);
	if (error)
		return error;
	if (!resolve_numeric(query, out)) {
		error = start_thread(query);
		if (!error)
			error = await_answer(&call, query, out);
	}
	unref(query);
	return error;
}
