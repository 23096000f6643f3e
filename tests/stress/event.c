/* stress/event.c: no wakeup is lost between weir__event_signal(), a trip, and
 * weir__event_wait().
 *
 * In each round two threads wait for a letter, with a token. A third one, at any moment of
 * their going to sleep, either puts the letter there and signals, or trips the token, or
 * does both. A round that does not end is a lost wakeup. Invariants: the outcome of each
 * wait is the one that was brought about.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cancel/event.h"
#include "cancel/token.h"
#include "stress/stress.h"

enum { WAITERS = 2 };
enum { LETTER = 1, TRIP = 2 };

struct office {
	unsigned long rounds;
	pthread_barrier_t begin, end;
	struct weir__event event;
	_Atomic int letter;
	weir_token *token; /* of this round; changed between end and begin */
	int sent;          /* LETTER, TRIP or both; likewise, read after end */
	int got[WAITERS];
};

static int await_letter(struct office *office)
{
	weir_time until = weir_after(STRESS_PATIENCE);

	for (;;) {
		uint32_t ticket = weir__event_ticket(&office->event);
		int error;

		if (atomic_load_explicit(&office->letter, memory_order_acquire))
			return 0;
		error = weir__event_wait(&office->event, ticket, office->token, until);
		if (error)
			return error;
	}
}

static void pause_a_little(struct stress_random *random)
{
	for (unsigned i = stress_random_below(random, 400); i > 0; i--)
		atomic_signal_fence(memory_order_seq_cst);
}

static void send(struct office *office, struct stress_random *random)
{
	static const int all[] = {LETTER, TRIP, LETTER | TRIP};

	office->sent = all[stress_random_below(random, 3)];
	pause_a_little(random);
	if (office->sent & LETTER) {
		atomic_store_explicit(&office->letter, 1, memory_order_release);
		weir__event_signal(&office->event);
	}
	if (office->sent & TRIP)
		(void)weir_token_cancel(office->token, WEIR_REASON_REQUESTED, NULL);
}

static void check_round(const struct office *office)
{
	for (unsigned i = 0; i < WAITERS; i++) {
		stress_check(office->got[i] != -ETIMEDOUT, "a wakeup was lost (sent %d)",
			     office->sent);
		stress_check(office->got[i] == 0 || office->got[i] == -ECANCELED, "%d",
			     office->got[i]);
		stress_check(office->got[i] != 0 || (office->sent & LETTER), "no letter was sent");
		stress_check(office->got[i] == 0 || (office->sent & TRIP), "no trip was made");
	}
	stress_check(atomic_load(&office->event.waiters) == 0, "%u waiters are left",
		     atomic_load(&office->event.waiters));
	stress_check(office->token->callbacks.weir__next == &office->token->callbacks,
		     "a callback is left");
}

static void meet(pthread_barrier_t *barrier)
{
	int error = pthread_barrier_wait(barrier);

	stress_check(error == 0 || error == PTHREAD_BARRIER_SERIAL_THREAD, "%d", error);
}

static void run(void *arg, unsigned number)
{
	struct office *office = arg;
	struct stress_random random;

	stress_random_init(&random, number);
	for (unsigned long i = 0; i < office->rounds; i++) {
		if (number == WAITERS) {
			int error = weir_token_create(NULL, WEIR_NEVER, &office->token);

			stress_check(error == 0, "weir_token_create: %d", error);
			atomic_store(&office->letter, 0);
		}
		meet(&office->begin);
		if (number == WAITERS) {
			send(office, &random);
		} else {
			pause_a_little(&random);
			office->got[number] = await_letter(office);
		}
		meet(&office->end);
		if (number == WAITERS) {
			check_round(office);
			weir_token_unref(office->token);
		}
	}
}

int main(int argc, char **argv)
{
	static struct office office;

	office.rounds = stress_iterations(argc, argv, 50000);
	weir__event_init(&office.event);
	stress_check(pthread_barrier_init(&office.begin, NULL, WAITERS + 1) == 0, "barrier");
	stress_check(pthread_barrier_init(&office.end, NULL, WAITERS + 1) == 0, "barrier");
	stress_threads(WAITERS + 1, run, &office);
	printf("event: %lu rounds, no wakeup lost\n", office.rounds);
	return 0;
}
