/* cli_serve.c: reads the options of `weir serve`; cli_serve_options.c lists them, see cli.h.
 *
 * An option that is given twice counts the last time, except --listen, --tls-cert and --tls-key,
 * which add up.
 */
#include "cli_private.h"
#include "cli_serve_options.h"
#include "config_private.h"
#include "duration.h"
#include "number.h"

#include <errno.h>
#include <string.h>

static int read_count(struct cli_reader *reader, const char *option, const char *word,
		      unsigned maximum, unsigned *out)
{
	uint64_t value;
	if (number_parse(word, 1, maximum, &value) != 0)
		return cli_fail(reader,
				"--%s: \"%s\" is not a number from 1 to %u (see 'weir serve "
				"--help')",
				option, word, maximum);
	*out = (unsigned)value;
	return 0;
}

static int read_workers(struct cli_reader *reader, const char *word)
{
	struct serve_config *config = &reader->cli->serve;
	if (number_range_parse(word, SERVE_WORKERS_MAX, &config->workers, &config->workers_max) !=
	    0)
		return cli_fail(reader,
				"--workers: \"%s\" is not a number from 1 to %d, or two as in "
				"16..64 (see 'weir serve --help')",
				word, SERVE_WORKERS_MAX);
	return 0;
}

static int read_duration(struct cli_reader *reader, const char *option, const char *word,
			 weir_time *out)
{
	switch (duration_parse(word, out)) {
	case 0:
		return 0;
	case -ERANGE:
		return cli_fail(reader, "--%s: \"%s\" is too long (see 'weir serve --help')",
				option, word);
	default:
		return cli_fail(reader,
				"--%s: \"%s\" is not a duration: write 500ms, 10s, 2m, 1h or 0 "
				"(see 'weir serve --help')",
				option, word);
	}
}

static int read_listen(struct cli_reader *reader, const char *word)
{
	struct serve_config *config = &reader->cli->serve;
	if (config->listen_count == SERVE_LISTEN_MAX)
		return cli_fail(reader, "--listen: at most %d addresses can be given",
				SERVE_LISTEN_MAX);
	config->listen[config->listen_count++] = word;
	return 0;
}

static int read_path(struct cli_reader *reader, const char *option, const char *word,
		     const char **out)
{
	if (*word == '\0')
		return cli_fail(reader, "--%s: the path is empty (see 'weir serve --help')",
				option);
	*out = word;
	return 0;
}

static int read_tls_file(struct cli_reader *reader, const char *option, const char *word,
			 const char *files[SERVE_TLS_MAX], size_t *count)
{
	if (*count == SERVE_TLS_MAX)
		return cli_fail(reader, "--%s: at most %d can be given", option, SERVE_TLS_MAX);
	return read_path(reader, option, word, &files[(*count)++]);
}

static int read_tls_clients(struct cli_reader *reader, const char *word)
{
	static const char *const words[] = {[WEIR_TLS_CLIENTS_NONE] = "none",
					    [WEIR_TLS_CLIENTS_OPTIONAL] = "optional",
					    [WEIR_TLS_CLIENTS_REQUIRED] = "required"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		reader->cli->serve.tls_clients = (enum weir_tls_clients)i;
		reader->cli->serve.tls_clients_given = true;
		return 0;
	}
	return cli_fail(reader,
			"--tls-clients: \"%s\" is not none, optional or required (see 'weir serve "
			"--help')",
			word);
}

static int read_log_format(struct cli_reader *reader, const char *word)
{
	bool json = strcmp(word, "json") == 0;
	if (!json && strcmp(word, "text") != 0)
		return cli_fail(reader,
				"--log-format: \"%s\" is neither text nor json (see 'weir serve "
				"--help')",
				word);
	reader->cli->serve.log_json = json;
	return 0;
}

static int read_proxies(struct cli_reader *reader, const char *word)
{
	if (!limits_are_proxies(word))
		return cli_fail(reader,
				"--trusted-proxies: \"%s\" is not a list of addresses like "
				"10.0.0.0/8,192.0.2.7 (see 'weir serve --help')",
				word);
	reader->cli->serve.limits.trusted_proxies = word;
	return 0;
}

