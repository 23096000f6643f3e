/* support/fault_control.c: see fault_control.h. The test's side of the page. */
#include "support/fault_control.h"
#include "support/must.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct {
	const char *name;
	int error;
} calls[FAULT_CALL_COUNT] = {{"none", 0},
#define FAULT_CALL_ROW(name, error) {#name, error},
			     FAULT_CALLS(FAULT_CALL_ROW)
#undef FAULT_CALL_ROW
};

const char *fault_call_name(enum fault_call call)
{
	return calls[call].name;
}

int fault_call_errno(enum fault_call call)
{
	return calls[call].error;
}

struct fault_control *fault_control_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0, "%s: %s", path, strerror(errno));
	must(ftruncate(fd, sizeof(struct fault_control)) == 0, "ftruncate: %s", strerror(errno));
	void *page =
		mmap(NULL, sizeof(struct fault_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(page != MAP_FAILED, "mmap: %s", strerror(errno));
	(void)close(fd);
	return page;
}

void fault_control_unmap(struct fault_control *control)
{
	must(munmap(control, sizeof *control) == 0, "munmap: %s", strerror(errno));
}

void fault_control_arm(struct fault_control *control, enum fault_call call, uint64_t nth,
		       uint64_t times, int error)
{
	atomic_store(&control->nth, 0);
	atomic_store(&control->struck, 0);
	atomic_store(&control->site, 0);
	atomic_store(&control->call, (uint32_t)call);
	atomic_store(&control->error, error);
	atomic_store(&control->times, times);
	atomic_store(&control->nth, atomic_load(&control->counts[call]) + nth);
}

void fault_control_arm_site(struct fault_control *control, enum fault_call call, uint64_t site,
			    uint64_t nth)
{
	atomic_store(&control->nth, 0);
	atomic_store(&control->struck, 0);
	atomic_store(&control->of_site, 0);
	atomic_store(&control->site, site);
	atomic_store(&control->call, (uint32_t)call);
	atomic_store(&control->error, 0);
	atomic_store(&control->times, 1);
	atomic_store(&control->nth, nth);
}

void fault_control_disarm(struct fault_control *control)
{
	atomic_store(&control->nth, 0);
}

static void set(const char *name, const char *value)
{
	must(setenv(name, value, 1) == 0, "setenv %s: %s", name, strerror(errno));
}

/* The options that were set stay set. */
static void set_sanitizer(void)
{
	static const char bear[] = "verify_asan_link_order=0";
	const char *options = getenv("ASAN_OPTIONS");
	char both[512];

	if (options != NULL && strstr(options, bear) != NULL)
		return;
	int length = snprintf(both, sizeof both, "%s%s%s", options != NULL ? options : "",
			      options != NULL ? ":" : "", bear);
	must(length > 0 && (size_t)length < sizeof both, "ASAN_OPTIONS are too long");
	set("ASAN_OPTIONS", both);
}

void fault_control_preload(const char *shim, const char *path)
{
	set("WEIR_FAULT_CONTROL", path);
	set("LD_PRELOAD", shim);
	set_sanitizer();
}

void fault_control_spare(const struct scratch *scratch, const char *libraries)
{
	char options[PATH_MAX + 64];

	scratch_write(scratch, "leaks", libraries, strlen(libraries));
	(void)snprintf(options, sizeof options, "suppressions=%s/leaks:print_suppressions=0",
		       scratch->path);
	set("LSAN_OPTIONS", options);
}

void fault_control_unload(void)
{
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("WEIR_FAULT_CONTROL");
}
