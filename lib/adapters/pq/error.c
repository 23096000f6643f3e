/* error.c: what went wrong, as an errno and in words.
 *
 * The server's errors carry a SQLSTATE (PostgreSQL's manual, appendix A), whose first two
 * characters are a class. The longest entry of the table that the state begins with wins.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connection.h"

static const struct meaning {
	const char *state;
	int code;
} meanings[] = {
	{"08", -ECONNRESET},    /* connection exception */
	{"22", -EINVAL},        /* data exception: a value that does not fit its type */
	{"23", -EINVAL},        /* integrity constraint violation */
	{"23505", -EEXIST},     /* unique_violation */
	{"28", -EACCES},        /* invalid authorization specification */
	{"3D", -ENOENT},        /* no such database */
	{"3F", -ENOENT},        /* no such schema */
	{"40", -EAGAIN},        /* transaction rollback: serialization failure, deadlock */
	{"42", -EINVAL},        /* syntax error or access rule violation */
	{"42501", -EACCES},     /* insufficient_privilege */
	{"42P01", -ENOENT},     /* undefined_table */
	{"53", -EAGAIN},        /* insufficient resources: too many connections */
	{"53100", -ENOSPC},     /* disk_full */
	{"53200", -ENOMEM},     /* out_of_memory */
	{"55P03", -EBUSY},      /* lock_not_available */
	{"57014", -EINTR},      /* query_canceled, not by us: the caller's trip is told as such */
	{"57P01", -ECONNRESET}, /* admin_shutdown */
	{"57P02", -ECONNRESET}, /* crash_shutdown */
	{"57P03", -EAGAIN},     /* cannot_connect_now */
};

static int meaning_of(const char *state)
{
	size_t i, length, longest = 0;
	int code = -EIO;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		length = strlen(meanings[i].state);
		if (length > longest && strncmp(state, meanings[i].state, length) == 0) {
			longest = length;
			code = meanings[i].code;
		}
	}
	return code;
}

/* The first line of `text`. */
static void set_text(struct weir_pq_error *error, const char *text)
{
	size_t length = strcspn(text, "\r\n");

	if (length >= sizeof(error->text))
		length = sizeof(error->text) - 1;
	memcpy(error->text, text, length);
	error->text[length] = '\0';
}

void weir__pq_clear(struct weir_pq_error *error)
{
	error->sqlstate[0] = '\0';
	error->text[0] = '\0';
}

int weir__pq_say(struct weir_pq_error *error, int code, const char *text)
{
	error->sqlstate[0] = '\0';
	set_text(error, text);
	return code;
}

int weir__pq_say_result(struct weir_pq_error *error, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!state) /* libpq's own: it has no memory, or the server broke the protocol */
		return weir__pq_say(error, -EIO, PQresultErrorMessage(result));
	(void)snprintf(error->sqlstate, sizeof(error->sqlstate), "%s", state);
	set_text(error, text ? text : "");
	return meaning_of(state);
}

/* A verbose message is `... FATAL:  28P01: password authentication failed ...`. libpq tells the
 * state of a failed attempt in no other way, and all else in there may be translated. */
static const char *find_state(const char *message)
{
	const char *at = message;

	while ((at = strstr(at, ":  ")) != NULL) {
		at += 3;
		if (strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 &&
		    strncmp(at + 5, ": ", 2) == 0)
			return at;
	}
	return NULL;
}

int weir__pq_say_attempt(struct weir_pq_error *error, const PGconn *pg)
{
	const char *message = PQerrorMessage(pg);
	const char *state = find_state(message);

	if (!state)
		return weir__pq_say(error, -ECONNREFUSED, message);
	set_text(error, state + 7);
	(void)snprintf(error->sqlstate, sizeof(error->sqlstate), "%.5s", state);
	return meaning_of(error->sqlstate);
}

int weir__pq_lost(weir_pq *connection)
{
	/* What the server said before it went, if it did, is worth more than that it went. */
	if (!connection->error.sqlstate[0])
		set_text(&connection->error, PQerrorMessage(connection->pg));
	weir__pq_drop(connection);
	return -ECONNRESET;
}
