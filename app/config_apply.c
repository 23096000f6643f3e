/* config_apply.c: see config_apply.h. */
#include "config_apply.h"

static void apply_listeners(const struct config *config, struct serve_config *serve)
{
	bool fixed = serve->listen_count > 0, admin_fixed = serve->admin != NULL;
	for (unsigned i = 0; i < config->listeners_count; i++) {
		const struct config_listener *listener = &config->listeners[i];
		if (listener->admin && !admin_fixed)
			serve->admin = listener->address;
		if (listener->token_file != NULL && serve->admin_token_file == NULL)
			serve->admin_token_file = listener->token_file;
		if (!listener->admin && !fixed && serve->listen_count < SERVE_LISTEN_MAX)
			serve->listen[serve->listen_count++] = listener->address;
	}
}

static void apply_tls(const struct config_tls *tls, struct serve_config *serve)
{
	bool fixed = serve->tls_cert_count > 0 || serve->tls_key_count > 0;
	for (unsigned i = 0; !fixed && i < tls->certificates_count && i < SERVE_TLS_MAX; i++) {
		serve->tls_certs[serve->tls_cert_count++] = tls->certificates[i].certificate;
		serve->tls_keys[serve->tls_key_count++] = tls->certificates[i].key;
	}
	if (serve->tls_client_ca == NULL)
		serve->tls_client_ca = tls->client_ca;
	if (!serve->tls_clients_given && tls->clients != CONFIG_TLS_CLIENTS_UNSET) {
		serve->tls_clients_given = true;
		serve->tls_clients =
			(enum weir_tls_clients)(tls->clients - CONFIG_TLS_CLIENTS_NONE);
	}
	if (tls->hsts >= 0 && (serve->given & SERVE_GIVEN_HSTS) == 0)
		serve->hsts = tls->hsts;
}

static void apply_timeouts(const struct config_timeouts *timeouts, struct serve_config *serve)
{
	if (timeouts->lame_duck >= 0 && (serve->given & SERVE_GIVEN_LAME_DUCK) == 0)
		serve->lame_duck = timeouts->lame_duck;
	if (timeouts->grace >= 0 && (serve->given & SERVE_GIVEN_GRACE) == 0)
		serve->grace = timeouts->grace;
	if (timeouts->drain_timeout >= 0 && (serve->given & SERVE_GIVEN_DRAIN_TIMEOUT) == 0)
		serve->drain_timeout = timeouts->drain_timeout;
	serve->header = timeouts->header > 0 ? timeouts->header : 0;
	serve->body = timeouts->body > 0 ? timeouts->body : 0;
	serve->keepalive = timeouts->keepalive > 0 ? timeouts->keepalive : 0;
	serve->write = timeouts->write > 0 ? timeouts->write : 0;
	serve->first_byte = timeouts->first_byte > 0 ? timeouts->first_byte : 0;
}

static void apply_queue(const struct config *config, struct serve_config *serve)
{
	if (config->queue != 0 && (serve->given & SERVE_GIVEN_QUEUE) == 0)
		serve->queue = config->queue;
	if (config->queue_age >= 0 && (serve->given & SERVE_GIVEN_QUEUE_AGE) == 0)
		serve->queue_age = config->queue_age;
	if (config->queue_target >= 0 && (serve->given & SERVE_GIVEN_QUEUE_TARGET) == 0)
		serve->queue_target = config->queue_target;
	if (config->queue_interval >= 0 && (serve->given & SERVE_GIVEN_QUEUE_INTERVAL) == 0)
		serve->queue_interval = config->queue_interval;
}

void config_apply(const struct config *config, struct serve_config *serve)
{
	apply_listeners(config, serve);
	apply_tls(&config->tls, serve);
	apply_timeouts(&config->timeouts, serve);
	if (config->workers != 0 && (serve->given & SERVE_GIVEN_WORKERS) == 0) {
		serve->workers = config->workers;
		serve->workers_max = config->workers_max;
	}
	apply_queue(config, serve);
	if (config->log.format != CONFIG_LOG_UNSET && (serve->given & SERVE_GIVEN_LOG_FORMAT) == 0)
		serve->log_json = config->log.format == CONFIG_LOG_JSON;
	if (serve->log_file == NULL)
		serve->log_file = config->log.file;
	serve->log_debug = serve->log_debug || config->log.verbose;
	limits_complete(&serve->limits, &config->limits.values);
	serve->deadline_header = config->deadline_header;
	if (serve->user == NULL) {
		serve->user = config->user;
		if (serve->group == NULL)
			serve->group = config->group;
	}
	if (serve->drain_report == NULL)
		serve->drain_report = config->drain_report;
}
