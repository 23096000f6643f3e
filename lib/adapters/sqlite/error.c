/* error.c: SQLite's result codes, as errno values and as words. */
#include <errno.h>
#include <stdio.h>

#include "connection.h"

/* By primary result code, which is the lowest byte of an extended one
 * (https://www.sqlite.org/rescode.html). What is missing is -EIO. */
static const int errnos[] = {
	[SQLITE_OK] = 0,
	[SQLITE_ERROR] = -EINVAL,
	[SQLITE_PERM] = -EACCES,
	[SQLITE_ABORT] = -EAGAIN,
	[SQLITE_BUSY] = -EBUSY,
	[SQLITE_LOCKED] = -EBUSY,
	[SQLITE_NOMEM] = -ENOMEM,
	[SQLITE_READONLY] = -EROFS,
	[SQLITE_INTERRUPT] = -EINTR,
	[SQLITE_IOERR] = -EIO,
	[SQLITE_CORRUPT] = -EUCLEAN,
	[SQLITE_FULL] = -ENOSPC,
	[SQLITE_PROTOCOL] = -EBUSY,
	[SQLITE_SCHEMA] = -EAGAIN,
	[SQLITE_TOOBIG] = -EMSGSIZE,
	[SQLITE_CONSTRAINT] = -EDOM,
	[SQLITE_MISMATCH] = -EINVAL,
	[SQLITE_MISUSE] = -EINVAL,
	[SQLITE_AUTH] = -EACCES,
	[SQLITE_RANGE] = -EINVAL,
	[SQLITE_NOTADB] = -EUCLEAN,
};

int weir__sqlite_errno(weir_sqlite *db, int code)
{
	unsigned primary = (unsigned)code & 0xff;
	int system;

	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return 0;
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    code == SQLITE_CONSTRAINT_ROWID)
		return -EEXIST;
	if (code == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	if (primary == SQLITE_CANTOPEN) {
		system = sqlite3_system_errno(db->handle);
		return system > 0 ? -system : -EIO;
	}
	if (primary < sizeof(errnos) / sizeof(errnos[0]) && errnos[primary])
		return errnos[primary];
	return code == SQLITE_OK ? 0 : -EIO;
}

void weir__sqlite_clear(weir_sqlite *db)
{
	db->code = SQLITE_OK;
	db->message[0] = '\0';
}

void weir__sqlite_note(weir_sqlite *db, int code)
{
	if (weir__sqlite_errno(db, code) == 0)
		return;
	db->code = code;
	(void)snprintf(db->message, sizeof(db->message), "%s", sqlite3_errmsg(db->handle));
}

int weir__sqlite_refuse(weir_sqlite *db, int error, const char *message)
{
	db->code = SQLITE_MISUSE;
	(void)snprintf(db->message, sizeof(db->message), "%s", message);
	return error;
}

const char *weir_sqlite_message(const weir_sqlite *db)
{
	return db->message;
}

int weir_sqlite_code(const weir_sqlite *db)
{
	return db->code;
}
