/* unit/cancel/io_names.c: a name service under the test's control, in place of getaddrinfo(3)
 * (the linker's --wrap). Numbers, which need none, go to the real one. */
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/must.h"
#include "unit/cancel/io_ops.h"

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **out);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **out);

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
} door = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

static void set_open(bool open)
{
	(void)pthread_mutex_lock(&door.lock);
	door.open = open;
	(void)pthread_cond_broadcast(&door.changed);
	(void)pthread_mutex_unlock(&door.lock);
}

static void pass_door(void)
{
	(void)pthread_mutex_lock(&door.lock);
	while (!door.open)
		(void)pthread_cond_wait(&door.changed, &door.lock);
	(void)pthread_mutex_unlock(&door.lock);
}

void io_names_open(void)
{
	set_open(true);
}

static bool is_resolver(const char *id)
{
	char path[64], name[32] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm", id);
	file = fopen(path, "re");
	if (!file)
		return false; /* it has ended */
	(void)fscanf(file, "%31s", name);
	(void)fclose(file);
	return strcmp(name, "weir-resolve") == 0;
}

unsigned io_names_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;
	unsigned count = 0;

	must(tasks, "cannot list the threads");
	while ((task = readdir(tasks)))
		count += task->d_name[0] != '.' && is_resolver(task->d_name);
	(void)closedir(tasks);
	return count;
}

void io_names_close(void)
{
	weir_time until = weir_after(MUST_PATIENCE);

	io_names_open();
	while (io_names_threads() > 0) {
		must(weir_now() < until, "there is still somebody at the door");
		(void)sched_yield();
	}
	set_open(false);
}

static int fail(const char *code)
{
	errno = EACCES; /* for EAI_SYSTEM */
	return atoi(code);
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **out)
{
	static const struct addrinfo number = {.ai_flags = AI_NUMERICHOST,
					       .ai_socktype = SOCK_STREAM};

	if (!node || (hints && (hints->ai_flags & AI_NUMERICHOST)))
		return __real_getaddrinfo(node, service, hints, out);
	if (strncmp(node, "fail", 4) == 0)
		return fail(node + 4);
	if (strcmp(node, "slow") == 0)
		pass_door();
	return __real_getaddrinfo("127.0.0.1", service, &number, out);
}
