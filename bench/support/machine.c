/* machine.c: processor, kernel, memory, load, limits. */
#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#define QUIET 0.3 /* load by processor above which a result is to be doubted */

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
}

void bench_machine_json(const struct bench_machine *machine, struct bench_json *json)
{
	bench_json_object(json, "machine");
	bench_json_string(json, "cpu", machine->cpu);
	bench_json_integer(json, "cpus", machine->cpus);
	bench_json_integer(json, "memory_mib", machine->memory_mib);
	bench_json_string(json, "kernel", machine->kernel);
	bench_json_number(json, "load_at_start", machine->load);
	bench_json_end(json);
}

void bench_machine_print(const struct bench_machine *machine)
{
	(void)printf("machine: %s, %ld cpus, %ld MiB, %s, load %.2f\n", machine->cpu, machine->cpus,
		     machine->memory_mib, machine->kernel, machine->load);
	if (machine->load > QUIET * (double)machine->cpus)
		(void)printf("note: other programs are running here; doubt these numbers\n");
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
