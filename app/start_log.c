/* start_log.c: see start_log.h. */
#include "start_log.h"

#include <stdio.h>
#include <string.h>

void start_log_init(struct start_log *log, int fd, weir_log_fn sink)
{
	atomic_init(&log->sink, sink);
	log->fd = fd;
	log->hint[0] = '\0';
	atomic_init(&log->silent, 0);
}

void start_log_sink(struct start_log *log, weir_log_fn sink)
{
	atomic_store_explicit(&log->sink, sink, memory_order_relaxed);
}

void start_log_expect(struct start_log *log, const weir_server *server, bool files)
{
	size_t count = 0;
	while (weir_server_url(server, count) != NULL)
		count++;
	const char *url = weir_server_url(server, 0);
	if (url == NULL)
		return;
	char curl[256];
	if (strncmp(url, "unix:", 5) == 0)
		(void)snprintf(curl, sizeof curl, "curl --unix-socket %s", url + 5);
	else
		(void)snprintf(curl, sizeof curl, "curl");
	const char *base = strncmp(url, "unix:", 5) == 0 ? "http://localhost" : url;
	if (files)
		(void)snprintf(log->hint, sizeof log->hint, "try: %s -T FILE %s/name, then %s %s/",
			       curl, base, curl, base);
	else
		(void)snprintf(log->hint, sizeof log->hint, "try: %s %s/readyz", curl, base);
	atomic_store_explicit(&log->silent, count, memory_order_relaxed);
}

void start_log_write(void *arg, const struct weir_log_record *record)
{
	struct start_log *log = arg;
	weir_log_fn sink = atomic_load_explicit(&log->sink, memory_order_relaxed);
	sink(&log->fd, record);
	if (strcmp(record->event, "listening") != 0 ||
	    atomic_fetch_sub_explicit(&log->silent, 1, memory_order_relaxed) != 1)
		return;
	struct weir_log_record ready = {
		.level = WEIR_LOG_INFO,
		.event = "ready",
		.message = log->hint,
	};
	sink(&log->fd, &ready);
}
