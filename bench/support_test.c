/* support_test.c: what the benches do with numbers, tried on numbers whose results are
 * known: a bench that computes a percentile wrongly looks as well as one that does not.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "support/answer.h"
#include "support/goal.h"
#include "support/histogram.h"
#include "support/number.h"
#include "support/parse.h"
#include "support/sample.h"

static unsigned failures;

static void expect(bool holds, const char *text, int line)
{
	if (!holds) {
		(void)fprintf(stderr, "support_test.c:%d: %s\n", line, text);
		failures++;
	}
}

#define EXPECT(condition) expect((condition), #condition, __LINE__)

static bool same(double left, double right)
{
	return fabs(left - right) < 1e-12;
}

static void test_sample(void)
{
	struct bench_sample sample = {0};

	EXPECT(isnan(bench_sample_percentile(&sample, 50)));
	EXPECT(isnan(bench_sample_median(&sample)));
	EXPECT(bench_sample_add(&sample, NAN) == -EINVAL);
	/* 100 down to 1, so that it must be sorted. */
	for (int i = 100; i >= 1; i--)
		EXPECT(bench_sample_add(&sample, i) == 0);
	EXPECT(same(bench_sample_percentile(&sample, 50), 50));
	EXPECT(same(bench_sample_percentile(&sample, 99), 99));
	EXPECT(same(bench_sample_percentile(&sample, 99.5), 100));
	EXPECT(same(bench_sample_percentile(&sample, 100), 100));
	EXPECT(same(bench_sample_percentile(&sample, 0.1), 1));
	EXPECT(same(bench_sample_median(&sample), 50.5));
	EXPECT(bench_sample_add(&sample, 0) == 0);
	EXPECT(same(bench_sample_median(&sample), 50));
	bench_sample_free(&sample);
}

/* A percentile is at most one step, of 128 in a power of two, above the value itself. */
static bool just_above(double got, double value)
{
	return got >= value && got <= value * (1 + 1.0 / BENCH_HISTOGRAM_STEPS);
}

static void test_histogram(void)
{
	static struct bench_histogram histogram;

	EXPECT(isnan(bench_histogram_percentile(&histogram, 50)));
	bench_histogram_add(&histogram, -1);
	EXPECT(same(bench_histogram_percentile(&histogram, 100), 0));
	for (int64_t value = 1; value <= 999; value++)
		bench_histogram_add(&histogram, value * 1000003);
	EXPECT(histogram.count == 1000);
	EXPECT(same(bench_histogram_percentile(&histogram, 0.1), 0));
	EXPECT(just_above(bench_histogram_percentile(&histogram, 0.2), 1000003));
	EXPECT(just_above(bench_histogram_percentile(&histogram, 50), 499 * 1000003.0));
	EXPECT(just_above(bench_histogram_percentile(&histogram, 99), 989 * 1000003.0));
	EXPECT(just_above(bench_histogram_percentile(&histogram, 99.9), 998 * 1000003.0));
	/* Each power of two, its neighbours, and what is too large. */
	for (int bits = 1; bits <= 40; bits++) {
		for (int64_t value = (1LL << bits) - 1; value <= (1LL << bits) + 1; value++) {
			static struct bench_histogram one;
			int64_t counted = value < 1LL << 40 ? value : (1LL << 40) - 1;

			memset(&one, 0, sizeof(one));
			bench_histogram_add(&one, value);
			EXPECT(just_above(bench_histogram_percentile(&one, 50), (double)counted));
		}
	}
	memset(&histogram, 0, sizeof(histogram));
	bench_histogram_add(&histogram, INT64_MAX);
	EXPECT(same(bench_histogram_percentile(&histogram, 50), (double)((1LL << 40) - 1)));
}

static bool reads_as(double value, const char *text)
{
	char got[BENCH_NUMBER_SIZE];

	return strcmp(bench_number(got, value), text) == 0;
}

static void test_number(void)
{
	EXPECT(reads_as(NAN, "-"));
	EXPECT(reads_as(0, "0"));
	EXPECT(reads_as(0.0421, "0.042"));
	EXPECT(reads_as(0.9999, "1.00"));
	EXPECT(reads_as(9.999, "10.0"));
	EXPECT(reads_as(17.66, "17.7"));
	EXPECT(reads_as(99.96, "100"));
	EXPECT(reads_as(999.4, "999"));
	EXPECT(reads_as(999.6, "1,000"));
	EXPECT(reads_as(195012, "195,012"));
	EXPECT(reads_as(1234567, "1,234,567"));
}

static void test_goal(void)
{
	struct bench_goal goal = {.text = "", .unit = "", .at_least = true, .limit = 2};

	goal.value = 2;
	EXPECT(bench_goal_met(&goal));
	goal.value = 1.99;
	EXPECT(!bench_goal_met(&goal));
	goal.at_least = false;
	EXPECT(bench_goal_met(&goal));
	goal.value = 2.01;
	EXPECT(!bench_goal_met(&goal));
}

static void test_parse(void)
{
	const char *text = "18446744073709551615x", *at = text;
	uint64_t value;

	EXPECT(bench_parse_number(&at, UINT64_MAX, &value) == 0 && value == UINT64_MAX);
	EXPECT(at == text + 20);
	at = "18446744073709551616";
	EXPECT(bench_parse_number(&at, UINT64_MAX, &value) == -ERANGE);
	at = "-1";
	EXPECT(bench_parse_number(&at, UINT64_MAX, &value) == -EINVAL);
	EXPECT(bench_parse_after("a=1 b=22", " b=", 22, &value) == 0 && value == 22);
	EXPECT(bench_parse_after("a=1 b=22", " b=", 21, &value) == -ERANGE);
	EXPECT(bench_parse_after("a=1 b=22", " c=", 21, &value) == -EINVAL);
}

static int parse_answer(const char *text, struct bench_answer *answer)
{
	return bench_answer_parse(text, strlen(text), answer);
}

static void test_answer(void)
{
	struct bench_answer answer;

	EXPECT(parse_answer("", &answer) == 0);
	EXPECT(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", &answer) == 0);
	EXPECT(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", &answer) == 0);
	EXPECT(parse_answer("HTTP/1.1 503 Stop\r\nA: b\r\ncontent-length:3\r\n\r\nabc", &answer) ==
	       1);
	EXPECT(answer.status == 503 && answer.body_size == 3 && answer.size == 48 &&
	       memcmp(answer.body, "abc", 3) == 0);
	EXPECT(parse_answer("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", &answer) == -EBADMSG);
	EXPECT(parse_answer("SSH-2.0", &answer) == -EBADMSG);
}

int main(void)
{
	test_sample();
	test_histogram();
	test_number();
	test_goal();
	test_parse();
	test_answer();
	return failures != 0;
}
