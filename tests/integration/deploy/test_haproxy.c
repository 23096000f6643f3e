/* A rolling restart behind HAProxy, with docs/deploy/haproxy.cfg as it is. */
#include "instance.h"
#include "load.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTANCES 3
#define CONFIG WEIR_DEPLOY "/haproxy.cfg"

static const char *haproxy_path(void)
{
	static const char *const places[] = {"/usr/sbin/haproxy", "/usr/local/sbin/haproxy"};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	cr_skip_test("SKIPPED: HAProxy is not installed (Debian: haproxy)");
	return NULL;
}

struct farm {
	struct scratch scratch;
	struct instance instances[INSTANCES];
	struct port front;
	struct process haproxy;
};

static void farm_start(struct farm *farm, const char *haproxy, const char *lame_duck)
{
	static const char *const names[] = {"WEIR_A", "WEIR_B", "WEIR_C"};
	memset(farm, 0, sizeof *farm);
	scratch_make(&farm->scratch);
	must(mkdirat(farm->scratch.fd, "root", 0755) == 0, "root cannot be made");
	scratch_write(&farm->scratch, "root/hello", "hello\n", 6);
	for (size_t i = 0; i < INSTANCES; i++) {
		port_reserve(&farm->instances[i].port);
		instance_start(&farm->instances[i], &farm->scratch, lame_duck);
		must(setenv(names[i], farm->instances[i].port.address, 1) == 0, "setenv");
	}
	port_reserve(&farm->front);
	must(setenv("WEIR_FRONT", farm->front.address, 1) == 0, "setenv");
	/* It listens by the time of its first word, and takes servers for up until told otherwise.
	 */
	const char *const argv[] = {haproxy, "-W", "-db", "-f", CONFIG, NULL};
	process_start(&farm->haproxy, farm->scratch.path, argv);
	process_await_line(&farm->haproxy, "[NOTICE]");
}

static void farm_stop(struct farm *farm)
{
	process_signal(&farm->haproxy, SIGTERM);
	(void)process_wait(&farm->haproxy);
	process_free(&farm->haproxy);
	for (size_t i = 0; i < INSTANCES; i++) {
		int code = instance_stop(&farm->instances[i]);
		cr_expect_eq(code, 0, "exit code %d:\n%s", code, farm->instances[i].process.text);
		process_free(&farm->instances[i].process);
		port_release(&farm->instances[i].port);
	}
	port_release(&farm->front);
	scratch_remove(&farm->scratch);
}

/* Returns when HAProxy sends requests there again. */
static void await_up(struct farm *farm, size_t i)
{
	char line[64];
	(void)snprintf(line, sizeof line, "Server weir/%c is UP", (int)('a' + i));
	process_await_line(&farm->haproxy, line);
}

Test(haproxy, a_rolling_restart_loses_no_request)
{
	const char *haproxy = haproxy_path();
	struct farm farm;
	struct load load;
	unsigned long answered, failed;
	farm_start(&farm, haproxy, "2s");
	load_start(&load, farm.front.url);
	load_await(&load, 100);
	for (size_t i = 0; i < INSTANCES; i++) {
		struct instance *instance = &farm.instances[i];
		int code = instance_stop(instance);
		cr_expect_eq(code, 0, "exit code %d:\n%s", code, instance->process.text);
		process_free(&instance->process);
		instance_start(instance, &farm.scratch, "2s");
		await_up(&farm, i);
		load_await(&load, 100);
	}
	failed = load_stop(&load, &answered);
	cr_expect_eq(failed, 0, "of %lu requests %lu failed", answered + failed, failed);
	cr_expect_gt(answered, 400);
	farm_stop(&farm);
}
