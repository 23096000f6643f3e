/* stress/io.c: the calls of weir/io.h, with trips that come when they like.
 *
 * Threads work in pairs. One makes a call under a fresh token; the other trips that token a
 * random moment later, and sometimes brings something for some caller at about that moment.
 * The descriptors are blocking, and those that are read or accepted from are shared by all
 * callers, so what poll has promised one of them another one may have taken: then only a
 * signal reaches it. Invariants: every call comes back; as done or as cancelled; what was
 * brought has been taken once, or is still there; nothing is left open.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/io.h>

#include "stress/io_world.h"
#include "stress/stress.h"
#include "support/descriptors.h"

enum { PAIRS = 4, CALLS = 10 };

/* Of a pair: each waits for the other by looking, so that both are awake when it begins. */
enum step { IDLE, OFFERED, SEEN, BEGUN, TRIPPED, OVER };

struct play {
	unsigned long iterations;
	struct world world;
	struct pair {
		struct play *play;
		_Atomic enum step step;
		_Atomic(weir_token *) token;
	} pairs[PAIRS];
	/* what most of them do now: they shall get in each other's way */
	_Atomic unsigned fashion;
	_Atomic unsigned long done, cancelled;
};

/* The name service of this program: slow, or not there. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	(void)node;
	(void)service;
	(void)out;
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	for (int i = 0; i < 50; i++)
		(void)sched_yield();
	return EAI_AGAIN;
}

void freeaddrinfo(struct addrinfo *answer)
{
	stress_check(!answer, "an answer from nowhere");
}

static weir_time soon(struct stress_random *random)
{
	/* mostly, so that whatever is lost is told; without a time the other one tells */
	return stress_random_below(random, 4) ? weir_after(STRESS_PATIENCE) : WEIR_NEVER;
}

static ssize_t read_shared(struct world *world, enum sort sort, weir_token *token, weir_time until)
{
	char byte;
	ssize_t n = weir_read(token, world->shared[sort].ours, &byte, 1, until);

	if (n > 0)
		atomic_fetch_add(&world->shared[sort].taken, (unsigned long)n);
	return n;
}

static ssize_t accept_shared(struct world *world, weir_token *token, weir_time until)
{
	int fd = weir_accept(token, world->shared[LISTENER].ours, NULL, NULL, 0, until);

	if (fd < 0)
		return fd;
	(void)close(fd);
	atomic_fetch_add(&world->shared[LISTENER].taken, 1);
	return 0;
}

static ssize_t poll_shared(struct world *world, weir_token *token, weir_time until)
{
	struct pollfd fds[] = {{.fd = world->shared[PIPE].ours, .events = POLLIN},
			       {.fd = world->shared[FIFO].ours, .events = POLLIN}};

	return weir_poll(token, fds, 2, until);
}

static ssize_t write_full(int fd, weir_token *token, weir_time until)
{
	size_t done = 1;
	ssize_t n = weir_write(token, fd, "xyz", 3, until, &done);

	stress_check(n == -ECANCELED && done == 0, "%zd, done %zu", n, done);
	return n;
}

static ssize_t connect_crowded(struct world *world, weir_token *token, weir_time until)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	stress_check(fd >= 0, "errno %d", errno);
	error = weir_connect(token, fd, (struct sockaddr *)&world->crowded, world->crowded_size,
			     until);
	stress_check(error == -ECANCELED, "%d", error);
	(void)close(fd);
	return error;
}

static ssize_t wait_child(struct world *world, weir_token *token, weir_time until)
{
	int error = weir_waitpid(token, world->child, NULL, until);

	stress_check(error == -ECANCELED, "%d", error);
	return error;
}

static ssize_t look_up(weir_token *token, weir_time until)
{
	struct addrinfo *answer;
	int error = weir_getaddrinfo(token, "name", "80", NULL, until, &answer);

	return error == -EAGAIN ? 0 : error; /* its answer, or too many that were given up */
}

static ssize_t copy_shared(struct world *world, weir_token *token, weir_time until)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), error;
	uint64_t done = 0;

	stress_check(null >= 0, "errno %d", errno);
	error = weir_copy(token, world->shared[PIPE].ours, null, 2, until, &done);
	atomic_fetch_add(&world->shared[PIPE].taken, (unsigned long)done);
	(void)close(null);
	return error;
}

static unsigned choose_call(struct play *play, struct stress_random *random)
{
	if (stress_random_below(random, 64) == 0)
		atomic_store(&play->fashion, stress_random_below(random, CALLS));
	return stress_random_below(random, 4) ? atomic_load(&play->fashion)
					      : stress_random_below(random, CALLS);
}

static void spin(weir_time duration)
{
	weir_time until = weir_after(duration);

	while (weir_now() < until)
		;
}

