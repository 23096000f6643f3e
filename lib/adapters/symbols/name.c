/* name.c: see weir/symbols.h.
 *
 * Lock: libdwfl may be used by one thread at a time; `lock` is held for the length of a question.
 * No callback of anybody else's runs under it.
 */
#include <weir/symbols.h>

#include <dwarf.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/stack.h>

#include "session.h"

struct weir_symbols {
	pthread_mutex_t lock;
	struct session session; /* under the lock */
};

int weir_symbols_create(weir_symbols **out)
{
	weir_symbols *symbols = calloc(1, sizeof(*symbols));
	int error;

	if (!symbols)
		return -ENOMEM;
	error = -pthread_mutex_init(&symbols->lock, NULL);
	if (error) {
		free(symbols);
		return error;
	}
	*out = symbols;
	return 0;
}

void weir_symbols_destroy(weir_symbols *symbols)
{
	if (!symbols)
		return;
	session_end(&symbols->session);
	(void)pthread_mutex_destroy(&symbols->lock);
	free(symbols);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The function whose code the compiler has put into `in`, if there is one: the innermost. A part
 * of a function that was split off counts as its own. */
static const char *inlined_at(Dwfl_Module *module, Dwarf_Addr address, const char *in, char *out,
			      size_t size)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, &bias), *scopes = NULL;
	int count = unit ? dwarf_getscopes(unit, address - bias, &scopes) : 0, i;
	const char *found = NULL, *name;

	for (i = 0; i < count && !found; i++) {
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			break;
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		name = dwarf_diename(&scopes[i]);
		if (!name || strcmp(name, in) == 0)
			break;
		(void)snprintf(out, size, "%s, inlined in ", name);
		found = out;
	}
	free(scopes);
	return found ? found : "";
}

/* " (file.c:41)" */
static const char *line_of(Dwfl_Module *module, Dwarf_Addr address, char *out, size_t size)
{
	Dwfl_Line *line = dwfl_module_getsrc(module, address);
	const char *file;
	int number = 0;

	file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
	if (!file || number <= 0)
		return "";
	(void)snprintf(out, size, " (%s:%d)", last_part(file), number);
	return out;
}

/* With a line, that says where it is; without one, the file and the offset do. -ENOENT if the
 * function is not known. */
static int describe(Dwfl_Module *module, uintptr_t address, char *out, size_t size)
{
	const char *file, *name, *line;
	char plain[160], in[160], at[160];
	Dwarf_Addr call = address - 1;
	GElf_Off offset;
	GElf_Sym symbol;

	name = dwfl_module_addrinfo(module, call, &offset, &symbol, NULL, NULL, NULL);
	file = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	line = line_of(module, call, at, sizeof(at));
	if (!name || !file)
		return -ENOENT;
	/* Without the version of its symbol: clock_nanosleep@GLIBC_2.2.5. */
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name, "@"), name);
	if (line[0])
		(void)snprintf(out, size, "%s%s%s", inlined_at(module, call, plain, in, sizeof(in)),
			       plain, line);
	else
		(void)snprintf(out, size, "%s!%s+0x%" PRIx64, last_part(file), plain,
			       (uint64_t)offset + 1);
	return 0;
}

int weir_symbols_find(void *arg, uintptr_t address, char *out, size_t size)
{
	weir_symbols *symbols = arg;
	Dwfl_Module *module;
	int error = -ENOENT;

	if (address == 0)
		return error;
	(void)pthread_mutex_lock(&symbols->lock);
	module = session_module(&symbols->session, address - 1);
	if (module)
		error = describe(module, address, out, size);
	(void)pthread_mutex_unlock(&symbols->lock);
	/* The dynamic linker knows what was loaded a moment ago, and where unnamed code is. */
	return error ? weir_symbolize_elf(NULL, address, out, size) : 0;
}
