/* A text for which there is no memory is no text: not one with a hole, nor with an end too few. */
#include "handlers/text_stream.h"
#include "unit/faults.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECES 10000 /* of ten bytes: more than a stream's buffer, and than the first room */

/* The text's end, -ENOMEM, or 0 with the whole text. `skip`: how often memory is found. */
static int write_with(unsigned skip)
{
	struct text_stream text;
	char *out = NULL;
	size_t size;

	cr_assert_eq(text_stream_open(&text), 0);
	fault_set(FAULT_REALLOC, skip);
	for (int i = 0; i < PIECES; i++)
		(void)fprintf(text.stream, "%010d", i);
	int error = text_stream_close(&text, &out, &size);
	fault_clear(FAULT_REALLOC);
	if (error != 0)
		return error;
	cr_expect_eq(size, (size_t)PIECES * 10);
	cr_expect_eq(strlen(out), size);
	cr_expect_str_eq(out + size - 10, "0000009999");
	free(out);
	return 0;
}

Test(text_stream, without_memory_there_is_no_text)
{
	unsigned skip = 0;

	for (; write_with(skip) != 0; skip++)
		cr_assert_lt(skip, 100U);
	cr_expect_gt(skip, 2U, "memory was taken %u times", skip);
}

Test(text_stream, an_empty_one_is_a_string)
{
	struct text_stream text;
	char *out;
	size_t size;

	cr_assert_eq(text_stream_open(&text), 0);
	cr_assert_eq(text_stream_close(&text, &out, &size), 0);
	cr_expect_eq(size, 0U);
	cr_expect_str_eq(out, "");
	free(out);

	cr_assert_eq(text_stream_open(&text), 0);
	fault_set(FAULT_REALLOC, 0);
	cr_expect_eq(text_stream_close(&text, &out, NULL), -ENOMEM);
	cr_expect(fault_struck(FAULT_REALLOC));
	fault_clear(FAULT_REALLOC);
}

Test(text_stream, what_is_dropped_leaves_nothing)
{
	struct text_stream text;

	cr_assert_eq(text_stream_open(&text), 0);
	(void)fputs("some", text.stream);
	text_stream_drop(&text);
}
