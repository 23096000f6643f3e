/* overflow.c: see overflow.h.
 *
 * The handler calls nothing but what is async-signal-safe (signal-safety(7)): write(),
 * clock_gettime(), sigaction(), getpid(), and system calls without more (tgkill, prctl). The line
 * is put together by hand in a buffer on the alternate stack. `own` is of the TLS model
 * initial-exec, because the other one may allocate at the first access, which in a thread that the
 * library does not know could be in the handler.
 *
 * Lock: `setup.lock` guards the installation. What the handler reads is atomic.
 */
#include "base/overflow.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* Also for the handler that walks a stack (backtrace.c), and for a program's own. Pages that
 * nobody touches cost nothing. */
#define ALTERNATE_SIZE ((size_t)64 * 1024)

static struct {
	pthread_mutex_t lock;
	atomic_bool on;
	atomic_int fd;
	atomic_bool json;
} setup = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Of the thread that this is. */
static _Thread_local struct {
	uintptr_t guard, stack; /* the guard's lowest address, the stack's */
	const char *route;
	void *alternate;
} own __attribute__((tls_model("initial-exec")));

struct line {
	size_t used;
	char text[512];
};

static void put(struct line *line, const char *text)
{
	for (; *text && line->used < sizeof(line->text) - 2; text++)
		line->text[line->used++] = *text;
}

/* Routes and names are the program's own; what could end a value in one is not let through. */
static void put_value(struct line *line, const char *key, const char *value)
{
	bool json = atomic_load_explicit(&setup.json, memory_order_relaxed);

	put(line, json ? ",\"" : " ");
	put(line, key);
	put(line, json ? "\":\"" : "=\"");
	for (; *value && line->used < sizeof(line->text) - 2; value++) {
		char c = *value;

		if (c < ' ' || c == '"' || c == '\\' || c > '~')
			c = '?';
		line->text[line->used++] = c;
	}
	put(line, "\"");
}

static void put_number(struct line *line, int64_t number, int digits)
{
	char text[24];
	int at = (int)sizeof(text) - 1;

	text[at] = '\0';
	for (; (digits > 0 || number > 0) && at > 0; digits--, number /= 10)
		text[--at] = (char)('0' + number % 10);
	put(line, text + at);
}

/* From days since 1970 to a date of the Gregorian calendar: a year begins in March here, so that
 * the day that some of them have more is the last, and 400 of them are an era of 146097 days. */
static void put_date(struct line *line, int64_t days)
{
	int64_t since = days + 719468, era = since / 146097, of_era = since % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	put_number(line, era * 400 + year + (month >= 10), 4);
	put(line, "-");
	put_number(line, month < 10 ? month + 3 : month - 9, 2);
	put(line, "-");
	put_number(line, of_year - (153 * month + 2) / 5 + 1, 2);
}

/* As weir_log_json() has it. */
static void put_time(struct line *line)
{
	struct timespec now = {0};
	int64_t of_day;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	of_day = now.tv_sec % 86400;
	put_date(line, now.tv_sec / 86400);
	put(line, "T");
	put_number(line, of_day / 3600, 2);
	put(line, ":");
	put_number(line, of_day / 60 % 60, 2);
	put(line, ":");
	put_number(line, of_day % 60, 2);
	put(line, ".");
	put_number(line, now.tv_nsec / 1000, 6);
	put(line, "Z");
}

static void report(void)
{
	static const char message[] =
		"a thread has used up its stack: the process ends, with a core where limits allow";
	bool json = atomic_load_explicit(&setup.json, memory_order_relaxed);
	struct line line = {.used = 0};
	char name[16] = ""; /* asked for late: who makes a thread names it afterwards */

	(void)prctl(PR_GET_NAME, name);
	if (json) {
		put(&line, "{\"time\":\"");
		put_time(&line);
		put(&line, "\",\"level\":\"error\",\"event\":\"stack-overflow\"");
	} else {
		put(&line, "stack-overflow");
	}
	put_value(&line, "thread", name);
	if (own.route)
		put_value(&line, "route", own.route);
	if (!json)
		put(&line, " level=error");
	put_value(&line, "message", message);
	put(&line, json ? "}" : "");
	line.text[line.used++] = '\n';
	weir__log_write(atomic_load_explicit(&setup.fd, memory_order_relaxed), line.text,
			line.used);
}

/* What faulted faults again when this returns, with nobody to catch it, and the core shows it where
 * it is. A signal that somebody sent would not come again by itself. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	struct sigaction standard;

	(void)context;
	if (info->si_code > 0 && own.stack && at >= own.guard && at < own.stack)
		report();
	memset(&standard, 0, sizeof(standard));
	standard.sa_handler = SIG_DFL;
	(void)sigaction(number, &standard, NULL);
	if (info->si_code <= 0)
		(void)tgkill(getpid(), gettid(), number);
}

static int install_locked(void)
{
	struct sigaction action;

	if (sigaction(SIGSEGV, NULL, &action))
		return -errno;
	if ((action.sa_flags & SA_SIGINFO) && action.sa_sigaction == on_fault)
		return 0;
	if (action.sa_handler != SIG_DFL)
		return -EBUSY;
	memset(&action, 0, sizeof(action));
	(void)sigemptyset(&action.sa_mask);
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	action.sa_sigaction = on_fault;
	return sigaction(SIGSEGV, &action, NULL) ? -errno : 0;
}

int weir__overflow_report(int fd, bool json)
{
	int error;

	(void)pthread_mutex_lock(&setup.lock);
	atomic_store_explicit(&setup.fd, fd, memory_order_relaxed);
	atomic_store_explicit(&setup.json, json, memory_order_relaxed);
	error = install_locked();
	if (!error)
		atomic_store_explicit(&setup.on, true, memory_order_relaxed);
	(void)pthread_mutex_unlock(&setup.lock);
	return error;
}

static bool find_guard(void)
{
	pthread_attr_t attributes;
	size_t size, guard = 0;
	void *stack = NULL;
	bool found;

	if (pthread_getattr_np(pthread_self(), &attributes))
		return false;
	found = !pthread_attr_getstack(&attributes, &stack, &size) &&
		!pthread_attr_getguardsize(&attributes, &guard) && guard > 0;
	(void)pthread_attr_destroy(&attributes);
	if (!found)
		return false;
	own.stack = (uintptr_t)stack;
	own.guard = own.stack - guard;
	return true;
}

/* One that the thread has already, a sanitizer's for instance, is as good. */
static bool set_alternate(void)
{
	stack_t stack = {.ss_size = ALTERNATE_SIZE}, before;
	void *memory;

	if (sigaltstack(NULL, &before))
		return false;
	if (!(before.ss_flags & SS_DISABLE))
		return true;
	memory = mmap(NULL, ALTERNATE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	stack.ss_sp = memory;
	if (sigaltstack(&stack, NULL)) {
		(void)munmap(memory, ALTERNATE_SIZE);
		return false;
	}
	own.alternate = memory;
	return true;
}

void weir__overflow_enter(void)
{
	if (!atomic_load_explicit(&setup.on, memory_order_relaxed))
		return;
	own.route = NULL;
	if (set_alternate() && !find_guard())
		own.stack = 0;
}

void weir__overflow_leave(void)
{
	const stack_t none = {.ss_flags = SS_DISABLE};

	own.stack = 0;
	if (!own.alternate || sigaltstack(&none, NULL))
		return; /* a stack that is in use is better left where it is */
	(void)munmap(own.alternate, ALTERNATE_SIZE);
	own.alternate = NULL;
}

void weir__overflow_route(const char *route)
{
	own.route = route;
}
