/* soak.h: what the parts of the soak share.
 *
 * A soak lets clients of all kinds, well-behaved and hostile, at the real `weir` binary, while it
 * is reloaded, upgraded, rehearsed, paused, stopped and started at random moments, and calls that
 * it makes fail. It holds the servers to account: each answer that a client has seen begin is in
 * the counters of exactly one of the processes, by the class of its status, and the other way
 * round; and a process that has served for long has no more memory, descriptors or threads than it
 * had before.
 *
 * Threads: the clients; one that reads the log of the servers (journal.c); and the conductor, which
 * is main()'s, and alone starts processes and waits for them.
 */
#ifndef WEIR_TESTS_SOAK_H
#define WEIR_TESTS_SOAK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <weir/time.h>

#include "support/scratch.h"

#define SOAK_CLASSES 6 /* answers by the hundreds of their status; [0] is not used */

/* Of /files/big, which no client takes whole in one piece. */
#define SOAK_BIG_SIZE ((size_t)8 << 20)
/* Longer bodies than this are too long for POST /count. */
#define SOAK_COUNT_LIMIT ((size_t)64 << 10)

struct soak_random {
	uint64_t state;
};

/* From 0 to below - 1. */
static inline unsigned soak_below(struct soak_random *random, unsigned below)
{
	/* xorshift64* (S. Vigna, 2016) */
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (unsigned)((random->state * 0x2545f4914f6cdd1dULL >> 32) % below);
}

void soak_random_init(struct soak_random *random, uint64_t seed, unsigned stream);

/* What clients have seen. */
struct soak_tally {
	_Atomic uint64_t heads[SOAK_CLASSES]; /* answers that began */
	_Atomic uint64_t unheard;          /* written, and the connection ended without an answer */
	_Atomic uint64_t unheard_first;    /* of these, the first on their connections */
	_Atomic uint64_t truncated;        /* answers that did not come whole */
	_Atomic uint64_t wrong;            /* another status than there may be, or other bytes */
	_Atomic uint64_t spoilt;           /* a 5xx that a fault may bring, and nothing else */
	_Atomic uint64_t refused;          /* connections that found nobody listening */
	_Atomic uint64_t unparsed;         /* answered by libmicrohttpd itself: in no counter */
	_Atomic uint64_t hostile;          /* hostile visits */
	_Atomic uint64_t events, messages; /* server-sent events, WebSocket messages */
};

/* Counters of a server: of one that has ended (its report), or of all those together. */
struct soak_account {
	uint64_t accepted, answered, refused, cancelled, cut, abandoned;
	uint64_t responses[SOAK_CLASSES];
};

/* A process at a moment when nobody asks it for anything. */
struct soak_vitals {
	uint64_t memory; /* resident, bytes */
	unsigned descriptors, threads;
};

/* What the servers have said, in one log for all; see journal.c. */
struct soak_journal {
	pthread_t thread;
	int pipe, file;
	/* under the soak's lock */
	char url[64];     /* of the TCP listener, as it was told last */
	char tls_url[64]; /* "": none */
	char upstream[64];
	unsigned upstream_ready;
	unsigned ready, upgraded, reloaded, reload_failed, upgrade_failed, reports;
	unsigned forced;    /* reports with this outcome */
	unsigned not_clean; /* and with none of clean and forced */
	unsigned sanitizer; /* lines that begin a sanitizer's report */
	pid_t upgraded_to;
	struct soak_account ended; /* the sum of all reports */
};

#define SOAK_PROCESSES 4096

/* How often the conductor has done what. */
struct soak_deeds {
	unsigned reloads, bad_reloads, rehearsals, upgrades, restarts, hurried, pauses, quiet;
	unsigned faults; /* armed */
};

/* Faults that have struck. */
struct soak_struck {
	uint64_t all;
	uint64_t sending; /* of these, those that may leave an answer unheard */
};

struct soak {
	/* fixed once the threads run */
	uint64_t seed;
	unsigned seconds, clients, hostiles;
	const char *weir;
	bool sanitized; /* the binary watches itself; its memory says nothing */
	const char *out;
	struct scratch scratch;
	char public_url[300], admin_url[300], extra_url[300];
	struct fault_control *faults; /* of all servers */

