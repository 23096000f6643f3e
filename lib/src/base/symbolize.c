/* symbolize.c: names of functions from the dynamic linker, which knows the exported ones. */
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weir/stack.h>

int weir_symbolize_elf(void *arg, uintptr_t address, char *out, size_t size)
{
	Dl_info info;
	const char *file, *slash;

	(void)arg;
	/* One less, because a call may be the last instruction of its function. */
	if (address == 0 || dladdr((const void *)(address - 1), &info) == 0 || !info.dli_fname)
		return -ENOENT;
	slash = strrchr(info.dli_fname, '/');
	file = slash ? slash + 1 : info.dli_fname;
	if (info.dli_sname)
		(void)snprintf(out, size, "%s!%s+0x%" PRIxPTR, file, info.dli_sname,
			       address - (uintptr_t)info.dli_saddr);
	else
		(void)snprintf(out, size, "%s+0x%" PRIxPTR, file,
			       address - (uintptr_t)info.dli_fbase);
	return 0;
}