static ssize_t call(struct play *play, weir_token *token, struct stress_random *random)
{
	struct world *world = &play->world;
	weir_time until = soon(random);

	switch (choose_call(play, random)) {
	case 0:
		return read_shared(world, PIPE, token, until);
	case 1:
	case 2:
		return read_shared(world, FIFO, token, until);
	case 3:
		return accept_shared(world, token, until);
	case 4:
		return poll_shared(world, token, until);
	case 5:
		return write_full(stress_random_below(random, 2) ? world->full_pipe
								 : world->full_socket,
				  token, until);
	case 6:
		return connect_crowded(world, token, until);
	case 7:
		return wait_child(world, token, until);
	case 8:
		return look_up(token, until);
	default: /* CALLS - 1 */
		return copy_shared(world, token, until);
	}
}

static void await(struct pair *pair, enum step step)
{
	weir_time until = weir_after(2 * STRESS_PATIENCE);
	enum step at;

	while ((at = atomic_load(&pair->step)) != step) {
		stress_check(weir_now() < until, "a call was not reached: step %d, not %d", (int)at,
			     (int)step);
		(void)sched_yield();
	}
}

static void make_calls(struct pair *pair, struct stress_random *random)
{
	struct play *play = pair->play;

	for (unsigned long i = 0; i < play->iterations; i++) {
		weir_token *token = NULL;
		ssize_t result;

		stress_check(weir_token_create(NULL, WEIR_NEVER, &token) == 0, "no token");
		atomic_store(&pair->token, token);
		atomic_store(&pair->step, OFFERED);
		await(pair, SEEN);
		atomic_store(&pair->step, BEGUN);
		spin(stress_random_below(random, 5000));
		result = call(play, token, random);
		stress_check(result >= 0 || result == -ECANCELED, "%zd", result);
		stress_check(result >= 0 || weir_token_check(token), "not tripped");
		atomic_fetch_add(result < 0 ? &play->cancelled : &play->done, 1);
		await(pair, TRIPPED);
		atomic_store(&pair->step, OVER);
		await(pair, IDLE);
		weir_token_unref(token);
	}
}

static void bring(struct play *play)
{
	static const enum sort wanted[CALLS] = {[1] = FIFO, [2] = FIFO, [3] = LISTENER, [4] = FIFO};
	enum sort sort = wanted[atomic_load(&play->fashion)];
	struct world *world = &play->world;
	unsigned long taken = atomic_load(&world->shared[sort].taken);
	int fd;

	/* little, so that there is something to fight for; never so much that it fills up */
	if (atomic_load(&world->shared[sort].brought) > taken + 2)
		return;

	if (sort != LISTENER) {
		stress_check(write(world->shared[sort].theirs, "x", 1) == 1, "errno %d", errno);
	} else {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		stress_check(fd >= 0, "errno %d", errno);
		/* a full backlog will do: then there is something for everybody */
		if (connect(fd, (struct sockaddr *)&world->listener, world->listener_size) != 0) {
			stress_check(errno == EAGAIN, "errno %d", errno);
			(void)close(fd);
			return;
		}
		(void)close(fd);
	}
	atomic_fetch_add(&world->shared[sort].brought, 1);
}

static void trip_calls(struct pair *pair, struct stress_random *random)
{
	struct play *play = pair->play;

	for (unsigned long i = 0; i < play->iterations; i++) {
		await(pair, OFFERED);
		atomic_store(&pair->step, SEEN);
		await(pair, BEGUN);
		if (stress_random_below(random, 2))
			bring(play);
		/* often while the call goes to sleep, sometimes long after that */
		spin(stress_random_below(random, stress_random_below(random, 4) ? 15000 : 200000));
		(void)weir_token_cancel(atomic_load(&pair->token), WEIR_REASON_REQUESTED, NULL);
		atomic_store(&pair->step, TRIPPED);
		await(pair, OVER);
		atomic_store(&pair->step, IDLE);
	}
}

static void run(void *arg, unsigned number)
{
	struct play *play = arg;
	struct pair *pair = &play->pairs[number / 2];
	struct stress_random random;

	stress_random_init(&random, number);
	if (number % 2)
		trip_calls(pair, &random);
	else
		make_calls(pair, &random);
}

int main(int argc, char **argv)
{
	static struct play play;
	unsigned long brought = 0;
	unsigned fds;

	play.iterations = stress_iterations(argc, argv, 5000);
	world_make(&play.world);
	for (unsigned i = 0; i < PAIRS; i++)
		play.pairs[i].play = &play;
	fds = descriptors_count();
	stress_threads(2 * PAIRS, run, &play);
	stress_check(descriptors_count() == fds, "%u descriptors, not %u", descriptors_count(),
		     fds);
	for (enum sort sort = 0; sort < SORTS; sort++) {
		struct shared *shared = &play.world.shared[sort];
		unsigned long left = world_left(&play.world, sort);

		stress_check(atomic_load(&shared->taken) + left == atomic_load(&shared->brought),
			     "sort %d: %lu brought, %lu taken, %lu left", (int)sort,
			     atomic_load(&shared->brought), atomic_load(&shared->taken), left);
		brought += atomic_load(&shared->brought);
	}
	world_end(&play.world);
	printf("io: %lu calls were cancelled, %lu done; %lu things were brought, each taken once\n",
	       atomic_load(&play.cancelled), atomic_load(&play.done), brought);
	return 0;
}
