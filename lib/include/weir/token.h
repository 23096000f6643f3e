/* weir/token.h: the cancellation token.
 *
 * A token is a one-way switch: it is live, and at some moment it is tripped,
 * for good, with a cause that says why, where and when. The first cause wins;
 * later ones are not recorded. Tokens form a tree: a child is tripped together
 * with its parent, and when weir_token_cancel() returns, every descendant reads
 * as tripped. A token may have a deadline; the earliest on the way up to the
 * root is the one that counts.
 *
 * How it is used: pass the token down to whatever may take long; look at it
 * with weir_token_check() between pieces of work; block only in calls that take
 * it (weir_sleep(), weir_request_read(), weir_response_write(), ...); or hand
 * weir_token_fd() to your own poll loop. When a call says -ECANCELED, undo what
 * is half done and return -ECANCELED.
 *
 * NULL is a token that never trips, and every call here accepts it.
 *
 * Thread safety: every call may be made from any thread, at any time, and from
 * inside a token callback: no lock is held while a callback runs. Only the
 * memory rules bind: a call needs a reference that stays valid during the call.
 *
 * A token remembers when and where it was last looked at, so that a report can say of a
 * handler that does not come back what it did last (weir_token_last_check()).
 */
#ifndef WEIR_TOKEN_H
#define WEIR_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/time.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_token weir_token;

/** Why a token was tripped: X(name, key in logs and metrics, text for people). */
#define WEIR_REASONS(X)                                                                            \
	X(NONE, "none", "not cancelled")                                                           \
	X(CLIENT_GONE, "client_gone", "the client has gone")                                       \
	X(DEADLINE, "deadline", "the deadline has passed")                                         \
	X(DRAINING, "draining", "the server has begun to stop")                                    \
	X(SHUTDOWN, "shutdown", "the server's grace is over")                                      \
	X(REQUESTED, "requested", "cancelled on request")                                          \
	X(USER, "user", "cancelled by the program")

enum weir_reason {
#define WEIR_REASON_ENUM(name, key, text) WEIR_REASON_##name,
	WEIR_REASONS(WEIR_REASON_ENUM)
#undef WEIR_REASON_ENUM
		WEIR_REASON_COUNT /* the program's own reasons may be numbered from here to 0xffff
				   */
};

/** Longest detail kept with a cause, its NUL included; longer ones are cut. */
#define WEIR_DETAIL_SIZE 64

/** The cause of a trip. */
struct weir_cause {
	int reason;                    /**< enum weir_reason, or the program's own */
	int line;                      /**< where it was cancelled; 0 if unknown */
	const char *file;              /**< likewise; a string literal, or "" */
	weir_time when;                /**< when it was cancelled */
	char detail[WEIR_DETAIL_SIZE]; /**< a few words, may be empty */
};

/** The key of a reason ("client_gone"); "user" for the program's own. */
WEIR_API const char *weir_reason_key(int reason);

/** A reason in words for people ("the client has gone"). */
WEIR_API const char *weir_reason_text(int reason);

/** Makes a token under `parent` (NULL: a root), tripped with WEIR_REASON_DEADLINE
 *  at `deadline` (WEIR_NEVER: none). The child of a tripped parent is born tripped,
 *  with the parent's cause.
 *  On success *out holds one reference, which the caller must weir_token_unref().
 *  The parent is kept alive by the child. Returns 0, -EINVAL, -ENOMEM, or -EAGAIN
 *  (the timer thread could not be started). */
WEIR_API int weir_token_create(weir_token *parent, weir_time deadline, weir_token **out);

/** Makes a token for cleanup, which a trip of `parent` does not trip at once: from that trip on
 *  (if the parent is tripped already, from this call on) it has `budget` nanoseconds, and is
 *  then tripped with the parent's cause, `when` being that moment and the detail saying
 *  "cleanup budget over". Pass it to what must be brought to an end, or rolled back, after a
 *  -ECANCELED. Its own deadline, weir_token_cancel() and its children work as with any token;
 *  a deadline cannot extend the budget. Otherwise as weir_token_create(); -EINVAL too if the
 *  budget is not positive or WEIR_NEVER. Under a NULL parent it is a plain token. */
WEIR_API int weir_token_create_shield(weir_token *parent, weir_time budget, weir_token **out);

/** Makes a token that is tripped by the first of `count` others, with its cause; tripped from
 *  the start if one of them is. NULL ones never trip. It is made from outside: when
 *  weir_token_cancel() of a source returns to the thread that was first, the linked token is
 *  tripped; other threads may see the source tripped a moment earlier. It keeps a reference to
 *  each of them. `tokens` is read during the call only. Giving back the last reference removes
 *  it from its sources, waiting, if one is being tripped on another thread, for the moment in
 *  which that looks at it.
 *  On success *out holds one reference. Returns 0, -EINVAL or -ENOMEM. */
WEIR_API int weir_token_create_linked(weir_token *const *tokens, size_t count, weir_token **out);

/** Takes one more reference. Returns `token`. */
WEIR_API weir_token *weir_token_ref(weir_token *token);

/** Gives one reference back; the last one frees the token. A token that is freed
 *  has no callbacks any more: remove them first. */
WEIR_API void weir_token_unref(weir_token *token);

#define WEIR__TEXT_OF(line) #line
#define WEIR__PLACE(file, line) file ":" WEIR__TEXT_OF(line)

