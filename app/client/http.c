/* http.c: see http.h. */
#include "http.h"

#include "../admin_token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

struct http {
	CURL *curl;
	struct curl_slist *fields;
	const char *admin;
	char base[512];
	char problem[CURL_ERROR_SIZE];
};

static int add_token(struct http *http, const char *path, char line[COMPLAIN_SIZE])
{
	struct admin_token token;
	char field[ADMIN_TOKEN_MAX + 32];
	int error = admin_token_read(path, "--token-file", &token, line);
	if (error != 0)
		return error;
	(void)snprintf(field, sizeof field, "Authorization: Bearer %s", token.text);
	http->fields = curl_slist_append(NULL, field);
	explicit_bzero(&token, sizeof token);
	explicit_bzero(field, sizeof field);
	return http->fields != NULL ? 0 : -ENOMEM;
}

static int aim(struct http *http, char line[COMPLAIN_SIZE])
{
	if (http->admin == NULL || *http->admin == '\0') {
		(void)snprintf(line, COMPLAIN_SIZE,
			       "weir: where is the server? give --admin unix:PATH or HOST:PORT, or "
			       "set WEIR_ADMIN");
		return -EINVAL;
	}
	if (strncmp(http->admin, "unix:", 5) == 0) {
		(void)snprintf(http->base, sizeof http->base, "http://localhost");
		return curl_easy_setopt(http->curl, CURLOPT_UNIX_SOCKET_PATH, http->admin + 5) ==
				       CURLE_OK
			       ? 0
			       : -ENOMEM;
	}
	const char *host = strncmp(http->admin, "http://", 7) == 0 ? http->admin + 7 : http->admin;
	(void)snprintf(http->base, sizeof http->base, "http://%.400s", host);
	return 0;
}

int http_open(const struct client_options *options, struct http **out, char line[COMPLAIN_SIZE])
{
	struct http *http = calloc(1, sizeof *http);
	int error = -ENOMEM;
	(void)snprintf(line, COMPLAIN_SIZE, "weir: out of memory");
	if (http == NULL)
		return error;
	http->admin = options->admin != NULL ? options->admin : getenv("WEIR_ADMIN");
	http->curl = curl_easy_init();
	if (http->curl != NULL)
		error = aim(http, line);
	if (error == 0 && options->token_file != NULL)
		error = add_token(http, options->token_file, line);
	if (error != 0)
		http_close(http);
	else
		*out = http;
	return error;
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	curl_easy_cleanup(http->curl);
	curl_slist_free_all(http->fields);
	free(http);
}

static size_t take(char *data, size_t one, size_t size, void *arg)
{
	struct answer *answer = arg;
	(void)one;
	if (size > HTTP_ANSWER_MAX - answer->size)
		return 0;
	char *body = realloc(answer->body, answer->size + size + 1);
	if (body == NULL)
		return 0;
	memcpy(body + answer->size, data, size);
	answer->body = body;
	answer->size += size;
	body[answer->size] = '\0';
	return size;
}

static void set_up(struct http *http, const char *method, const char *url, weir_time timeout,
		   struct answer *answer)
{
	CURL *curl = http->curl;
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, http->fields);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->problem);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(timeout / WEIR_MILLISECOND));
}

int http_ask(struct http *http, const char *method, const char *target, weir_time timeout,
	     struct answer *answer, char line[COMPLAIN_SIZE])
{
	char url[1024];
	*answer = (struct answer){0};
	(void)snprintf(url, sizeof url, "%s%s", http->base, target);
	http->problem[0] = '\0';
	set_up(http, method, url, timeout, answer);
	CURLcode code = curl_easy_perform(http->curl);
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &answer->status);
		return 0;
	}
	answer_free(answer);
	(void)snprintf(line, COMPLAIN_SIZE, "weir: %.200s: %s", http->admin,
		       code == CURLE_COULDNT_CONNECT ? "nobody answers there"
		       : http->problem[0] != '\0'    ? http->problem
						     : curl_easy_strerror(code));
	complain_clean(line);
	return -EIO;
}

void answer_free(struct answer *answer)
{
	free(answer->body);
	*answer = (struct answer){0};
}

json_t *answer_json(const struct answer *answer, char line[COMPLAIN_SIZE])
{
	json_t *json = json_loadb(answer->body != NULL ? answer->body : "", answer->size, 0, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));
	if (json_is_object(json) && error == NULL && answer->status < 300)
		return json;
	if (error != NULL)
		(void)snprintf(line, COMPLAIN_SIZE, "weir: %.400s", error);
	else if (answer->status == 401)
		(void)snprintf(line, COMPLAIN_SIZE,
			       "weir: the server wants a bearer token: give --token-file FILE with "
			       "the right one");
	else if (answer->status >= 300)
		(void)snprintf(line, COMPLAIN_SIZE, "weir: the server said %ld: %.*s",
			       answer->status,
			       (int)strcspn(answer->body != NULL ? answer->body : "", "\r\n"),
			       answer->body != NULL ? answer->body : "");
	else
		(void)snprintf(line, COMPLAIN_SIZE,
			       "weir: what answers there is not the admin listener of a weir");
	complain_clean(line);
	json_decref(json);
	return NULL;
}
