/* fuzz_config.c: the configuration file of the binary (app/config.h).
 *
 * Input: the file. Held against: a mistake is one line that names the file and one of its lines,
 * and is the same whenever it is asked for; what is accepted is complete and within its limits,
 * and nothing is left behind by either (LeakSanitizer).
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "config_apply.h"
#include "handlers/route_pattern.h"
#include "serve.h"

static char name[64];

static void write_file(const void *data, size_t size)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz_config", MFD_CLOEXEC);
		if (fd >= 0 && fchmod(fd, 0600) != 0) /* not for everybody to write */
			abort();
		FUZZ_CHECK(fd >= 0);
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	}
	FUZZ_CHECK(ftruncate(fd, 0) == 0);
	FUZZ_CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
}

/* `/proc/self/fd/3:12: place: what: expected what`. YAML counts CR, LF, NEL, LS and PS as ends of
 * lines: there are at most as many as bytes. */
static void check_error(const char *error, size_t size)
{
	size_t length = strlen(name), i;
	char *end;
	unsigned long line;

	FUZZ_CHECK(strlen(error) < COMPLAIN_SIZE && strncmp(error, name, length) == 0);
	FUZZ_CHECK(error[length] == ':');
	line = strtoul(error + length + 1, &end, 10);
	FUZZ_CHECK(end > error + length + 1 && line >= 1 && line <= size + 1);
	FUZZ_CHECK(end[0] == ':' && end[1] == ' ' && end[2] != '\0');
	for (i = 0; error[i]; i++)
		FUZZ_CHECK((unsigned char)error[i] >= 0x20 && error[i] != 0x7f);
}

static void check_times(const struct config_timeouts *timeouts)
{
	const weir_time times[] = {timeouts->lame_duck, timeouts->grace, timeouts->drain_timeout,
				   timeouts->header,    timeouts->body,  timeouts->keepalive,
				   timeouts->write};
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		FUZZ_CHECK(times[i] >= -1 && times[i] != WEIR_NEVER);
}

static void check_statement(const struct config *config, const struct config_statement *statement)
{
	FUZZ_CHECK(statement->name && statement->sql && statement->in);
	FUZZ_CHECK(statement->in >= config->databases &&
		   statement->in < config->databases + config->databases_count);
	FUZZ_CHECK(strcmp(statement->in->name, statement->database) == 0);
	FUZZ_CHECK(statement->parameters_count <= CONFIG_PARAMETERS_MAX);
}

static void check_route(const struct config_route *route)
{
	FUZZ_CHECK(route->path && route->path[0] == '/' && (int)route->kind >= 0 &&
		   route->kind < CONFIG_KIND_COUNT);
	FUZZ_CHECK(route->deadline >= 0 && route->every >= 0 && route->retry >= 0);
	FUZZ_CHECK(route->kind != CONFIG_FILES ||
		   (route->root && route_pattern_prefix(route->path) >= 0));
	FUZZ_CHECK(route->kind != CONFIG_RUN ||
		   (route->command && route->command_count > 0 && !strchr(route->command[0], '{')));
	FUZZ_CHECK(route->kind != CONFIG_QUERY || route->runs);
	FUZZ_CHECK(route->kind != CONFIG_PROXY || strncmp(route->upstream, "http", 4) == 0);
	FUZZ_CHECK(route->kind != CONFIG_WEBSOCKET || route->mode != CONFIG_WS_UNSET);
}

static void check_accepted(const struct config *config)
{
	struct serve_config serve = {0};
	unsigned i;

	FUZZ_CHECK(config->listeners_count <= CONFIG_LISTENERS_MAX);
	FUZZ_CHECK(config->databases_count <= CONFIG_DATABASES_MAX);
	FUZZ_CHECK(config->statements_count <= CONFIG_STATEMENTS_MAX);
	FUZZ_CHECK(config->routes_count <= CONFIG_ROUTES_MAX);
	FUZZ_CHECK(config->workers <= SERVE_WORKERS_MAX && config->queue <= SERVE_QUEUE_MAX);
	for (i = 0; i < config->listeners_count; i++)
		FUZZ_CHECK(config->listeners[i].address && config->listeners[i].address[0]);
	for (i = 0; i < config->statements_count; i++)
		check_statement(config, &config->statements[i]);
	for (i = 0; i < config->routes_count; i++)
		check_route(&config->routes[i]);
	check_times(&config->timeouts);
	config_apply(config, &serve);
	FUZZ_CHECK(serve.listen_count <= SERVE_LISTEN_MAX);
	FUZZ_CHECK(serve.header >= 0 && serve.body >= 0 && serve.keepalive >= 0 &&
		   serve.write >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[COMPLAIN_SIZE] = "", again[COMPLAIN_SIZE] = "";
	struct config *config = NULL, *other = NULL;
	int result;

	write_file(data, size);
	result = config_load(name, &config, error);
	FUZZ_CHECK(result == 0 || result == -EINVAL);
	if (result == 0) {
		check_accepted(config);
		config_free(config);
	} else {
		check_error(error, size);
		FUZZ_CHECK(config_load(name, &other, again) == result && !other);
		FUZZ_CHECK(strcmp(error, again) == 0);
	}
	return 0;
}
