/* route_stats.c: see route_stats.h.
 *
 * The windows are a ring. `head` says which one is filled, and for which minute:
 *
 *	(minute, index) --a run ends in a later minute--> (minute, index, MOVING)
 *	                --the next window is empty--> (later minute, next index)
 *
 * Who makes the first step empties the next window and makes the second; others who come meanwhile
 * add to the old window. A worker that was held up since it read `head` adds to a window that has
 * become another minute's, or loses to the one who empties it: a run in the wrong minute, or one
 * that is not counted among the times. Everything but `head` is relaxed: numbers, nothing else.
 */
#include "http/route_stats.h"

#include <string.h>

#define INDEX_MASK UINT64_C(0x7f)
#define MOVING UINT64_C(0x80)
#define MINUTE_SHIFT 8

static unsigned bucket_of(weir_time duration)
{
	uint64_t value = duration > 0 ? (uint64_t)duration : 0;
	unsigned bits, within;

	if (value < UINT64_C(1) << WEIR__STATS_LEAST_BITS)
		return 0;
	if (value >= UINT64_C(1) << WEIR__STATS_MOST_BITS)
		return WEIR__STATS_BUCKETS - 1;
	bits = 63 - (unsigned)__builtin_clzll(value);
	within = (unsigned)(value >> (bits - 3)) & (WEIR__STATS_PER_DOUBLING - 1);
	return 1 + (bits - WEIR__STATS_LEAST_BITS) * WEIR__STATS_PER_DOUBLING + within;
}

/* No run in the bucket was longer; but those in the last one may have been. */
static weir_time upper_bound(unsigned bucket)
{
	unsigned bits, within;

	if (bucket == 0)
		return (weir_time)1 << WEIR__STATS_LEAST_BITS;
	if (bucket == WEIR__STATS_BUCKETS - 1)
		return WEIR_NEVER;
	bits = WEIR__STATS_LEAST_BITS + (bucket - 1) / WEIR__STATS_PER_DOUBLING;
	within = (bucket - 1) % WEIR__STATS_PER_DOUBLING;
	return ((weir_time)1 << bits) + ((weir_time)(within + 1) << (bits - 3));
}

static void empty(struct weir__stats_window *window)
{
	unsigned i;

	for (i = 0; i < WEIR__STATS_BUCKETS; i++)
		atomic_store_explicit(&window->runs[i], 0, memory_order_relaxed);
	atomic_store_explicit(&window->gap, 0, memory_order_relaxed);
}

static struct weir__stats_window *window_at(struct weir__route_stats *stats, weir_time now)
{
	uint64_t minute = (uint64_t)(now / WEIR__STATS_WINDOW);
	/* Acquire pairs with the release below: an emptied window is seen empty. */
	uint64_t head = atomic_load_explicit(&stats->head, memory_order_acquire), next;

	if (!(head & MOVING) && minute > head >> MINUTE_SHIFT &&
	    atomic_compare_exchange_strong_explicit(&stats->head, &head, head | MOVING,
						    memory_order_acquire, memory_order_acquire)) {
		next = ((head & INDEX_MASK) + 1) % WEIR__STATS_WINDOWS;
		empty(&stats->windows[next]);
		head = minute << MINUTE_SHIFT | next;
		atomic_store_explicit(&stats->head, head, memory_order_release);
	}
	return &stats->windows[head & INDEX_MASK];
}

static void raise_to(_Atomic weir_time *most, weir_time value)
{
	weir_time now = atomic_load_explicit(most, memory_order_relaxed);

	while (value > now &&
	       !atomic_compare_exchange_weak_explicit(most, &now, value, memory_order_relaxed,
						      memory_order_relaxed))
		;
}

void weir__stats_add(struct weir__route_stats *stats, const struct weir__run *run)
{
	struct weir__stats_window *window = window_at(stats, run->ended);
	unsigned bucket = bucket_of(run->ended - run->begun);

	(void)atomic_fetch_add_explicit(&stats->runs, 1, memory_order_relaxed);
	if (run->looked && !atomic_load_explicit(&stats->looked, memory_order_relaxed))
		atomic_store_explicit(&stats->looked, true, memory_order_relaxed);
	if (!run->cancelled)
		(void)atomic_fetch_add_explicit(&window->runs[bucket], 1, memory_order_relaxed);
	raise_to(&window->gap, run->gap);
}

/* The least bound that `part` in a thousand of the runs do not exceed. */
static weir_time quantile(const uint64_t *sums, uint64_t total, unsigned part)
{
	/* Rounded up; a total that overflows this would take longer than the five minutes. */
	uint64_t wanted = (total * part + 999) / 1000, below = 0;
	unsigned i;

	for (i = 0; i < WEIR__STATS_BUCKETS; i++) {
		below += sums[i];
		if (below >= wanted)
			break;
	}
	return upper_bound(i < WEIR__STATS_BUCKETS ? i : WEIR__STATS_BUCKETS - 1);
}

void weir__stats_summarize(const struct weir__route_stats *stats, struct weir__route_summary *out)
{
	uint64_t sums[WEIR__STATS_BUCKETS] = {0};
	unsigned i, w;

	memset(out, 0, sizeof(*out));
	out->runs = atomic_load_explicit(&stats->runs, memory_order_relaxed);
	out->looks = atomic_load_explicit(&stats->looked, memory_order_relaxed);
	for (w = 0; w < WEIR__STATS_WINDOWS; w++) {
		const struct weir__stats_window *window = &stats->windows[w];
		weir_time gap = atomic_load_explicit(&window->gap, memory_order_relaxed);

		out->gap = gap > out->gap ? gap : out->gap;
		for (i = 0; i < WEIR__STATS_BUCKETS; i++) {
			sums[i] += atomic_load_explicit(&window->runs[i], memory_order_relaxed);
			out->timed += w == WEIR__STATS_WINDOWS - 1 ? sums[i] : 0;
		}
	}
	if (out->timed == 0)
		return;
	out->p50 = quantile(sums, out->timed, 500);
	out->p99 = quantile(sums, out->timed, 990);
	out->longest = quantile(sums, out->timed, 1000);
}

void weir__stats_copy(struct weir__route_stats *to, const struct weir__route_stats *from)
{
	unsigned i, w;

	for (w = 0; w < WEIR__STATS_WINDOWS; w++) {
		const struct weir__stats_window *window = &from->windows[w];

		for (i = 0; i < WEIR__STATS_BUCKETS; i++)
			atomic_store_explicit(
				&to->windows[w].runs[i],
				atomic_load_explicit(&window->runs[i], memory_order_relaxed),
				memory_order_relaxed);
		atomic_store_explicit(&to->windows[w].gap,
				      atomic_load_explicit(&window->gap, memory_order_relaxed),
				      memory_order_relaxed);
	}
	atomic_store_explicit(&to->runs, atomic_load_explicit(&from->runs, memory_order_relaxed),
			      memory_order_relaxed);
	atomic_store_explicit(&to->looked,
			      atomic_load_explicit(&from->looked, memory_order_relaxed),
			      memory_order_relaxed);
	/* A move that is under way in `from` is none in `to`. */
	atomic_store_explicit(&to->head,
			      atomic_load_explicit(&from->head, memory_order_relaxed) & ~MOVING,
			      memory_order_release);
}
