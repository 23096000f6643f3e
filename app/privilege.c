/* privilege.c: see privilege.h. */
#include "privilege.h"
#include "number.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ROOM 16384 /* for an entry of the user database, with all its strings */
#define NUMBER_MAX 4294967294ull

static int fail(char line[COMPLAIN_SIZE], const char *option, const char *name, const char *what)
{
	(void)snprintf(line, COMPLAIN_SIZE, "weir serve: %s: %.80s: %s", option, name, what);
	complain_clean(line);
	return -EINVAL;
}

static int find_user(const char *user, struct privilege *out, char line[COMPLAIN_SIZE])
{
	struct passwd entry, *found = NULL;
	char room[ROOM];
	uint64_t number;
	if (number_parse(user, 0, NUMBER_MAX, &number) == 0) {
		out->user = (uid_t)number;
		(void)getpwuid_r(out->user, &entry, room, sizeof room, &found);
	} else {
		int error = getpwnam_r(user, &entry, room, sizeof room, &found);
		if (found == NULL)
			return fail(line, "--user", user,
				    error != 0 ? strerror(error) : "there is no such user");
	}
	out->group = (gid_t)-1;
	if (found == NULL)
		return 0; /* a number without a name */
	if (snprintf(out->name, sizeof out->name, "%s", found->pw_name) >= (int)sizeof out->name)
		return fail(line, "--user", user, "its name is too long");
	out->user = found->pw_uid;
	out->group = found->pw_gid;
	return 0;
}

static int find_group(const char *group, struct privilege *out, char line[COMPLAIN_SIZE])
{
	struct group entry, *found = NULL;
	char room[ROOM];
	uint64_t number;
	if (number_parse(group, 0, NUMBER_MAX, &number) == 0) {
		out->group = (gid_t)number;
		return 0;
	}
	int error = getgrnam_r(group, &entry, room, sizeof room, &found);
	if (found == NULL)
		return fail(line, "--group", group,
			    error != 0 ? strerror(error) : "there is no such group");
	out->group = found->gr_gid;
	return 0;
}

int privilege_find(const char *user, const char *group, struct privilege *out,
		   char line[COMPLAIN_SIZE])
{
	*out = (struct privilege){.drop = false};
	if (user == NULL && group == NULL)
		return 0;
	if (user == NULL)
		return fail(line, "--group", group, "goes with --user");
	int error = find_user(user, out, line);
	if (error == 0 && group != NULL)
		error = find_group(group, out, line);
	if (error != 0)
		return error;
	if (out->group == (gid_t)-1)
		return fail(line, "--user", user, "has no group of its own: add --group GROUP");
	if (out->user == 0 || out->group == 0)
		return fail(line, "--user", user, "is root: name another");
	if (geteuid() == out->user && getegid() == out->group)
		return 0;
	if (geteuid() != 0)
		return fail(
			line, "--user", user,
			"only root can become another user: start it as root, or without --user");
	out->drop = true;
	return 0;
}

static int set_groups(const struct privilege *privilege)
{
	if (privilege->name[0] != '\0')
		return initgroups(privilege->name, privilege->group);
	return setgroups(1, &privilege->group);
}

static bool is_final(const struct privilege *privilege)
{
	uid_t user[3];
	gid_t group[3];
	if (getresuid(&user[0], &user[1], &user[2]) != 0 ||
	    getresgid(&group[0], &group[1], &group[2]) != 0)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (user[i] != privilege->user || group[i] != privilege->group)
			return false;
	return setuid(0) != 0 && setgid(0) != 0;
}

int privilege_drop(const struct privilege *privilege, char line[COMPLAIN_SIZE])
{
	if (!privilege->drop)
		return 0;
	/* Groups first: the user has no right to change them. */
	if (set_groups(privilege) != 0 ||
	    setresgid(privilege->group, privilege->group, privilege->group) != 0 ||
	    setresuid(privilege->user, privilege->user, privilege->user) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		int error = -errno;
		(void)snprintf(line, COMPLAIN_SIZE,
			       "weir serve: --user: the rights of root cannot be given up: %s",
			       strerror(-error));
		return error;
	}
	if (!is_final(privilege)) {
		(void)snprintf(line, COMPLAIN_SIZE,
			       "weir serve: --user: the rights of root were given up and are still "
			       "there");
		return -EPERM;
	}
	/* A change of user makes /proc/self root's, where names for stacks are read, and forbids
	 * core dumps: proc(5), prctl(2). What this process knows, its user may know. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return 0;
}
