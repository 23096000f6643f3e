/* support/fault_turn.c: see fault_turn.h. */
#include "support/fault_turn.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/fault_callers.h"

static struct fault_control own; /* without a control file */
/* NULL before the constructor has run. Nothing is counted then: what the loader and other
 * constructors allocate is not the program's doing. */
static struct fault_control *_Atomic control;

static const char *const names[] = {"none",
#define FAULT_CALL_ROW(name, error) #name,
				    FAULT_CALLS(FAULT_CALL_ROW)
#undef FAULT_CALL_ROW
};
static const int errors[] = {0,
#define FAULT_CALL_ROW(name, error) error,
			     FAULT_CALLS(FAULT_CALL_ROW)
#undef FAULT_CALL_ROW
};

static _Noreturn void unusable(const char *why)
{
	(void)!syscall(SYS_write, STDERR_FILENO, "fault shim: ", 12);
	(void)!syscall(SYS_write, STDERR_FILENO, why, strlen(why));
	(void)!syscall(SYS_write, STDERR_FILENO, "\n", 1);
	_exit(125);
}

static void arm_from_environment(void)
{
	const char *call = getenv("WEIR_FAULT_CALL");
	const char *nth = getenv("WEIR_FAULT_NTH");
	const char *error = getenv("WEIR_FAULT_ERRNO");
	const char *times = getenv("WEIR_FAULT_TIMES");
	uint32_t which = 1;

	if (call == NULL || nth == NULL)
		return;
	while (which < FAULT_CALL_COUNT && strcmp(names[which], call) != 0)
		which++;
	if (which == FAULT_CALL_COUNT)
		unusable("WEIR_FAULT_CALL names no call that it stands before");
	own.call = which;
	own.error = error != NULL ? atoi(error) : 0;
	own.times = times != NULL ? strtoull(times, NULL, 10) : 1;
	own.nth = strtoull(nth, NULL, 10);
}

static void *map_control(const char *path)
{
	/* System calls: open() here is the shim's own. */
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	void *page;

	if (fd < 0)
		unusable("WEIR_FAULT_CONTROL cannot be opened");
	page = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		unusable("WEIR_FAULT_CONTROL cannot be mapped");
	(void)close(fd);
	return page;
}

/* Whether this process is not under test. */
static bool is_another(const char *program)
{
	char own_path[4096];
	ssize_t length = readlink("/proc/self/exe", own_path, sizeof own_path - 1);

	if (length < 0)
		unusable("/proc/self/exe cannot be read");
	own_path[length] = '\0';
	return strcmp(own_path, program) != 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("WEIR_FAULT_CONTROL");
	const char *program = getenv("WEIR_FAULT_PROGRAM");

	if (program != NULL && is_another(program))
		return;
	fault_callers_prepare();
	if (path != NULL) {
		atomic_store(&control, map_control(path));
	} else {
		arm_from_environment();
		atomic_store(&control, &own);
	}
	if (program == NULL)
		(void)unsetenv("LD_PRELOAD");
}

/* Two libraries below GnuTLS: libgmp ends the process when it has no memory, as its manual says,
 * and libtasn1 (4.19) follows the null pointer. Nothing that calls them could mend that. They do
 * not always call malloc themselves: for libgmp's realloc GnuTLS has put a function of its own
 * (lib/nettle/init.c), which aborts as well, and libtasn1 has the C library copy strings. */
static bool cannot_bear_it(void)
{
	return fault_callers_have(2, "libtasn1") || fault_callers_have(2, "libgmp");
}

/* Whether it is this call's turn. `number`: which one of its kind it is. */
static bool is_due(struct fault_control *page, enum fault_call call, uint64_t number)
{
	uint64_t nth = atomic_load_explicit(&page->nth, memory_order_acquire);
	uint64_t site = atomic_load(&page->site);

	if (nth == 0 || atomic_load(&page->call) != call)
		return false;
	if (site != 0) {
		if (fault_callers_site(call) != site)
			return false;
		number = atomic_fetch_add(&page->of_site, 1) + 1;
	}
	return number >= nth && number - nth < atomic_load(&page->times);
}

static _Thread_local bool exempt;

void fault_exempt(bool yes)
{
	exempt = yes;
}

struct fault_control *fault_page(void)
{
	return atomic_load_explicit(&control, memory_order_acquire);
}

int fault_strikes(enum fault_call call)
{
	struct fault_control *page = fault_page();
	uint64_t number;
	int error;

	if (page == NULL || exempt)
		return 0;
	number = atomic_fetch_add(&page->counts[call], 1) + 1;
	if (atomic_load_explicit(&page->recording, memory_order_relaxed) && !cannot_bear_it())
		fault_callers_record(page, call);
	if (!is_due(page, call, number) || cannot_bear_it())
		return 0;
	if (atomic_fetch_add(&page->struck, 1) == 0)
		fault_callers_tell(page->callers, sizeof page->callers);
	error = atomic_load(&page->error);
	return error != 0 ? error : errors[call];
}

void *fault_next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (function == NULL)
		unusable(name);
	return function;
}
