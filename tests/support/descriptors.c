/* support/descriptors.c: see descriptors.h. */
#include "support/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>

#include "support/must.h"

unsigned descriptors_count(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	must(directory != NULL, "opendir: errno %d", errno);
	while (readdir(directory) != NULL)
		count++;
	(void)closedir(directory);
	return count;
}
