/* call.c: a token over whatever runs on a connection.
 *
 * While a call lasts, a callback on its token calls sqlite3_interrupt(), which sets a mark on
 * the connection that makes all that runs on it return SQLITE_INTERRUPT. Two things about
 * that mark are wrong for us, and put right here:
 *
 * It can be lost. sqlite3_step() and sqlite3_prepare_v2() take it away when they begin and no
 * other statement is active. A trip that comes between our look at the token and that
 * beginning would interrupt nothing. So there is always another statement: each connection
 * has a `pin`, two rows of constants that touch no table, no lock and no transaction. enter()
 * steps it to its first row, and only then registers the callback: a mark that is set from
 * here on stays until the pin is reset. (VACUUM alone refuses to run beside an active
 * statement; see statement.c.)
 *
 * It can be left over. A mark that comes when the last statement has just ended would be there
 * for something that somebody else runs on the connection. leave() removes the callback, which
 * waits for one that is running just now, then lets go of the pin, and steps it once more, which
 * takes the mark away.
 *
 * A wait for a lock of the database is in the busy handler, which sleeps on the same token.
 * The lock may be another process's, which tells nobody when it lets go: here alone there is no
 * way but to ask again, at growing intervals.
 */
#include <errno.h>

#include <weir/io.h>

#include "connection.h"

static void interrupt(void *handle)
{
	sqlite3_interrupt(handle);
}

/* The caller's token, or a child of it where the call's own deadline comes first. */
static int limit(struct weir_sqlite_call *call, weir_time until)
{
	call->limited = call->token;
	if (until == WEIR_NEVER || until >= weir_token_deadline(call->token))
		return 0;
	return weir_token_create(call->token, until, &call->limited);
}

static void end_limit(struct weir_sqlite_call *call)
{
	if (call->limited != call->token)
		weir_token_unref(call->limited);
}

int weir__sqlite_enter(struct weir_sqlite_call *call, weir_sqlite *db, weir_token *token,
		       weir_time until)
{
	int code, error;

	if (db->call)
		return -EBUSY;
	weir__sqlite_clear(db);
	if (weir_token_check(token))
		return -ECANCELED;
	if (until <= weir_now())
		return -ETIMEDOUT;
	*call = (struct weir_sqlite_call){.db = db, .token = token};
	error = limit(call, until);
	if (error)
		return error;
	code = sqlite3_step(db->pin);
	if (code != SQLITE_ROW) {
		weir__sqlite_note(db, code);
		(void)sqlite3_reset(db->pin);
		end_limit(call);
		return weir__sqlite_errno(db, code);
	}
	db->call = call;
	weir_token_callback_add(call->limited, &call->callback, interrupt, db->handle);
	return 0;
}

/* An interrupt, and a lock that was waited for in vain, are of the token's making if that is
 * tripped. */
static int result(const struct weir_sqlite_call *call, int code)
{
	int primary = code & 0xff;

	if ((primary == SQLITE_INTERRUPT || primary == SQLITE_BUSY) &&
	    weir_token_check(call->limited))
		return weir_token_check(call->token) ? -ECANCELED : -ETIMEDOUT;
	return weir__sqlite_errno(call->db, code);
}

int weir__sqlite_leave(struct weir_sqlite_call *call, int code)
{
	weir_sqlite *db = call->db;
	int error;

	/* -EDEADLK is not possible: interrupt() waits for nobody. */
	(void)weir_token_callback_remove(&call->callback);
	error = result(call, code);
	(void)sqlite3_reset(db->pin);
	if (weir_token_check(call->limited)) {
		(void)sqlite3_step(db->pin);
		(void)sqlite3_reset(db->pin);
	}
	db->call = NULL;
	end_limit(call);
	return error;
}

/* sqlite3_busy_handler(): 0 gives up, and the statement fails with SQLITE_BUSY. */
int weir__sqlite_wait_for_lock(void *arg, int count)
{
	static const weir_time pauses[] = {1, 2, 5, 10, 15, 20, 25};
	const weir_sqlite *db = arg;
	unsigned last = sizeof(pauses) / sizeof(pauses[0]) - 1;
	unsigned step = (unsigned)count < last ? (unsigned)count : last;

	if (!db->call)
		return 0;
	return weir_sleep(db->call->limited, weir_after(pauses[step] * WEIR_MILLISECOND)) == 0;
}
