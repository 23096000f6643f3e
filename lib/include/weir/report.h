/* weir/report.h: what a stop did.
 *
 * The drain report is made once, when a server has stopped. Its counts are exact:
 * every request that was in flight when the stop began, or came in while it ran, is in
 * one and only one of answered, refused, cancelled, cut and abandoned.
 */
#ifndef WEIR_REPORT_H
#define WEIR_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <weir/time.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a stop ended; the values are the binary's exit codes. */
enum weir_outcome {
	WEIR_CLEAN = 0,     /**< every request was answered, cancelled ones included */
	WEIR_FORCED = 3,    /**< requests were cut */
	WEIR_ABANDONED = 4, /**< a handler, task or stage never came back: leave by _exit() */
	WEIR_LEFT = 5       /**< a third signal: left at once, without a report */
};

/** The phases: X(name, key, text). */
#define WEIR_PHASES(X)                                                                             \
	X(RUNNING, "running", "serving")                                                           \
	X(LAME_DUCK, "lame_duck", "saying close, and still taking connections")                    \
	X(CLOSING, "closing", "closing listeners and idle connections")                            \
	X(GRACE, "grace", "letting requests finish")                                               \
	X(CANCELLING, "cancelling", "cancelling requests")                                         \
	X(FORCING, "forcing", "cutting what is left")                                              \
	X(TEARDOWN, "teardown", "joining threads, closing what is left")                           \
	X(DONE, "done", "stopped")

enum weir_phase {
#define WEIR_PHASE_ENUM(name, key, text) WEIR_PHASE_##name,
	WEIR_PHASES(WEIR_PHASE_ENUM)
#undef WEIR_PHASE_ENUM
		WEIR_PHASE_COUNT
};

/** The key of a phase ("grace"); "unknown" for a number that is none. Static; any thread. */
WEIR_API const char *weir_phase_key(int phase);

/** A handler that had not come back, or a request that was cut, when force came. */
struct weir_straggler {
	char route[64];    /**< pattern of its route, cut to fit; "-" if it had none yet */
	char path[128];    /**< decoded, cut to fit */
	char client[64];   /**< address, as weir_request_client() */
	char doing[64];    /**< "receiving", "sending", "in handler", or the handler's own note */
	weir_time age;     /**< since its header had come */
	uint64_t received; /**< body bytes received */
	uint64_t sent;     /**< of a stream: bytes handed on to be sent. Of other answers: what
			    *  the client's kernel has acknowledged on this connection, earlier
			    *  answers and headers included; 0 on a Unix socket */
	/* When and where the handler that has it last looked at its token, or at one beneath it
	 * (weir_token_last_check()): */
	char looked_at[64];   /**< "handler.c:41", or a blocking call: "weir_sleep()"; cut to fit.
			       *   "": it has never looked, or no handler has had it */
	weir_time looked_ago; /**< how long ago; up to 100 ms too much */
	int waiting;          /**< 1: that call is still waiting on the token */
	int abandoned;        /**< 1: its handler never came back; 0: its connection was cut */
	int upgraded;         /**< 1: not a request, but a connection that left HTTP */
	/** Where its thread was just before (weir/stack.h), one line a frame, the innermost first,
	 *  with line feeds between them; "(did not answer)" if it did not within 200 ms; "" or NULL
	 *  if no thread had it. Borrowed with the report. */
	const char *stack;
};

/** A background task (weir/task.h) that had not come back when its time was over. */
struct weir_task_left {
	char name[64];     /**< cut to fit */
	weir_time age;     /**< since its thread began, up to then */
	const char *stack; /**< where its thread was, like that of a straggler */
};

/** How a stage of teardown went: X(name, key, text). */
#define WEIR_STAGE_RESULTS(X)                                                                      \
	X(OK, "ok", "done")                                                                        \
	X(FAILED, "failed", "returned an error")                                                   \
	X(OVERRUN, "overrun", "came back after its share of the time was over")                    \
	X(ABANDONED, "abandoned", "never came back")                                               \
	X(SKIPPED, "skipped", "was not run, because something else had not come back")

enum weir_stage_result {
#define WEIR_STAGE_RESULT_ENUM(name, key, text) WEIR_STAGE_##name,
	WEIR_STAGE_RESULTS(WEIR_STAGE_RESULT_ENUM)
#undef WEIR_STAGE_RESULT_ENUM
		WEIR_STAGE_RESULT_COUNT
};

/** The key of a result ("overrun"); "unknown" for a number that is none. Static; any thread. */
WEIR_API const char *weir_stage_result_key(int result);

/** A stage of teardown that a program has registered. */
struct weir_stage {
	char name[64]; /**< cut to fit */
	enum weir_stage_result result;
	int error;         /**< what it returned; 0 if it did not come back or was skipped */
	weir_time share;   /**< the time it had */
	weir_time time;    /**< the time it took, or was waited for; 0: skipped */
	char because[64];  /**< of one that was skipped: "workers", "tasks" or the name of a stage:
			    *   what had not come back. "" otherwise */
	const char *stack; /**< of one that never came back: where its thread was. Else NULL */
};

struct weir_report_counts {
	uint64_t in_flight;   /**< when the stop began */
	uint64_t arrived;     /**< came in while it ran */
	uint64_t answered;    /**< by their handlers, to the last byte; 500 and 413 included */
	uint64_t refused;     /**< by the library, without a handler */
	uint64_t cancelled;   /**< token tripped, and answered so (or the client had gone) */
	uint64_t cut;         /**< connection cut before the answer was out */
	uint64_t abandoned;   /**< not over when the report was made: handler never came back */
	uint64_t idle_closed; /**< connections without a request that were closed */
	/* Connections that left HTTP (weir/upgrade.h); their requests are among the answered. */
	uint64_t upgraded;     /**< open when the stop began, or opened while it ran */
	uint64_t upgraded_cut; /**< of these, cut when the drain timeout was over */
};

/** What became of all requests since the server started: the counters of /metrics at their end,
 *  which nobody can ask for any more. Of ordinary listeners only. */
struct weir_report_served {
	uint64_t accepted; /**< the sum of the next four and `counts.abandoned` */
	uint64_t answered;
	uint64_t refused;
	uint64_t cancelled;
	uint64_t cut;
	uint64_t responses[6]; /**< answers begun, by the hundreds of their status; [0] is 0 */
};

struct weir_report {
	enum weir_outcome outcome;
	char who[64];                           /**< who asked */
	weir_time total;                        /**< from the request for a stop to its end */
	weir_time phase_time[WEIR_PHASE_COUNT]; /**< how long each phase took; 0: not entered */
	struct weir_report_counts counts;
	struct weir_report_served served;
	const struct weir_straggler *stragglers; /**< at most 64 are named */
	size_t straggler_count;                  /**< named here */
	size_t straggler_total;                  /**< found */
	const struct weir_task_left *tasks;      /**< that did not come back; at most 64 */
	size_t task_count;                       /**< named here */
	size_t task_total;                       /**< found */
	const struct weir_stage *stages;         /**< of teardown, in the order of their turns */
	size_t stage_count;
};

/** The report as several lines of text; its last line is one sentence for people. *text
 *  is malloc()ed, ends with a line feed and a NUL, and is the caller's to free; *size is
 *  its length without the NUL (`size` may be NULL). 0 or -ENOMEM. Any thread. */
WEIR_API int weir_report_text(const struct weir_report *report, char **text, size_t *size);

/** The report as one JSON object on one line, times in seconds. Likewise. */
WEIR_API int weir_report_json(const struct weir_report *report, char **text, size_t *size);

#ifdef __cplusplus
}
#endif

#endif
