/* counter.h: counts that one thread writes and any thread reads.
 *
 * A counter has a single writer, so adding is a plain load and store; relaxed order is
 * enough because nobody concludes anything about other memory from a count.
 */
#ifndef WEIR_BASE_COUNTER_H
#define WEIR_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

#include <weir/time.h>

typedef _Atomic uint64_t weir__counter;

static inline uint64_t weir__counter_get(const weir__counter *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void weir__counter_add(weir__counter *counter, uint64_t n)
{
	atomic_store_explicit(counter, weir__counter_get(counter) + n, memory_order_relaxed);
}

static inline void weir__counter_sub(weir__counter *counter, uint64_t n)
{
	atomic_store_explicit(counter, weir__counter_get(counter) - n, memory_order_relaxed);
}

/* Upper bounds of the latency buckets: X(nanoseconds, label in seconds). */
#define WEIR__BUCKETS(X)                                                                           \
	X(100000, "0.0001")                                                                        \
	X(250000, "0.00025")                                                                       \
	X(500000, "0.0005")                                                                        \
	X(1000000, "0.001")                                                                        \
	X(2500000, "0.0025")                                                                       \
	X(5000000, "0.005")                                                                        \
	X(10000000, "0.01")                                                                        \
	X(25000000, "0.025")                                                                       \
	X(50000000, "0.05")                                                                        \
	X(100000000, "0.1")                                                                        \
	X(250000000, "0.25")                                                                       \
	X(500000000, "0.5")                                                                        \
	X(1000000000, "1")                                                                         \
	X(2500000000, "2.5")                                                                       \
	X(5000000000, "5")                                                                         \
	X(10000000000, "10")

enum {
#define WEIR__BUCKET_ONE(bound, label) +1
	WEIR__BUCKET_COUNT = 0 WEIR__BUCKETS(WEIR__BUCKET_ONE)
#undef WEIR__BUCKET_ONE
};

struct weir__histogram {
	weir__counter buckets[WEIR__BUCKET_COUNT + 1]; /* the last one has no bound */
	weir__counter sum;                             /* nanoseconds */
};

static inline void weir__histogram_add(struct weir__histogram *histogram, weir_time duration)
{
	static const int64_t bounds[] = {
#define WEIR__BUCKET_BOUND(bound, label) bound,
		WEIR__BUCKETS(WEIR__BUCKET_BOUND)
#undef WEIR__BUCKET_BOUND
	};
	int i = 0;

	while (i < WEIR__BUCKET_COUNT && duration > bounds[i])
		i++;
	weir__counter_add(&histogram->buckets[i], 1);
	weir__counter_add(&histogram->sum, duration > 0 ? (uint64_t)duration : 0);
}

#endif