/** 0 while the token is live, -ECANCELED once it is tripped. One acquire load, no
 *  lock, whatever the depth of the tree: meant for inner loops. As a macro it records its
 *  caller's place as that of the last look; the function (for a pointer to it) has no place. */
WEIR_API int weir_token_check(const weir_token *token);
#define weir_token_check(token) weir_token_check_at((token), WEIR__PLACE(__FILE__, __LINE__))

/** The same, with a place to be recorded, for wrappers: a string that lives as long as the
 *  program, "file.c:41" or "function()"; it is kept, not copied. */
WEIR_API int weir_token_check_at(const weir_token *token, const char *where);

/** When and where a token was last looked at, by weir_token_check() or a blocking call. */
struct weir_last_check {
	const char *where; /**< "file.c:41", with the file as the compiler was given it, or the
			    *   blocking call: "weir_token_wait()". Static. */
	weir_time when;    /**< in a server with requests in flight at most about 100 ms before
			    *   the look, never after it; elsewhere as old as the latest
			    *   deadline or wait of any token in the process */
	int waiting;       /**< 1: a blocking call is waiting on it now */
};

/** The last look at this token or one beneath it; if several threads have looked at one
 *  token within the same tick of the clock (`when`), the place may be that of the first.
 *  Takes a lock and a time proportional to the number of descendants: for reports. Returns 0;
 *  -EAGAIN if there was none; -EINVAL if an argument is NULL. */
WEIR_API int weir_token_last_check(const weir_token *token, struct weir_last_check *out);

/** Trips the token and all its descendants, then runs their callbacks on this
 *  thread. Returns true if this call was the first. `detail` is copied and may be
 *  NULL. Reasons outside 1..0xffff count as WEIR_REASON_USER. */
#define weir_token_cancel(token, reason, detail)                                                   \
	weir_token_cancel_at((token), (reason), (detail), __FILE__, __LINE__)
WEIR_API bool weir_token_cancel_at(weir_token *token, int reason, const char *detail,
				   const char *file, int line);

/** The cause. Returns 0 and fills *out if the token is tripped, else -EAGAIN. */
WEIR_API int weir_token_cause(const weir_token *token, struct weir_cause *out);

/** The reason alone; WEIR_REASON_NONE while the token is live. */
WEIR_API int weir_token_reason(const weir_token *token);

/** The earliest deadline from here up to the root, and on to the sources of a linked token;
 *  what is above a shield counts with the shield's budget added. WEIR_NEVER if there is none. */
WEIR_API weir_time weir_token_deadline(weir_token *token);

/** Sets this token's own deadline (WEIR_NEVER: none), in place of an earlier one.
 *  A deadline that has passed trips the token within the call.
 *  Returns 0, -EINVAL (token is NULL), -ENOMEM or -EAGAIN as weir_token_create(). */
WEIR_API int weir_token_set_deadline(weir_token *token, weir_time deadline);

/** Waits until the token is tripped. Returns -ECANCELED once it is, or -ETIMEDOUT
 *  at `until`. */
WEIR_API int weir_token_wait(weir_token *token, weir_time until);

/** A descriptor that becomes readable (POLLIN) when the token is tripped and stays
 *  so: for poll loops. Made on the first call; owned by the token, which closes it
 *  when it is freed; never read from it and never close it.
 *  Returns the descriptor, or -EMFILE, -ENFILE, -ENOMEM; -EINVAL for NULL. */
WEIR_API int weir_token_fd(weir_token *token);

/** A callback that a trip runs. The memory is the caller's; one registration at a
 *  time for each of these. Do not look at the fields. */
typedef struct weir_token_callback weir_token_callback;
struct weir_token_callback {
	void (*weir__fn)(void *arg);
	void *weir__arg;
	weir_token *weir__root;
	weir_token_callback *weir__next, *weir__prev;
	void *weir__run;
	int weir__state;
};

/** Registers `fn(arg)` to be run once when `token` is tripped, on the thread that
 *  trips it (for a deadline: the timer thread), with no lock held; at once, on this
 *  thread, before this call returns, if it is tripped already. No allocation; the
 *  order among callbacks is not defined. The token must live until the callback has
 *  been removed or run; `fn` may give back the last reference to it.
 *  A callback should be short and must not block: a trip waits for it. */
WEIR_API void weir_token_callback_add(weir_token *token, weir_token_callback *callback,
				      void (*fn)(void *arg), void *arg);

/* Three ways to remove a callback, for the three needs there are. After the
 * callback has run, and on one that was zeroed and never added, each is a harmless
 * no-op. */

/** "Tell me whether I prevented it." Returns true if the callback will never run;
 *  false if it has run or is running now. Never waits. */
WEIR_API bool weir_token_callback_try_remove(weir_token_callback *callback);

/** "Make sure it is over." Returns 0 when the callback is not running and will not
 *  run: its memory may be freed. Called from inside the callback itself it does
 *  not wait for itself. If the callback runs on a thread that is itself waiting,
 *  directly or through others, for a callback that this thread is running, waiting
 *  would never end: the call then returns -EDEADLK at once; Weir will not touch
 *  the callback's memory again, but `fn` is still running. */
WEIR_API int weir_token_callback_remove(weir_token_callback *callback);

/** "I do not care." Never waits. Weir does not touch the callback's memory after
 *  this call; `fn(arg)` may still be running. */
WEIR_API void weir_token_callback_detach(weir_token_callback *callback);

#ifdef __cplusplus
}
#endif

#endif
