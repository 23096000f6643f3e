/* The manual page and --help name the same options. */
#include "app.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 64
#define OPTION_SIZE 32

struct options {
	char names[OPTIONS_MAX][OPTION_SIZE];
	size_t count;
};

static void add(struct options *options, const char *name)
{
	for (size_t i = 0; i < options->count; i++) {
		if (strcmp(options->names[i], name) == 0)
			return;
	}
	cr_assert_lt(options->count, OPTIONS_MAX);
	memcpy(options->names[options->count++], name, strlen(name) + 1);
}

/* Everything that looks like --name; of the manual's source backslashes are left out, and changes
 * of font become spaces. */
static void collect(struct options *options, const char *text)
{
	char *plain = malloc(strlen(text) + 1), *end = plain;
	cr_assert_not_null(plain);
	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] == 'f' && text[2] != '\0') {
			*end++ = ' ';
			text += 2;
		} else if (*text != '\\') {
			*end++ = *text;
		}
	}
	*end = '\0';
	for (const char *at = plain; (at = strstr(at, "--")) != NULL;) {
		size_t length = 2;
		while (islower((unsigned char)at[length]) || at[length] == '-')
			length++;
		if (length > 2 && length < OPTION_SIZE) {
			char name[OPTION_SIZE] = "";
			memcpy(name, at, length);
			add(options, name);
		}
		at += length;
	}
	free(plain);
}

static void expect_all(const struct options *these, const struct options *in, const char *where)
{
	for (size_t i = 0; i < these->count; i++) {
		bool found = false;
		for (size_t j = 0; !found && j < in->count; j++)
			found = strcmp(these->names[i], in->names[j]) == 0;
		cr_expect(found, "%s is missing in %s", these->names[i], where);
	}
}

static char *read_manual(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(WEIR_MANUAL, "r");
	cr_assert_not_null(file, "%s", WEIR_MANUAL);
	cr_assert_gt(getdelim(&text, &size, '\0', file), 0);
	cr_assert_eq(fclose(file), 0);
	return text;
}

Test(manual, and_help_name_the_same_options)
{
	static const char *const help[][3] = {{"--help", NULL},
					      {"serve", "--help", NULL},
					      {"check", "--help", NULL},
					      {"drain", "--help", NULL},
					      {"status", "--help", NULL},
					      {"reload", "--help", NULL},
					      {"upgrade", "--help", NULL},
					      {"rehearse", "--help", NULL}};
	struct options in_help = {0}, in_manual = {0};
	struct app app;
	app_prepare(&app);
	for (size_t i = 0; i < sizeof help / sizeof help[0]; i++) {
		cr_expect_eq(app_run(&app, help[i]), 0);
		collect(&in_help, app.process.text);
		process_free(&app.process);
	}
	char *manual = read_manual();
	collect(&in_manual, manual);
	free(manual);
	cr_expect_geq(in_help.count, 13);
	expect_all(&in_help, &in_manual, "the manual");
	expect_all(&in_manual, &in_help, "--help");
	app_destroy(&app);
}

Test(manual, and_version_agree)
{
	struct app app;
	app_prepare(&app);
	cr_expect_eq(app_run(&app, (const char *const[]){"--version", NULL}), 0);
	cr_assert_eq(strncmp(app.process.text, "weir ", 5), 0, "%s", app.process.text);
	char *manual = read_manual();
	app.process.text[strcspn(app.process.text, "\n")] = '\0';
	cr_expect_not_null(strstr(manual, app.process.text), "the manual is not of %s",
			   app.process.text);
	free(manual);
	app_destroy(&app);
}
