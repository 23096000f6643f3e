/* reload.c: takes new routes on SIGHUP, while it serves.
 *
 *	reload FILE [ADDRESS]
 *
 * The file says what GET / says, and is read when it starts and at each SIGHUP. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <weir/weir.h>

struct page {
	size_t size;
	char text[4096];
};

struct site {
	weir_server *server;
	const char *path;
	weir_queue *signals;
	struct page *page; /* the one that is served */
};

static int get(weir_request *request, weir_response *response, weir_token *token)
{
	const struct page *page = weir_request_context(request);

	(void)token;
	return weir_response_body(response, page->text, page->size);
}

static struct page *read_page(const char *path)
{
	struct page *page = calloc(1, sizeof(*page));
	FILE *file = fopen(path, "re");

	if (page && file)
		page->size = fread(page->text, 1, sizeof(page->text), file);
	if (file)
		(void)fclose(file);
	if (page && page->size > 0)
		return page;
	free(page);
	return NULL;
}

/* Opens everything first: what fails has changed nothing. */
static int reload(struct site *site, weir_token *token)
{
	struct page *before = site->page, *page = read_page(site->path);
	weir_routes *routes = NULL, *old;
	int error = page ? weir_routes_create(&routes) : -EINVAL;

	if (!error)
		error = weir_routes_add(routes, "GET /", get, page, NULL);
	if (!error)
		error = weir_server_swap_routes(site->server, routes, &old);
	if (error) {
		weir_routes_destroy(routes);
		free(page);
		return error;
	}
	site->page = page;
	/* Requests that began under the old routes still use the old page. */
	error = weir_routes_wait(old, WEIR_NEVER, token);
	if (error)
		return error; /* a stop: they are there until the process ends */
	weir_routes_destroy(old);
	free(before);
	return 0;
}

static int reloads(void *arg, weir_token *token)
{
	struct site *site = arg;
	void *signal;
	int error;

	while ((error = weir_queue_pop(site->signals, &signal, token, WEIR_NEVER)) == 0) {
		int problem = reload(site, token);

		fprintf(stderr, problem ? "not reloaded\n" : "reloaded\n");
	}
	return error;
}

/* SIGTERM waits for this: it only passes the word. One that waits already is enough. */
static void on_hangup(weir_server *server, int number, void *arg)
{
	struct site *site = arg;

	(void)server;
	(void)number;
	(void)weir_queue_push(site->signals, site, NULL, 0);
}

int main(int argc, char **argv)
{
	const struct weir_server_options options = {.listen = argc > 2 ? argv[2] : "127.0.0.1:8080",
						    .log = weir_log_text,
						    .log_arg = &(int){2},
						    .log_level = WEIR_LOG_INFO};
	struct site site = {.path = argc > 1 ? argv[1] : "/etc/motd"};
	int result = weir_queue_create(1, &site.signals);

	site.page = read_page(site.path);
	if (!result && !site.page)
		result = -EINVAL;
	if (!result)
		result = weir_server_create(&options, &site.server);
	if (!result)
		result = weir_server_route(site.server, "GET /", get, site.page, NULL);
	if (!result)
		result = weir_server_on_signal(site.server, SIGHUP, on_hangup, &site);
	if (!result)
		result = weir_task_start(site.server, "reloads", reloads, &site);
	if (!result)
		result = weir_server_run(site.server, NULL);
	weir_server_destroy(site.server);
	weir_queue_destroy(site.signals);
	free(site.page);
	return result < 0 ? 1 : result;
}
