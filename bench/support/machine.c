/* machine.c: processor, kernel, memory, load, limits, and the share of others. */
#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "parse.h"

#define QUIET 0.1 /* share of the processors used by others above which one must doubt */

static void read_cpu(char *cpu, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	(void)snprintf(cpu, size, "unknown");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		char *value = strchr(line, ':');

		if (value && strncmp(line, "model name", 10) == 0) {
			value[strcspn(value, "\n")] = '\0';
			(void)snprintf(cpu, size, "%s", value + 1 + strspn(value + 1, " "));
			break;
		}
	}
	(void)fclose(file);
}

/* Processor seconds spent by all programs since the machine began, idle and waiting
 * excluded; NaN if unknown. Interrupts are nobody's, so they are not counted. */
static double busy_seconds(void)
{
	FILE *file = fopen("/proc/stat", "re");
	uint64_t ticks[3] = {0}; /* user, nice, system */
	char line[256] = "";
	const char *at = line;
	double sum = 0;

	if (!file)
		return NAN;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	(void)fclose(file);
	if (strncmp(line, "cpu ", 4) != 0)
		return NAN;
	at += 4;
	for (size_t i = 0; i < 3; i++) {
		at += strspn(at, " ");
		if (bench_parse_number(&at, INT64_MAX, &ticks[i]) != 0)
			return NAN;
		sum += (double)ticks[i];
	}
	return sum / (double)sysconf(_SC_CLK_TCK);
}

static double seconds_of(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage) != 0)
		return NAN;
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double own_seconds(void)
{
	return seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
}

void bench_machine_read(struct bench_machine *machine)
{
	struct utsname name;

	read_cpu(machine->cpu, sizeof(machine->cpu));
	if (uname(&name) == 0)
		(void)snprintf(machine->kernel, sizeof(machine->kernel), "%.20s %.70s",
			       name.sysname, name.release);
	else
		(void)snprintf(machine->kernel, sizeof(machine->kernel), "unknown");
	machine->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	machine->memory_mib = sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024);
	if (getloadavg(&machine->load, 1) != 1)
		machine->load = NAN;
	machine->others = NAN;
	machine->began = bench_now();
	machine->own_before = own_seconds();
	machine->busy_before = busy_seconds();
}

void bench_machine_end(struct bench_machine *machine)
{
	double busy = busy_seconds() - machine->busy_before;
	double own = own_seconds() - machine->own_before;
	double elapsed = (double)(bench_now() - machine->began) / (double)BENCH_S;

	/* The two are counted in different ways and may differ a little. */
	machine->others = elapsed > 0 ? fmax(busy - own, 0) / elapsed : NAN;
	if (isnan(busy) || isnan(own))
		machine->others = NAN;
}

void bench_machine_json(const struct bench_machine *machine, struct bench_json *json)
{
	bench_json_object(json, "machine");
	bench_json_string(json, "cpu", machine->cpu);
	bench_json_integer(json, "cpus", machine->cpus);
	bench_json_integer(json, "memory_mib", machine->memory_mib);
	bench_json_string(json, "kernel", machine->kernel);
	bench_json_number(json, "load_at_start", machine->load);
	bench_json_number(json, "cpus_used_by_others", machine->others);
	bench_json_end(json);
}

void bench_machine_print(const struct bench_machine *machine)
{
	(void)printf("machine: %s, %ld cpus, %ld MiB, %s, load %.2f\n", machine->cpu, machine->cpus,
		     machine->memory_mib, machine->kernel, machine->load);
	if (machine->others > QUIET * (double)machine->cpus)
		(void)printf(
			"note: other programs used %.2f of %ld processors meanwhile; doubt these "
			"numbers\n",
			machine->others, machine->cpus);
}

long bench_machine_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -errno;
	return limit.rlim_cur > LONG_MAX ? LONG_MAX : (long)limit.rlim_cur;
}
