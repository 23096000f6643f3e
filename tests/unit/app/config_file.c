/* unit/app/config_file.c: see config_file.h. */
#include "config_file.h"

#include "support/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct scratch scratch;
static char file[PATH_MAX + 16];

void config_file_begin(void)
{
	scratch_make(&scratch);
	(void)snprintf(file, sizeof file, "%s/weir.yaml", scratch.path);
}

void config_file_end(void)
{
	scratch_remove(&scratch);
}

static int load(const char *text, size_t size, struct config **config, char error[COMPLAIN_SIZE])
{
	scratch_write(&scratch, "weir.yaml", text, size);
	return config_load(file, config, error);
}

struct config *config_file_load(const char *text)
{
	struct config *config = NULL;
	char error[COMPLAIN_SIZE];
	cr_assert_eq(load(text, strlen(text), &config, error), 0, "%s", error);
	return config;
}

void config_file_refused_bytes(const char *text, size_t size, const char *message)
{
	struct config *config = NULL;
	char error[COMPLAIN_SIZE] = "";
	int result = load(text, size, &config, error);
	cr_assert_eq(result, -EINVAL, "taken, although: %s", message);
	size_t length = strlen(file);
	cr_assert_eq(strncmp(error, file, length), 0, "%s", error);
	cr_expect_str_eq(error + length, message);
}

void config_file_refused(const char *text, const char *message)
{
	config_file_refused_bytes(text, strlen(text), message);
}
