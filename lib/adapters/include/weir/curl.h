/* weir/curl.h: calls to other HTTP services under a token.
 *
 * An adapter between libcurl and weir/token.h, a library of its own (weir-curl). A client
 * (weir_curl) keeps connections for reuse; weir_curl_call() makes one call with it and blocks
 * until the call is over, has failed, the time has come, or the token is tripped: that wakes
 * the thread, closes the connection, and the callee sees its client go.
 *
 * The time that is left (of the call and of its token, whichever ends first) goes to the callee in
 * a header field, "X-Request-Timeout: 1500ms", so that it can give up when nobody waits any
 * more. Weir's servers take it: weir_server_options.deadline_header.
 *
 * HTTP/1.1, over TCP and TLS (https, certificates are checked). No cookies, no proxies of the
 * environment, no netrc, no compression: what the callee says is what you get. Names are
 * resolved by weir_getaddrinfo() and remembered for a while; libcurl's own resolver, which
 * cannot be given up without waiting for it, is never used.
 *
 * Thread safety: a client may be used by any number of threads at a time; each call belongs
 * to the thread that makes it, and its callbacks run there.
 */
#ifndef WEIR_CURL_H
#define WEIR_CURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_curl weir_curl;
typedef struct weir_curl_exchange weir_curl_exchange;

/** Zero or NULL: the default. */
struct weir_curl_options {
	/** Handles with their connections kept between calls, 1 to 1024. Default 16; more calls
	 *  than that may run at a time. */
	unsigned idle_handles;
	/** How long making a connection may take, TLS included. Default 10 s. */
	weir_time connect_timeout;
	/** How long an address is remembered. Default 30 s; -1: not at all. */
	weir_time resolve_ttl;
	/** The field for the remaining time; "": do not send it. Default "X-Request-Timeout".
	 *  Copied, like the strings below. */
	const char *timeout_header;
	const char *user_agent; /**< default: none */
	const char *ca_file;    /**< PEM file of the authorities to trust. Default: the system's */
};

/** A header field. Names and values are checked: no control characters, no empty name. */
struct weir_curl_header {
	const char *name;
	const char *value;
};

/** What a streamed body's callback returns to pause: -EAGAIN. */
#define WEIR_CURL_PAUSE (-EAGAIN)

/** A call: what to send, and who takes the answer. Zero or NULL: the default, or not wanted.
 *  Everything is borrowed until weir_curl_call() returns.
 *
 *  Callbacks get `arg`. They may block (under the token, by weir/io.h and its relatives):
 *  nothing is sent and little is received meanwhile, so TCP holds the callee. Or they return
 *  WEIR_CURL_PAUSE: the direction stands still, the rest goes on, and the callback is
 *  called again (with the same data) after weir_curl_resume(). Any other negative value ends the
 *  call with that error, the connection closed. */
struct weir_curl_request {
	const char *method; /**< default "GET" */
	const char *url;    /**< http:// or https:// */
	const struct weir_curl_header *headers;
	size_t header_count;

	/** The request's body: `body_size` bytes at `body`, or ... */
	const void *body;
	size_t body_size;
	/** ... streamed: fills `buffer` with up to `size` bytes; 0 at the end. */
	ssize_t (*read)(void *arg, weir_curl_exchange *exchange, void *buffer, size_t size);
	/** Of a streamed body: its length, or -1 (chunked). */
	int64_t read_length;

	/** Status and header fields are there (of the final answer: 1xx and followed redirects
	 *  are not shown). 0 to go on. */
	int (*head)(void *arg, weir_curl_exchange *exchange);
	/** A piece of the answer's body, 16 KiB at most. 0 to go on. Without it the body is
	 *  dropped. */
	int (*data)(void *arg, weir_curl_exchange *exchange, const void *data, size_t size);
	void *arg;

	/** Redirects to follow (301, 302, 303, 307, 308), at most 20. Default 0: a redirect is an
	 *  answer like any other. Never from https to http; Authorization and Cookie are not
	 *  taken to another origin; a streamed body is not sent twice: such a redirect is given
	 *  to the caller. */
	unsigned redirects;
	/** Longest header of the answer in bytes. Default 64 KiB, at most 256 KiB; and how many
	 *  fields. Default 128. More: -EMSGSIZE. */
	size_t header_limit;
	unsigned header_fields;
	/** Longest body of the answer in bytes; more: -EFBIG. Default: no limit. */
	uint64_t body_limit;
};

/** How it went; the caller's memory. */
struct weir_curl_result {
	int status;        /**< of the answer; 0: there was none */
	bool reused;       /**< on a connection of an earlier call */
	uint64_t sent;     /**< bytes of the request's body */
	uint64_t received; /**< bytes of the answer's body, given to `data` or dropped */
	char error[200];   /**< after a failure: what happened, one line for people; else "" */
};

/** Makes a client. `options` may be NULL. Returns 0, -EINVAL, -ENOMEM, or -EIO (libcurl
 *  cannot be initialised). */
WEIR_API int weir_curl_create(const struct weir_curl_options *options, weir_curl **out);

/** Closes idle connections and frees it. No call may be in progress. NULL is ignored. */
WEIR_API void weir_curl_destroy(weir_curl *client);

/** Makes a call. `result` may be NULL. A status of 400 or 500 is an answer, not an error.
 *  Returns 0 when the answer has come whole; what a callback returned; -ECANCELED: the token
 *  is tripped; -ETIMEDOUT: at `until`, or the connection could not be made in time; -EINVAL
 *  (URL, method, field); -ENOENT (no such host); -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH
 *  (no connection); -ECONNRESET (the connection was lost before the answer was whole); -EPROTO (not
 *  HTTP, or TLS that fails); -EKEYREJECTED (the certificate); -EMSGSIZE, -EFBIG (limits); -ENOMEM,
 *  -EMFILE, -EAGAIN (too many names are being resolved), -EIO (anything else). After an error
 *  the callee may have done what it was asked for: only repeat what may be done twice.
 *  (libcurl itself repeats a request when a kept connection turns out to be closed before
 *  anything came back, but sends no body of a POST or PATCH again.) */
WEIR_API int weir_curl_call(weir_curl *client, const struct weir_curl_request *request,
			    weir_token *token, weir_time until, struct weir_curl_result *result);

/* The answer, from inside the callbacks: strings are borrowed until the call returns. */

WEIR_API int weir_curl_status(const weir_curl_exchange *exchange);
/** The value of the first field `name` (case does not matter); NULL if it is not there. */
WEIR_API const char *weir_curl_header(const weir_curl_exchange *exchange, const char *name);
/** Calls `fn` for every field in the order received; stops when it returns non-zero and
 *  returns that, else 0. */
WEIR_API int weir_curl_each_header(const weir_curl_exchange *exchange,
				   int (*fn)(void *arg, const char *name, const char *value),
				   void *arg);
/** Content-Length of the answer; -1 if it does not say. */
WEIR_API int64_t weir_curl_length(const weir_curl_exchange *exchange);

/** Goes on with what was paused. Any thread, as long as the call has not returned; and a
 *  resume that comes before the pause is not lost. */
WEIR_API void weir_curl_resume(weir_curl_exchange *exchange);

#ifdef __cplusplus
}
#endif

#endif