static int read_client_header(struct cli_reader *reader, const char *word)
{
	if (*word == '\0' || !config_is_field_name(word))
		return cli_fail(reader,
				"--client-header: \"%s\" is not the name of a header field (see "
				"'weir serve --help')",
				word);
	reader->cli->serve.limits.client_header = word;
	return 0;
}

static int read_name(struct cli_reader *reader, const char *option, const char *word,
		     const char **out)
{
	if (*word == '\0')
		return cli_fail(reader, "--%s: the name is empty (see 'weir serve --help')",
				option);
	*out = word;
	return 0;
}

static error_t read_key(int key, char *word, struct argp_state *state)
{
	struct cli_reader *reader = state->input;
	struct serve_config *config = &reader->cli->serve;
	int error = 0;
	switch (key) {
	case KEY_LISTEN:
		error = read_listen(reader, word);
		break;
	case KEY_CONFIG:
		error = read_path(reader, "config", word, &config->file);
		break;
	case KEY_ADMIN:
		config->admin = word;
		break;
	case KEY_ADMIN_TOKEN_FILE:
		error = read_path(reader, "admin-token-file", word, &config->admin_token_file);
		break;
	case KEY_ROOT:
		config->given |= SERVE_GIVEN_ROOT;
		error = read_path(reader, "root", word, &config->root);
		break;
	case KEY_WORKERS:
		config->given |= SERVE_GIVEN_WORKERS;
		error = read_workers(reader, word);
		break;
	case KEY_QUEUE:
		config->given |= SERVE_GIVEN_QUEUE;
		error = read_count(reader, "queue", word, SERVE_QUEUE_MAX, &config->queue);
		break;
	case KEY_QUEUE_AGE:
		config->given |= SERVE_GIVEN_QUEUE_AGE;
		error = read_duration(reader, "queue-age", word, &config->queue_age);
		break;
	case KEY_QUEUE_TARGET:
		config->given |= SERVE_GIVEN_QUEUE_TARGET;
		error = read_duration(reader, "queue-target", word, &config->queue_target);
		break;
	case KEY_QUEUE_INTERVAL:
		config->given |= SERVE_GIVEN_QUEUE_INTERVAL;
		error = read_duration(reader, "queue-interval", word, &config->queue_interval);
		if (error == 0 && config->queue_interval == 0)
			error = cli_fail(reader,
					 "--queue-interval: \"%s\" is too short (see 'weir serve "
					 "--help')",
					 word);
		break;
	case KEY_MAX_CONNECTIONS:
		error = read_count(reader, "max-connections", word, LIMITS_COUNT_MAX,
				   &config->limits.connections);
		break;
	case KEY_MAX_REQUESTS:
		error = read_count(reader, "max-requests", word, LIMITS_COUNT_MAX,
				   &config->limits.requests);
		break;
	case KEY_CLIENT_CONNECTIONS:
		error = read_count(reader, "client-connections", word, LIMITS_COUNT_MAX,
				   &config->limits.client_connections);
		break;
	case KEY_CLIENT_REQUESTS:
		error = read_count(reader, "client-requests", word, LIMITS_COUNT_MAX,
				   &config->limits.client_requests);
		break;
	case KEY_TRUSTED_PROXIES:
		error = read_proxies(reader, word);
		break;
	case KEY_CLIENT_HEADER:
		error = read_client_header(reader, word);
		break;
	case KEY_LAME_DUCK:
		config->given |= SERVE_GIVEN_LAME_DUCK;
		error = read_duration(reader, "lame-duck", word, &config->lame_duck);
		break;
	case KEY_GRACE:
		config->given |= SERVE_GIVEN_GRACE;
		error = read_duration(reader, "grace", word, &config->grace);
		break;
	case KEY_DRAIN_TIMEOUT:
		config->given |= SERVE_GIVEN_DRAIN_TIMEOUT;
		error = read_duration(reader, "drain-timeout", word, &config->drain_timeout);
		break;
	case KEY_DRAIN_REPORT:
		error = read_path(reader, "drain-report", word, &config->drain_report);
		break;
	case KEY_PID_FILE:
		error = read_path(reader, "pid-file", word, &config->pid_file);
		break;
	case KEY_USER:
		error = read_name(reader, "user", word, &config->user);
		break;
	case KEY_GROUP:
		error = read_name(reader, "group", word, &config->group);
		break;
	case KEY_UPGRADE_TIMEOUT:
		error = read_duration(reader, "upgrade-timeout", word, &config->upgrade_timeout);
		break;
	case KEY_LOG_FILE:
		error = read_path(reader, "log-file", word, &config->log_file);
		break;
	case KEY_LOG_FORMAT:
		config->given |= SERVE_GIVEN_LOG_FORMAT;
		error = read_log_format(reader, word);
		break;
	case KEY_TLS_CERT:
		error = read_tls_file(reader, "tls-cert", word, config->tls_certs,
				      &config->tls_cert_count);
		break;
	case KEY_TLS_KEY:
		error = read_tls_file(reader, "tls-key", word, config->tls_keys,
				      &config->tls_key_count);
		break;
	case KEY_TLS_CLIENT_CA:
		error = read_path(reader, "tls-client-ca", word, &config->tls_client_ca);
		break;
	case KEY_TLS_CLIENTS:
		error = read_tls_clients(reader, word);
		break;
	case KEY_HSTS:
		config->given |= SERVE_GIVEN_HSTS;
		error = read_duration(reader, "hsts", word, &config->hsts);
		break;
	case KEY_DEBUG_ROUTES:
		config->debug_routes = true;
		break;
	case 'v':
		config->log_debug = true;
		break;
	case 'h':
		reader->cli->action = CLI_SERVE_HELP;
		break;
	case ARGP_KEY_ARG:
		return cli_fail(reader,
				"\"%s\" is one word too many: options begin with -- (see 'weir "
				"serve --help')",
				word);
	case ARGP_KEY_ERROR:
		return cli_fail_word(reader, state->argv[reader->cursor]);
	default:
		return ARGP_ERR_UNKNOWN;
	}
	reader->cursor = state->next;
	return error;
}

