/* base/counter.h: counts, and which bucket a duration falls into. */
#include <criterion/criterion.h>

#include "base/counter.h"

TestSuite(counter, .timeout = 60);

Test(counter, adds_and_subtracts)
{
	weir__counter counter = 0;

	weir__counter_add(&counter, 5);
	weir__counter_sub(&counter, 2);
	weir__counter_add(&counter, UINT64_C(1) << 40);
	cr_assert_eq(weir__counter_get(&counter), (UINT64_C(1) << 40) + 3);
}

static int bucket_of(weir_time duration)
{
	struct weir__histogram histogram = {.sum = 0};
	int found = -1;

	weir__histogram_add(&histogram, duration);
	for (int i = 0; i <= WEIR__BUCKET_COUNT; i++)
		if (weir__counter_get(&histogram.buckets[i])) {
			cr_assert_eq(found, -1, "in two buckets");
			cr_assert_eq(weir__counter_get(&histogram.buckets[i]), 1);
			found = i;
		}
	return found;
}

Test(counter, a_bucket_includes_its_upper_bound)
{
	static const weir_time bounds[] = {
#define BOUND(bound, label) bound,
		WEIR__BUCKETS(BOUND)
#undef BOUND
	};

	for (int i = 0; i < WEIR__BUCKET_COUNT; i++) {
		cr_assert_eq(bucket_of(bounds[i]), i);
		cr_assert_eq(bucket_of(bounds[i] + 1), i + 1);
		if (i > 0)
			cr_assert_gt(bounds[i], bounds[i - 1]);
	}
	cr_assert_eq(bucket_of(0), 0);
	cr_assert_eq(bucket_of(-1), 0);
	cr_assert_eq(bucket_of(WEIR_NEVER), WEIR__BUCKET_COUNT);
}

Test(counter, labels_are_the_bounds_in_seconds)
{
	static const struct {
		weir_time bound;
		const char *label;
	} rows[] = {
#define ROW(bound, label) {bound, label},
		WEIR__BUCKETS(ROW)
#undef ROW
	};

	for (int i = 0; i < WEIR__BUCKET_COUNT; i++)
		cr_assert_float_eq(strtod(rows[i].label, NULL) * 1e9, (double)rows[i].bound, 0.5);
}

Test(counter, the_sum_is_of_what_was_added)
{
	struct weir__histogram histogram = {.sum = 0};

	weir__histogram_add(&histogram, 100);
	weir__histogram_add(&histogram, 23);
	weir__histogram_add(&histogram, -50);
	cr_assert_eq(weir__counter_get(&histogram.sum), 123);
}
