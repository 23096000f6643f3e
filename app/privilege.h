/* privilege.h: a server that was started by root goes on as somebody else.
 *
 *	looked up -> sockets bound, log and token opened -> dropped -> everything else
 *
 * What is dropped cannot be had back: all three user and group numbers are set, supplementary
 * groups are those of the user, and programs that the process starts gain nothing by being
 * set-user-ID (credentials(7), prctl(2) PR_SET_NO_NEW_PRIVS). */
#ifndef WEIR_APP_PRIVILEGE_H
#define WEIR_APP_PRIVILEGE_H

#include "complain.h"

#include <stdbool.h>
#include <sys/types.h>

#define PRIVILEGE_NAME_MAX 64

struct privilege {
	bool drop; /* false: stay who we are */
	uid_t user;
	gid_t group;
	char name[PRIVILEGE_NAME_MAX]; /* of the user; "" if it has none */
};

/** Finds the numbers of a user and a group, each a name or a number; NULL: not asked for. Without
 *  `group` it is the user's own. Who is that user already, as after an upgrade, stays it. Returns
 * 0, or -EINVAL with the line to print: nobody of that name, root, not allowed. Before there is a
 *  second thread. */
int privilege_find(const char *user, const char *group, struct privilege *out,
		   char line[COMPLAIN_SIZE]);

/** Becomes that user, with all threads, and makes sure that there is no way back. Returns 0, or a
 *  negative errno with the line to print: the process must not go on then. */
int privilege_drop(const struct privilege *privilege, char line[COMPLAIN_SIZE]);

#endif
