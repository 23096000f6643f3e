/* support/fault_callers.c: see fault_callers.h. */
#include "support/fault_callers.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>

#define OWN 8    /* frames of the shim itself, at most */
#define DEPTH 12 /* of a site: enough to tell two messages of a handshake from each other */
#define TOLD 16

static const struct link_map *own;

/* Where an address is in its object: that does not change from run to run. */
static const struct link_map *object_of(const void *address, uintptr_t *offset)
{
	struct dl_find_object found;

	*offset = (uintptr_t)address;
	if (_dl_find_object((void *)address, &found) != 0)
		return NULL;
	*offset -= found.dlfo_link_map->l_addr;
	return found.dlfo_link_map;
}

void fault_callers_prepare(void)
{
	uintptr_t offset;

	own = object_of(&object_of, &offset);
}

struct walk {
	void **frames;
	int most, count;
};

static _Unwind_Reason_Code take(struct _Unwind_Context *context, void *arg)
{
	struct walk *walk = arg;

	if (walk->count == walk->most)
		return _URC_END_OF_STACK;
	walk->frames[walk->count++] = (void *)_Unwind_GetIP(context);
	return _URC_NO_REASON;
}

/* The callers of the shim; returns how many, and sets `first` to where they begin. Not by
 * backtrace(3), which loads a library, and before which a sanitizer may stand. */
static int look(void *frames[OWN + TOLD], int most, int *first)
{
	uintptr_t offset;
	struct walk walk = {frames, OWN + most, 0};

	(void)_Unwind_Backtrace(take, &walk);
	*first = 0;
	while (*first < walk.count && object_of(frames[*first], &offset) == own)
		++*first;
	return walk.count - *first < most ? walk.count - *first : most;
}

uint64_t fault_callers_site(enum fault_call call)
{
	void *frames[OWN + TOLD];
	uint64_t site = 0xcbf29ce484222325; /* FNV-1a, by words */
	int first, count = look(frames, DEPTH, &first);

	for (int i = first; i < first + count; i++) {
		uintptr_t offset;
		(void)object_of(frames[i], &offset);
		site = (site ^ offset) * 0x100000001b3;
	}
	site = (site ^ (uint64_t)call) * 0x100000001b3;
	return site != 0 ? site : 1;
}

void fault_callers_record(struct fault_control *control, enum fault_call call)
{
	uint64_t site = fault_callers_site(call);

	for (size_t i = 0; i < FAULT_SITES; i++) {
		struct fault_site *slot = &control->sites[(site + i) % FAULT_SITES];
		uint64_t there = 0;
		if (!atomic_compare_exchange_strong(&slot->site, &there, site) && there != site)
			continue;
		atomic_store(&slot->call, (uint32_t)call);
		return;
	}
}

bool fault_callers_have(int most, const char *part)
{
	void *frames[OWN + TOLD];
	int first, count = look(frames, most, &first);

	for (int i = first; i < first + count; i++) {
		Dl_info info;
		if (dladdr(frames[i], &info) != 0 && info.dli_fname != NULL &&
		    strstr(info.dli_fname, part) != NULL)
			return true;
	}
	return false;
}

void fault_callers_tell(char *out, size_t size)
{
	void *frames[OWN + TOLD];
	size_t used = 0;
	int first, count = look(frames, TOLD, &first);

	for (int i = first; i < first + count; i++) {
		Dl_info info = {0};
		uintptr_t offset;
		(void)object_of(frames[i], &offset);
		bool known = dladdr(frames[i], &info) != 0 && info.dli_fname != NULL;
		const char *slash = known ? strrchr(info.dli_fname, '/') : NULL;
		const char *name = slash != NULL ? slash + 1 : known ? info.dli_fname : "?";
		int length = snprintf(out + used, size - used, " %s+0x%zx", name, (size_t)offset);
		if (length < 0 || (size_t)length >= size - used)
			return;
		used += (size_t)length;
	}
}
