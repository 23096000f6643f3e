/* reload_compare.c: see reload_compare.h. */
#include "reload_compare.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool reload_compare(const struct serve_config *started, const struct serve_config *now,
		    char names[RELOAD_NAMES_SIZE])
{
	const struct {
		const char *name;
		bool same;
	} rows[] = {
		{"workers",
		 started->workers == now->workers && started->workers_max == now->workers_max},
		{"queue", started->queue == now->queue},
		{"queue_age", started->queue_age == now->queue_age},
		{"queue_target", started->queue_target == now->queue_target},
		{"queue_interval", started->queue_interval == now->queue_interval},
		{"timeouts.header", started->header == now->header},
		{"timeouts.body", started->body == now->body},
		{"timeouts.keepalive", started->keepalive == now->keepalive},
		{"timeouts.write", started->write == now->write},
		{"timeouts.first_byte", started->first_byte == now->first_byte},
		{"limits", limits_same(&started->limits, &now->limits)},
		{"deadline_header", same_text(started->deadline_header, now->deadline_header)},
		{"user", same_text(started->user, now->user)},
		{"group", same_text(started->group, now->group)},
		{"log.verbose", started->log_debug == now->log_debug},
	};
	size_t used = 0;
	names[0] = '\0';
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t length = strlen(rows[i].name);
		if (rows[i].same || used + length + 2 > RELOAD_NAMES_SIZE)
			continue;
		if (used > 0)
			names[used++] = ',';
		memcpy(names + used, rows[i].name, length + 1);
		used += length;
	}
	return used > 0;
}