static const struct argp argp = {
	.options = cli_serve_options,
	.parser = read_key,
	.doc = "Serves and stores the files under a directory, or what a configuration file says, "
	       "until SIGTERM or SIGINT, then stops gracefully.\v"
	       "A duration DUR is a whole number and a unit: 500ms, 10s, 2m, 1h; or 0.\n"
	       "\n"
	       "A second signal cancels what is in flight at once, a third one leaves at once.\n"
	       "Exit codes: 0 clean, 2 wrong usage or failed start, 3 requests were cut, 4 a "
	       "handler never came back, 5 left on a third signal.",
};

int cli_parse_serve(int argc, char **argv, struct cli *cli)
{
	cli->action = CLI_SERVE;
	cli->serve = (struct serve_config){
		.root = "./data",
		.workers = 64,
		.workers_max = 64,
		.queue = 1024,
		.queue_age = 30 * WEIR_SECOND,
		.queue_target = 5 * WEIR_MILLISECOND,
		.queue_interval = 100 * WEIR_MILLISECOND,
		.grace = 20 * WEIR_SECOND,
		.drain_timeout = 25 * WEIR_SECOND,
	};
	struct cli_reader reader = {
		.command = "weir serve", .options = cli_serve_options, .cursor = 1, .cli = cli};
	if (argp_parse(&argp, argc, argv, CLI_ARGP_FLAGS, NULL, &reader) != 0) {
		if (cli->error[0] == '\0')
			cli_fail(&reader, "out of memory");
		return -EINVAL;
	}
	if (cli->serve.file != NULL && (cli->serve.given & SERVE_GIVEN_ROOT) == 0)
		cli->serve.root = NULL;
	if (cli->serve.file == NULL && cli->serve.listen_count == 0)
		cli->serve.listen[cli->serve.listen_count++] = "127.0.0.1:8080";
	return 0;
}

void cli_serve_help(FILE *stream)
{
	argp_help(&argp, stream, ARGP_HELP_STD_HELP, (char[]){"weir serve"});
}
