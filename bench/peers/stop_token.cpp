// stop_token.cpp: C++20's std::stop_token for the token bench; see crowd.h for the parts.
//
// It has no tree: the stop sources "beneath" are stopped by a std::stop_callback on the one above.
// Threads wait for it with std::condition_variable_any, as the standard provides; each has its own,
// so that they do not wait for one another's lock. It has no deadlines.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "crowd.h"
extern "C" {
#include "../support/clock.h"
}

namespace
{
// In each slice.
constexpr unsigned checks = 1000000, creations = 50000, callbacks = 30000;

// The fastest of the slices.
template <class Slice> std::int64_t best_of(Slice slice)
{
	std::int64_t best = INT64_MAX;

	for (unsigned i = 0; i < CROWD_SLICES; i++) {
		std::int64_t begun = bench_now();

		slice();
		best = std::min(best, bench_now() - begun);
	}
	return best;
}

void check(unsigned depth)
{
	std::stop_source source;
	std::stop_token token = source.get_token();
	// The compiler must not know that nobody stops it.
	std::stop_token *volatile hidden = &token;

	if (depth == 0)
		crowd_say("check", best_of([&] {
				  for (unsigned i = 0; i < checks; i++)
					  if (hidden->stop_requested())
						  std::abort();
			  }),
			  checks);
}

void create(unsigned)
{
	crowd_say("create", best_of([] {
			  for (unsigned i = 0; i < creations; i++) {
				  std::stop_source source;
				  asm volatile("" : : "r"(&source) : "memory");
			  }
		  }),
		  creations);
}

void children(unsigned count)
{
	std::stop_source parent;
	std::vector<std::stop_source> sources(count);
	std::vector<std::optional<std::stop_callback<std::function<void()>>>> links(count);

	for (unsigned i = 0; i < count; i++)
		links[i].emplace(parent.get_token(),
				 [source = &sources[i]] { source->request_stop(); });
	std::int64_t begun = bench_now();
	parent.request_stop();
	crowd_say("trip", bench_now() - begun, 1);
}

void wait_on(void *arg)
{
	std::stop_token token = static_cast<std::stop_source *>(arg)->get_token();
	std::condition_variable_any changed;
	std::mutex mutex;
	std::unique_lock lock(mutex);

	changed.wait(lock, token, [] { return false; });
}

void cancel(void *arg)
{
	static_cast<std::stop_source *>(arg)->request_stop();
}

void waiters(unsigned count)
{
	std::stop_source source;

	crowd_say("wake", crowd_wake(count, wait_on, cancel, &source), 1);
}

void callback(unsigned)
{
	std::stop_source source;
	std::stop_token token = source.get_token();

	crowd_say("callback", best_of([&] {
			  for (unsigned i = 0; i < callbacks; i++)
				  std::stop_callback added(token, [] {});
		  }),
		  callbacks);
}
} // namespace

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(unsigned n);
	} parts[] = {{"check", check},
		     {"create", create},
		     {"children", children},
		     {"waiters", waiters},
		     {"callback", callback}};
	const char *part;
	unsigned n;
	int code = crowd_arguments(argc, argv, "g++ " __VERSION__ ", std::stop_token", &part, &n);

	for (size_t i = 0; code == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (std::strcmp(part, parts[i].name) == 0)
			parts[i].run(n);
	return code;
}
