/* residue.h: what a process holds besides locks: descriptors, threads, children, files in
 * watched directories, memory, gauges. Two snapshots are compared. */
#ifndef WEIR_TESTING_RESIDUE_H
#define WEIR_TESTING_RESIDUE_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/testing.h>

#include "memory.h"

/* Each thing by a name that people understand: "7 -> /tmp/x", "1234 (sleep)". */
struct weir__testing_names {
	char **names;
	size_t count, room;
};

enum weir__testing_kept {
	WEIR__TESTING_FDS,
	WEIR__TESTING_THREADS,
	WEIR__TESTING_CHILDREN,
	WEIR__TESTING_FILES,
	WEIR__TESTING_KEPT_COUNT
};

struct weir__testing_residue {
	struct weir__testing_names kept[WEIR__TESTING_KEPT_COUNT];
	struct weir__testing_memory memory;
	long *gauges;
};

/* `scratch` is one more directory to look at. 0, -ENOMEM, or an errno of reading /proc. */
int weir__testing_residue_take(struct weir__testing_residue *residue,
			       const struct weir_testing_options *options, const char *scratch);
void weir__testing_residue_free(struct weir__testing_residue *residue);

/* The same, but gives what is about to end by itself, or to be freed by another thread, a moment
 * for that. */
int weir__testing_residue_take_settled(struct weir__testing_residue *residue,
				       const struct weir__testing_residue *before,
				       const struct weir_testing_options *options,
				       const char *scratch);

/* The first name in `after` that is not in `before`; NULL: there is none. *count is how many
 * there are. */
const char *weir__testing_names_new(const struct weir__testing_names *before,
				    const struct weir__testing_names *after, size_t *count);

void weir__testing_names_free(struct weir__testing_names *list);

/* A directory of our own, which becomes TMPDIR. 0 or -errno. */
struct weir__testing_scratch {
	char path[256];
	char *old; /* TMPDIR before; NULL: there was none */
};
int weir__testing_scratch_make(struct weir__testing_scratch *scratch);
/* Removes what is in it. */
void weir__testing_scratch_clean(const struct weir__testing_scratch *scratch);
void weir__testing_scratch_remove(struct weir__testing_scratch *scratch);

#endif
