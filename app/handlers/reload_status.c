/* reload_status.c: what /status and /metrics say of reloads. */
#include "reload.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

void reload_status(struct reload_history *of, struct json_text *text)
{
	if (of == NULL)
		return;
	struct reload_state state;
	reload_history_look(of, &state);
	json_text_print(text, ",\"generation\":%" PRIu64 ",\"old_generations\":%u,\"reload\":",
			state.generation, state.old);
	if (state.when.tv_sec == 0) {
		json_text_print(text, "null");
		return;
	}
	struct tm utc;
	char when[32] = "";
	if (gmtime_r(&state.when.tv_sec, &utc) != NULL)
		(void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
	json_text_print(text, "{\"when\":\"%s\",\"ok\":%s,\"error\":", when,
			state.ok ? "true" : "false");
	if (state.ok)
		json_text_print(text, "null");
	else
		json_text_string(text, state.error, strlen(state.error));
	json_text_print(text, "}");
}

void reload_metrics(struct reload_history *of, struct json_text *text)
{
	if (of == NULL)
		return;
	struct reload_state state;
	reload_history_look(of, &state);
	json_text_print(text,
			"# HELP weir_reloads_total Configurations that took the place of another.\n"
			"# TYPE weir_reloads_total counter\n"
			"weir_reloads_total %" PRIu64 "\n",
			state.reloads);
	json_text_print(text,
			"# HELP weir_reload_failures_total Reloads that changed nothing; the log "
			"says why.\n"
			"# TYPE weir_reload_failures_total counter\n"
			"weir_reload_failures_total %" PRIu64 "\n",
			state.failures);
	json_text_print(text,
			"# HELP weir_generation Which configuration serves, counted from 1.\n"
			"# TYPE weir_generation gauge\n"
			"weir_generation %" PRIu64 "\n",
			state.generation);
	json_text_print(
		text,
		"# HELP weir_old_generations Earlier configurations that requests still use.\n"
		"# TYPE weir_old_generations gauge\n"
		"weir_old_generations %u\n",
		state.old);
}
