/* number.c: rounding to what can be read at a glance. */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void separate_thousands(char *text)
{
	size_t size = strlen(text);

	for (size_t at = size; at > 3 && size + 1 < BENCH_NUMBER_SIZE; size++) {
		at -= 3;
		memmove(text + at + 1, text + at, size - at + 1);
		text[at] = ',';
	}
}

const char *bench_number(char text[BENCH_NUMBER_SIZE], double value)
{
	double size = fabs(value);
	int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;

	if (isnan(value) || size > 1e15) {
		(void)snprintf(text, BENCH_NUMBER_SIZE, "-");
		return text;
	}
	(void)snprintf(text, BENCH_NUMBER_SIZE, "%.*f", value == 0 ? 0 : decimals, value);
	if (value >= 999.5)
		separate_thousands(text);
	return text;
}