	struct soak_tally tally;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock */
	struct soak_journal journal;
	bool over, paused;
	unsigned parked;
	unsigned epoch; /* how often a server has come to listen anew */

	/* the conductor's */
	struct soak_random random;
	weir_time began, until;
	weir_time replaced_at; /* when the one that serves came to serve */
	pid_t upstream_pid;
	pid_t pids[SOAK_PROCESSES]; /* servers that were not waited for yet, oldest first */
	unsigned pid_count;
	unsigned started; /* servers that came to serve */
	unsigned forced_exits, bad_exits;
	bool variant; /* which of two configurations is on disk */
	struct soak_deeds deeds;
	struct soak_struck struck;      /* but for the last fault */
	uint64_t lost;                  /* answers that were counted and not heard */
	struct soak_vitals earliest;    /* of the one that served at the first quiet moment */
	struct soak_vitals first, last; /* of the process that served longest undisturbed */
	bool watched;                   /* `first` is there */
	unsigned mismatches;            /* quiet points at which the accounts differed */
	char mismatch[256];             /* the first of them */
};

/* journal.c */
void soak_journal_open(struct soak *soak);
/* Reads to the end: every process that writes to it has ended. */
void soak_journal_close(struct soak *soak);
/* Waits until *counter, one of the journal's, has this value at least. */
void soak_journal_await(struct soak *soak, const unsigned *counter, unsigned value,
			const char *what);
/* The value of one of its counters now. */
unsigned soak_journal_get(struct soak *soak, const unsigned *counter);

/* server.c: the servers as processes. */
void soak_configure(struct soak *soak, bool broken);
/* Makes the certificate, or another in its place; nothing in a build without TLS. */
void soak_certify(struct soak *soak);
void soak_upstream_start(struct soak *soak);
void soak_upstream_stop(struct soak *soak);
void soak_server_start(struct soak *soak);
/* Asks the one that serves to stop, twice if `hurry`; returns when all have ended. */
void soak_server_stop(struct soak *soak, bool hurry);
/* SIGUSR2, or POST /upgrade. */
void soak_server_upgrade(struct soak *soak, bool by_signal);
void soak_server_signal(const struct soak *soak, int number);
/* Reaps those that have ended in the meantime. */
void soak_server_reap(struct soak *soak, bool all);
/* A request on the admin listener; its status, and its body if `body` is not NULL, which is then to
 * be freed. */
int soak_admin(const struct soak *soak, const char *method, const char *target, char **body);
void soak_vitals_read(const struct soak *soak, struct soak_vitals *vitals);

/* faults.c: what is started after it was opened is under faults. */
void soak_faults_open(struct soak *soak);
void soak_faults_close(struct soak *soak);
/* Lets one call fail, if it is made in the next moment. */
void soak_fault(struct soak *soak);
/* How many have failed. */
struct soak_struck soak_faults_struck(const struct soak *soak);

/* quiet.c: clients stand still, connections go; both sides are compared. */
void soak_quiet(struct soak *soak, bool watch);
void soak_compare(struct soak *soak, const struct soak_account *account);

/* conduct.c: does things to the server until the time is over. */
void soak_conduct(struct soak *soak);
/* Waits for `duration`, or less if the time is over. */
void soak_let_pass(struct soak *soak, weir_time duration);

/* crowd.c: the clients' threads. */
struct soak_crowd;
struct soak_crowd *soak_crowd_start(struct soak *soak);
void soak_crowd_join(struct soak_crowd *crowd);
/* For a client between two visits: waits while the soak is paused. False: it is over. */
bool soak_go_on(struct soak *soak);
/* True if clients are to let go of their connections: a pause or the end. */
bool soak_wants_quiet(struct soak *soak);
/* For a client that found nobody listening: waits until another server does, for a moment, since it
 * may have been told an address that has just gone. */
void soak_await_server(struct soak *soak, unsigned epoch);
/* The URLs of the TCP listeners, and the epoch they are of; `tls` is "" if there is none. */
unsigned soak_address(struct soak *soak, char url[64], char tls[64]);

/* visits.c, hostile.c: one visit. */
struct soak_visitor;
void soak_visit(struct soak_visitor *visitor);
void soak_visit_hostile(struct soak_visitor *visitor);

/* result.c: the page and the JSON. True if all is as it should be. */
bool soak_result(const struct soak *soak, FILE *page);

#endif
