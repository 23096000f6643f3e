/* client.c: makes and ends a client, and keeps its handles.
 *
 * Locks: client->lock guards the stack of handles (and the names, resolve.c). It is held for
 * the length of a look at a list, never while libcurl works.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

enum { DEFAULT_IDLE = 16, IDLE_MAX = 1024 };
/* libcurl never forgets the addresses it is given: a handle that was given so many is replaced. */
enum { NAMES_PER_HANDLE = 64 };

static const weir_time DEFAULT_CONNECT_TIMEOUT = 10 * WEIR_SECOND;
static const weir_time DEFAULT_RESOLVE_TTL = 30 * WEIR_SECOND;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

/* For the life of the process: others in it may use libcurl too. */
static void init_libcurl(void)
{
	global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int copy(const char *text, const char *otherwise, char **out)
{
	if (!text)
		text = otherwise;
	if (!text)
		return 0;
	*out = strdup(text);
	return *out ? 0 : -ENOMEM;
}

static bool is_valid(const struct weir_curl_options *options)
{
	return options->idle_handles <= IDLE_MAX && options->connect_timeout >= 0 &&
	       options->resolve_ttl >= -1 &&
	       (!options->timeout_header || !options->timeout_header[0] ||
		weir__curl_is_token(options->timeout_header));
}

static void set_options(weir_curl *client, const struct weir_curl_options *options)
{
	client->idle_handles = options->idle_handles ? options->idle_handles : DEFAULT_IDLE;
	client->connect_timeout =
		options->connect_timeout ? options->connect_timeout : DEFAULT_CONNECT_TIMEOUT;
	client->resolve_ttl = options->resolve_ttl ? options->resolve_ttl : DEFAULT_RESOLVE_TTL;
}

static void free_client(weir_curl *client)
{
	free(client->timeout_header);
	free(client->user_agent);
	free(client->ca_file);
	free(client);
}

int weir_curl_create(const struct weir_curl_options *options, weir_curl **out)
{
	static const struct weir_curl_options defaults;
	weir_curl *client;
	int error;

	if (!options)
		options = &defaults;
	if (!is_valid(options))
		return -EINVAL;
	(void)pthread_once(&once, init_libcurl);
	if (global_result != CURLE_OK)
		return -EIO;
	client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;
	set_options(client, options);
	error = copy(options->timeout_header, "X-Request-Timeout", &client->timeout_header);
	if (!error)
		error = copy(options->user_agent, NULL, &client->user_agent);
	if (!error)
		error = copy(options->ca_file, NULL, &client->ca_file);
	if (!error)
		error = -pthread_mutex_init(&client->lock, NULL);
	if (error) {
		free_client(client);
		return error;
	}
	*out = client;
	return 0;
}

static void free_handle(struct weir__curl_handle *handle)
{
	curl_easy_cleanup(handle->easy);
	(void)curl_multi_cleanup(handle->multi);
	free(handle);
}

void weir_curl_destroy(weir_curl *client)
{
	struct weir__curl_handle *handle;

	if (!client)
		return;
	while ((handle = client->idle) != NULL) {
		client->idle = handle->next;
		free_handle(handle);
	}
	weir__curl_forget_names(client);
	(void)pthread_mutex_destroy(&client->lock);
	free_client(client);
}

static struct weir__curl_handle *make_handle(void)
{
	struct weir__curl_handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->multi = curl_multi_init();
	if (!handle->multi)
		goto free_handle;
	handle->easy = curl_easy_init();
	if (!handle->easy)
		goto cleanup_multi;
	return handle;
cleanup_multi:
	(void)curl_multi_cleanup(handle->multi);
free_handle:
	free(handle);
	return NULL;
}

/* One that was connected to `origin` last, else the one used last; NULL: none is idle. */
static struct weir__curl_handle *pop_locked(weir_curl *client, const char *origin)
{
	struct weir__curl_handle **at = &client->idle, *handle;

	while (*at && strcmp((*at)->origin, origin) != 0)
		at = &(*at)->next;
	if (!*at)
		at = &client->idle;
	handle = *at;
	if (handle) {
		*at = handle->next;
		client->idle_count--;
	}
	return handle;
}

struct weir__curl_handle *weir__curl_take(weir_curl *client, const char *origin)
{
	struct weir__curl_handle *handle;

	(void)pthread_mutex_lock(&client->lock);
	handle = pop_locked(client, origin);
	(void)pthread_mutex_unlock(&client->lock);
	return handle ? handle : make_handle();
}

void weir__curl_give_back(weir_curl *client, struct weir__curl_handle *handle)
{
	/* It holds pointers to the call's memory. */
	curl_easy_reset(handle->easy);
	if (handle->names <= NAMES_PER_HANDLE) {
		(void)pthread_mutex_lock(&client->lock);
		if (client->idle_count < client->idle_handles) {
			handle->next = client->idle;
			client->idle = handle;
			client->idle_count++;
			handle = NULL;
		}
		(void)pthread_mutex_unlock(&client->lock);
	}
	if (handle)
		free_handle(handle);
}
