/* fuzz.h: what the fuzz targets share.
 *
 * A target is one file with LLVMFuzzerTestOneInput(). With libFuzzer (WEIR_FUZZ) it is fed by
 * that; without, replay.c feeds it the corpus, as an ordinary test. A target does not only
 * survive its input: it compares what the code says with a model of its own, or with what must
 * be true of every answer, by FUZZ_CHECK.
 */
#ifndef WEIR_TESTS_FUZZ_H
#define WEIR_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, as a crash, if `condition` does not hold. In every kind of build. */
#define FUZZ_CHECK(condition)                                                                      \
	((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, __func__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *function, const char *condition);

/* `size` bytes as a string in memory of its own, so that AddressSanitizer sees every byte that
 * is read beyond its end. free() it. */
char *fuzz_string(const void *data, size_t size);

enum { FUZZ_LINES_MAX = 64 };

/* An input as lines, each a string like fuzz_string()'s. */
struct fuzz_lines {
	size_t count;
	char *line[FUZZ_LINES_MAX];
};

/* What is behind FUZZ_LINES_MAX lines is left out. */
void fuzz_lines_split(struct fuzz_lines *lines, const void *data, size_t size);
void fuzz_lines_free(struct fuzz_lines *lines);

/* The line, or NULL where there is none, or it is "-": for what a client may leave out. */
const char *fuzz_lines_get(const struct fuzz_lines *lines, size_t n);

#endif
