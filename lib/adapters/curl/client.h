/* client.h: a client, its handles, and what the files of this adapter share.
 *
 * A handle is a pair of libcurl's: an easy handle, and the multi handle it runs in, which keeps
 * the connections. A call takes one for itself, so that nothing of libcurl is ever used by
 * two threads at a time; between calls handles lie in the client's stack, the one used last on
 * top.
 */
#ifndef WEIR_CURL_CLIENT_H
#define WEIR_CURL_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>

#include <curl/curl.h>

#include <weir/curl.h>

/* scheme, host and port of where a connection goes: "https://host:443" */
enum { ORIGIN_SIZE = 8 + 255 + 1 + 5 + 1 };
enum { HOST_SIZE = 256 };

struct weir__curl_handle {
	struct weir__curl_handle *next;
	CURLM *multi;
	CURL *easy;
	char origin[ORIGIN_SIZE]; /* of its last call: it may have a connection to there */
	unsigned names;           /* that its cache of addresses has been given */
};

/* Addresses of one host, as CURLOPT_RESOLVE takes them. */
struct weir__curl_name {
	char host[HOST_SIZE];
	char *addresses;
	weir_time expires;
};

enum { NAMES = 64 };

struct weir_curl {
	/* fixed */
	unsigned idle_handles;
	weir_time connect_timeout, resolve_ttl;
	char *timeout_header, *user_agent, *ca_file; /* the first may be "", the rest NULL */

	/* under the lock */
	pthread_mutex_t lock;
	struct weir__curl_handle *idle;
	unsigned idle_count;
	struct weir__curl_name names[NAMES];
};

/* Header fields of an answer, one after the other: name, NUL, value, NUL. */
struct weir__curl_head {
	int status; /* 0: no answer yet */
	bool whole; /* its end has come */
	char *bytes;
	size_t size, room;
	unsigned fields;
};

/* Where a request goes; it changes with redirects. */
struct weir__curl_target {
	CURLU *url;
	char origin[ORIGIN_SIZE];
	char host[HOST_SIZE]; /* without brackets */
	unsigned port;
	bool numeric, secure;
	const char *method;
	bool has_body;
};

/* A call. All is of the thread that makes it, but `resumed`. */
struct weir_curl_exchange {
	weir_curl *client;
	const struct weir_curl_request *request;
	weir_token *token;
	weir_time until;
	struct weir__curl_handle *handle;
	struct weir__curl_target target;
	struct weir__curl_head head;
	struct weir_curl_result result;
	int error;          /* of a callback, or of a limit: ends the transfer */
	unsigned redirects; /* followed */
	bool following;     /* this answer is a redirect that will be followed */
	size_t dropped;     /* bytes of its body */
	bool foreign;       /* a redirect has led to another origin */
	atomic_bool resumed;
	char words[CURL_ERROR_SIZE]; /* libcurl's */
};

/* client.c */
struct weir__curl_handle *weir__curl_take(weir_curl *client, const char *origin);
void weir__curl_give_back(weir_curl *client, struct weir__curl_handle *handle);

/* error.c */
/* Words of ours; returns `code`. */
int weir__curl_say(weir_curl_exchange *exchange, int code, const char *text);
/* The errno for how a transfer has ended, with libcurl's words. */
int weir__curl_outcome(weir_curl_exchange *exchange, CURLcode code);

/* fields.c: the request's header fields as libcurl takes them; NULL without an error: none. */
int weir__curl_fields(weir_curl_exchange *exchange, struct curl_slist **out);
bool weir__curl_is_token(const char *text);

/* resolve.c: what CURLOPT_RESOLVE needs for the target; NULL: nothing. */
int weir__curl_resolve(weir_curl_exchange *exchange, struct curl_slist **out);
void weir__curl_forget_names(weir_curl *client);

/* redirect.c */
/* Takes the URL apart. 0, -EINVAL or -ENOMEM; on error nothing of the target has changed. */
int weir__curl_aim(struct weir__curl_target *target, CURLU *url);
/* Looks whether the answer whose head is whole is to be followed. */
bool weir__curl_is_to_follow(weir_curl_exchange *exchange);
/* Sets the target to where it leads. */
int weir__curl_follow(weir_curl_exchange *exchange);

/* head.c: a line of an answer's header; body.c: pieces of bodies. libcurl's callbacks. */
size_t weir__curl_on_header(char *line, size_t one, size_t size, void *exchange);
size_t weir__curl_on_data(char *data, size_t one, size_t size, void *exchange);
size_t weir__curl_on_read(char *buffer, size_t one, size_t size, void *exchange);
int weir__curl_on_seek(void *exchange, curl_off_t offset, int origin);
void weir__curl_clear_head(struct weir__curl_head *head);

#endif
