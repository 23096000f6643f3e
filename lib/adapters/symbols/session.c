/* session.c: see session.h.
 *
 * The maps are read at the first question and again, at most once a second, when questions come
 * later: a program may have loaded or unloaded something. Modules that are still there are kept by
 * libdwfl with all that it has read of them.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAPS_LAST WEIR_SECOND

/* By the build ID that the linker has put into the file, where distributions put them. libdwfl's
 * own callbacks go on to a debuginfod server if the environment names one: this one does not. */
static int find_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **found)
{
	const unsigned char *id;
	GElf_Addr where;
	char path[256];
	int size = dwfl_module_build_id(module, &id, &where), used, i, fd;

	(void)user, (void)name, (void)base, (void)file, (void)link, (void)crc;
	if (size < 2 || size > 64)
		return -1;
	used = snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%02x/", id[0]);
	for (i = 1; i < size; i++)
		used += snprintf(path + used, sizeof(path) - (size_t)used, "%02x", id[i]);
	(void)snprintf(path + used, sizeof(path) - (size_t)used, ".debug");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -1;
	*found = strdup(path);
	if (!*found) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* The file that is mapped, and no other. One that was replaced while it runs, as an upgrade in
 * place does, has no name any more, but the program itself can still be opened. */
static int find_elf(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
		    char **found, Elf **elf)
{
	int fd = dwfl_linux_proc_find_elf(module, user, name, base, found, elf);
	char self[512];
	ssize_t size;

	if (fd >= 0 || *elf)
		return fd;
	size = readlink("/proc/self/exe", self, sizeof(self));
	if (size <= 0 || (size_t)size == sizeof(self) || strlen(name) != (size_t)size ||
	    memcmp(self, name, (size_t)size) != 0)
		return -1;
	return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_debuginfo,
};

static int read_maps(struct session *session)
{
	int error;

	dwfl_report_begin(session->dwfl);
	error = dwfl_linux_proc_report(session->dwfl, getpid());
	if (dwfl_report_end(session->dwfl, NULL, NULL) != 0 && !error)
		error = -1;
	session->reported = weir_now();
	return error;
}

Dwfl_Module *session_module(struct session *session, Dwarf_Addr address)
{
	if (!session->dwfl)
		session->dwfl = dwfl_begin(&callbacks);
	if (!session->dwfl)
		return NULL;
	if ((session->reported == 0 || weir_now() - session->reported > MAPS_LAST) &&
	    read_maps(session) != 0)
		return NULL;
	return dwfl_addrmodule(session->dwfl, address);
}

void session_end(struct session *session)
{
	if (session->dwfl)
		dwfl_end(session->dwfl);
	session->dwfl = NULL;
	session->reported = 0;
}
