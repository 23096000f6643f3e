/* replay.c: feeds a target each file of the directories it is given: the corpus, as a test that
 * needs no libFuzzer and no clang. Exits with 1 if there was no file at all, and does not come
 * back from an input on which the target fails; the last name on stderr is that of the input.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(const char *what, const char *name)
{
	(void)fprintf(stderr, "replay: %s: %s: %s\n", name, what, strerror(errno));
	exit(1);
}

static uint8_t *read_all(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb");
	uint8_t *data;
	long end;

	if (!file)
		stop("cannot be opened", name);
	if (fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0 || fseek(file, 0, SEEK_SET))
		stop("has no length", name);
	*size = (size_t)end;
	data = malloc(*size + 1);
	if (!data)
		stop("no memory", name);
	if (fread(data, 1, *size, file) != *size)
		stop("cannot be read", name);
	(void)fclose(file);
	return data;
}

static void feed(const char *directory, const char *entry)
{
	char name[4096];
	uint8_t *data;
	size_t size;

	if (snprintf(name, sizeof(name), "%s/%s", directory, entry) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		stop("cannot be read", entry);
	}
	(void)fprintf(stderr, "%s\n", name);
	data = read_all(name, &size);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int feed_all(const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, visible, alphasort), i;

	if (count < 0)
		stop("cannot be listed", directory);
	for (i = 0; i < count; i++) {
		feed(directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return count;
}

int main(int argc, char **argv)
{
	int inputs = 0, i;

	for (i = 1; i < argc; i++)
		inputs += feed_all(argv[i]);
	(void)printf("%d inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
