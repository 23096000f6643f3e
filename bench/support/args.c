/* args.c: reads the command line by the table of options. */
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "say.h"

#define USAGE_ERROR 2

static void print_help(const char *about, const struct bench_args_option *options, size_t count)
{
	(void)printf("Usage: %s [OPTION...]\n%s\n\n", program_invocation_short_name, about);
	for (size_t i = 0; i < count; i++) {
		char left[48];

		(void)snprintf(left, sizeof(left), "--%s %s", options[i].name,
			       options[i].value ? options[i].value : "");
		(void)printf("  %-24s %s\n", left, options[i].help);
	}
	(void)printf("  %-24s %s\n", "--help", "this text");
	(void)printf("\nExit code: 0 when it ran, whatever the numbers; 1 if something failed; 2 "
		     "for a wrong option.\n");
}

/* Reads one number at *text, and moves *text behind it. */
static int read_number(const struct bench_args_option *option, const char **text, unsigned *out)
{
	const char *end = *text;
	uint64_t value;

	if (bench_parse_number(&end, option->max, &value) != 0 || value < option->min) {
		bench_say("--%s wants a whole number from %u to %u, not \"%s\"", option->name,
			  option->min, option->max, *text);
		return USAGE_ERROR;
	}
	*out = (unsigned)value;
	*text = end;
	return 0;
}

static int bad_rest(const struct bench_args_option *option, const char *text)
{
	bench_say("--%s: \"%s\" is too much", option->name, text);
	return USAGE_ERROR;
}

static int take_number(const struct bench_args_option *option, const char *text)
{
	int result = read_number(option, &text, option->target);

	return result != 0 || *text == '\0' ? result : bad_rest(option, text);
}

static int take_numbers(const struct bench_args_option *option, const char *text)
{
	struct bench_args_numbers *list = option->target;

	list->count = 0;
	for (;;) {
		int result;

		if (list->count == BENCH_ARGS_LIST)
			return bad_rest(option, text);
		result = read_number(option, &text, &list->values[list->count]);
		if (result != 0)
			return result;
		list->count++;
		if (*text == '\0')
			return 0;
		if (*text++ != ',')
			return bad_rest(option, text - 1);
	}
}

static int take_names(const struct bench_args_option *option, const char *text)
{
	unsigned *set = option->target;

	*set = 0;
	for (;;) {
		size_t length = strcspn(text, ","), i = 0;

		while (option->names[i] && (strlen(option->names[i]) != length ||
					    strncmp(option->names[i], text, length) != 0))
			i++;
		if (!option->names[i]) {
			bench_say("--%s: there is no \"%.*s\"; see --help", option->name,
				  (int)length, text);
			return USAGE_ERROR;
		}
		*set |= 1U << i;
		if (text[length] == '\0')
			return 0;
		text += length + 1;
	}
}

static int take(const struct bench_args_option *option, const char *text)
{
	switch (option->kind) {
	case BENCH_ARGS_FLAG:
		*(bool *)option->target = true;
		return 0;
	case BENCH_ARGS_NUMBER:
		return take_number(option, text);
	case BENCH_ARGS_NUMBERS:
		return take_numbers(option, text);
	case BENCH_ARGS_NAMES:
		return take_names(option, text);
	case BENCH_ARGS_TEXT:
		*(const char **)option->target = text;
		return 0;
	}
	return USAGE_ERROR;
}

static const struct bench_args_option *find(const char *name, size_t length,
					    const struct bench_args_option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(options[i].name) == length &&
		    strncmp(options[i].name, name, length) == 0)
			return &options[i];
	}
	return NULL;
}

int bench_args_parse(int argc, char **argv, const char *about,
		     const struct bench_args_option *options, size_t count)
{
	for (int i = 1; i < argc; i++) {
		const struct bench_args_option *option = NULL;
		size_t length = strcspn(argv[i], "=");
		const char *value = argv[i][length] ? argv[i] + length + 1 : NULL;
		int result;

		if (strcmp(argv[i], "--help") == 0) {
			print_help(about, options, count);
			return 0;
		}
		if (strncmp(argv[i], "--", 2) == 0)
			option = find(argv[i] + 2, length - 2, options, count);
		if (!option) {
			bench_say("unknown argument \"%s\"; see --help", argv[i]);
			return USAGE_ERROR;
		}
		if (option->kind == BENCH_ARGS_FLAG && value) {
			bench_say("--%s takes no value", option->name);
			return USAGE_ERROR;
		}
		if (option->kind != BENCH_ARGS_FLAG && !value) {
			if (++i == argc) {
				bench_say("--%s wants %s", option->name, option->value);
				return USAGE_ERROR;
			}
			value = argv[i];
		}
		result = take(option, value);
		if (result != 0)
			return result;
	}
	return -1;
}
