/* call.c: makes one call.
 *
 * aim -> resolve -> transfer -> answer
 *  ^                   |
 *  +---- redirect -----+
 *
 * A transfer waits in curl_multi_poll(), whose set of descriptors is libcurl's own and the
 * token's: a trip makes that one readable. weir_curl_resume() sets `resumed` and then writes to
 * the multi handle's wakeup descriptor, which stays readable until it has been polled: so it
 * is seen here, whether it comes before the look at `resumed` or after.
 * Taking the easy handle out of the multi handle before the transfer's end closes the
 * connection, and waits for nothing (resolve.c says why).
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

enum { REDIRECTS_MAX = 20, HEADER_LIMIT_MAX = 256 * 1024 };

/* All options are of these types; a wrong one for an option would be found by libcurl's own
 * type checks if this were not a function. */
static CURLcode set_long(CURL *easy, CURLoption option, long value)
{
	return curl_easy_setopt(easy, option, value);
}

static CURLcode set_pointer(CURL *easy, CURLoption option, const void *value)
{
	return curl_easy_setopt(easy, option, value);
}

/* Milliseconds up to `until`, rounded up, for a wait. */
static int wait_time(weir_time until)
{
	weir_time left = until == WEIR_NEVER ? WEIR_NEVER : until - weir_now();

	if (left <= 0)
		return 0;
	left = left / WEIR_MILLISECOND + 1;
	return left < INT_MAX ? (int)left : INT_MAX;
}

static CURLcode set_defaults(const weir_curl_exchange *exchange)
{
	const weir_curl *client = exchange->client;
	const weir_time bound = weir_after(client->connect_timeout);
	CURL *easy = exchange->handle->easy;
	CURLcode bad = CURLE_OK;

	bad |= set_long(easy, CURLOPT_NOSIGNAL, 1);
	bad |= set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	bad |= set_long(easy, CURLOPT_PATH_AS_IS, 1);
	bad |= set_long(easy, CURLOPT_FOLLOWLOCATION, 0);
	bad |= set_long(easy, CURLOPT_TCP_NODELAY, 1);
	bad |= set_long(easy, CURLOPT_CONNECTTIMEOUT_MS,
			wait_time(bound < exchange->until ? bound : exchange->until));
	bad |= set_pointer(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= set_pointer(easy, CURLOPT_PROXY, "");
	bad |= set_pointer(easy, CURLOPT_ERRORBUFFER, exchange->words);
	if (client->user_agent)
		bad |= set_pointer(easy, CURLOPT_USERAGENT, client->user_agent);
	if (client->ca_file)
		bad |= set_pointer(easy, CURLOPT_CAINFO, client->ca_file);
	return bad;
}

static CURLcode set_callbacks(weir_curl_exchange *exchange)
{
	CURL *easy = exchange->handle->easy;
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, weir__curl_on_header);
	bad |= set_pointer(easy, CURLOPT_HEADERDATA, exchange);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, weir__curl_on_data);
	bad |= set_pointer(easy, CURLOPT_WRITEDATA, exchange);
	bad |= curl_easy_setopt(easy, CURLOPT_READFUNCTION, weir__curl_on_read);
	bad |= set_pointer(easy, CURLOPT_READDATA, exchange);
	bad |= curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, weir__curl_on_seek);
	bad |= set_pointer(easy, CURLOPT_SEEKDATA, exchange);
	return bad;
}

/* CURLOPT_UPLOAD is a request with a body, whatever its method. POST, PUT and PATCH have one
 * even if it is empty, so that the callee is told its length (RFC 9110, 8.6). */
static CURLcode set_request(const weir_curl_exchange *exchange)
{
	const struct weir_curl_request *request = exchange->request;
	const struct weir__curl_target *target = &exchange->target;
	CURL *easy = exchange->handle->easy;
	CURLcode bad = CURLE_OK;

	bad |= set_pointer(easy, CURLOPT_CURLU, target->url);
	if (target->has_body) {
		bad |= set_long(easy, CURLOPT_UPLOAD, 1);
		bad |= curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
					request->read ? (curl_off_t)request->read_length
						      : (curl_off_t)request->body_size);
	} else if (strcmp(target->method, "HEAD") == 0) {
		bad |= set_long(easy, CURLOPT_NOBODY, 1);
	}
	bad |= set_pointer(easy, CURLOPT_CUSTOMREQUEST, target->method);
	return bad;
}

static int expired(const weir_curl_exchange *exchange)
{
	if (weir_token_check(exchange->token) != 0)
		return -ECANCELED;
	if (exchange->until != WEIR_NEVER && weir_now() >= exchange->until)
		return -ETIMEDOUT;
	return 0;
}

/* Waits for what may move the transfer on, or end it. */
static int wait(const weir_curl_exchange *exchange)
{
	struct curl_waitfd token = {.events = CURL_WAIT_POLLIN};
	unsigned count = 0;

	if (exchange->token) {
		token.fd = weir_token_fd(exchange->token);
		if (token.fd < 0)
			return token.fd;
		count = 1;
	}
	return curl_multi_poll(exchange->handle->multi, &token, count, wait_time(exchange->until),
			       NULL) == CURLM_OK
		       ? 0
		       : -EIO;
}

/* True when the transfer has come to its end. */
static bool is_over(const weir_curl_exchange *exchange, CURLcode *code)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(exchange->handle->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE) {
			*code = message->data.result;
			return true;
		}
	return false;
}

/* False, with the code, if that has ended the transfer. */
static bool go_on(const weir_curl_exchange *exchange, CURLcode *code)
{
	*code = curl_easy_pause(exchange->handle->easy, CURLPAUSE_CONT);
	/* Without a connection, which is being made again, there is nothing that stands still. */
	return *code == CURLE_OK || *code == CURLE_BAD_FUNCTION_ARGUMENT;
}

/* Runs the transfer to its end. -ECANCELED, -ETIMEDOUT or worse: it has none. */
static int drive(weir_curl_exchange *exchange, CURLcode *code)
{
	int running, error;

	for (;;) {
		if (curl_multi_perform(exchange->handle->multi, &running) != CURLM_OK)
			return -EIO;
		if (is_over(exchange, code))
			return 0;
		error = expired(exchange);
		if (!error)
			error = wait(exchange);
		if (error)
			return error;
		/* Paused data is given out in here, and so the callbacks may end it; libcurl would
		 * go on with what comes after the data that they have not taken. */
		if (atomic_exchange_explicit(&exchange->resumed, false, memory_order_acq_rel) &&
		    !go_on(exchange, code))
			return 0;
	}
}

void weir_curl_resume(weir_curl_exchange *exchange)
{
	/* Release: who resumes has made ready what the callback will look at. */
	atomic_store_explicit(&exchange->resumed, true, memory_order_release);
	(void)curl_multi_wakeup(exchange->handle->multi);
}

static const char *words_for(int error)
{
	switch (error) {
	case -ECANCELED:
		return "given up";
	case -ETIMEDOUT:
		return "no answer in time";
	case -EMSGSIZE:
		return "the header of the answer is too long";
	case -EFBIG:
		return "the body of the answer is too long";
	case -EPROTO:
		return "the answer is not HTTP";
	default:
		return error < 0 ? strerrordesc_np(-error) : "ended by its caller";
	}
}

/* `error`: why the transfer was left, or 0: it has ended with `code`. */
static int conclude(weir_curl_exchange *exchange, int error, CURLcode code)
{
	const char *words;

	if (exchange->error) /* a callback's, or a limit's */
		error = exchange->error;
	if (!error && exchange->following && code == CURLE_WRITE_ERROR)
		return 0; /* a redirect that had more to say than is listened to */
	if (!error && code == CURLE_OK && !exchange->head.whole)
		return weir__curl_say(exchange, -ECONNRESET, "the answer has ended in its header");
	if (!error)
		return weir__curl_outcome(exchange, code);
	words = words_for(error);
	if (!exchange->result.error[0])
		(void)weir__curl_say(exchange, error, words ? words : "unknown error");
	return error;
}

/* One request and its answer, on the handle. */
static int transfer(weir_curl_exchange *exchange)
{
	struct weir__curl_handle *handle = exchange->handle;
	CURLcode code = CURLE_OK;
	long connects = 1;
	int error;

	if (curl_multi_add_handle(handle->multi, handle->easy) != CURLM_OK)
		return conclude(exchange, -ENOMEM, CURLE_OK);
	error = drive(exchange, &code);
	(void)curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &connects);
	exchange->result.reused = !error && connects == 0;
	error = conclude(exchange, error, code);
	(void)curl_multi_remove_handle(handle->multi, handle->easy);
	return error;
}

/* Sets up the handle for the target, and runs it. */
static int run_request(weir_curl_exchange *exchange)
{
	struct weir__curl_handle *handle = exchange->handle;
	struct curl_slist *resolved = NULL, *fields = NULL;
	CURLcode bad;
	int error = weir__curl_resolve(exchange, &resolved);

	if (!error)
		error = weir__curl_fields(exchange, &fields);
	if (error)
		goto free_lists;
	curl_easy_reset(handle->easy);
	exchange->words[0] = '\0';
	bad = set_defaults(exchange) | set_callbacks(exchange) | set_request(exchange);
	bad |= set_pointer(handle->easy, CURLOPT_HTTPHEADER, fields);
	bad |= set_pointer(handle->easy, CURLOPT_RESOLVE, resolved);
	if (bad) {
		error = weir__curl_say(exchange, -ENOMEM, "libcurl does not take the request");
		goto free_lists;
	}
	handle->names += resolved && strcmp(handle->origin, exchange->target.origin) != 0;
	memcpy(handle->origin, exchange->target.origin, sizeof(handle->origin));
	error = transfer(exchange);
free_lists:
	/* The handle still points to them, and forgets that before it is used again. */
	curl_slist_free_all(fields);
	curl_slist_free_all(resolved);
	return error;
}

/* Up to the answer that is the caller's. */
static int run(weir_curl_exchange *exchange)
{
	int error;

	for (;;) {
		weir__curl_clear_head(&exchange->head);
		exchange->following = false;
		exchange->dropped = 0;
		exchange->result.sent = 0;
		error = run_request(exchange);
		if (error || !exchange->following)
			return error;
		error = weir__curl_follow(exchange);
		if (error)
			return error;
	}
}

static bool has_body(const struct weir_curl_request *request, const char *method)
{
	return request->read || request->body_size || strcmp(method, "POST") == 0 ||
	       strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static int check(weir_curl_exchange *exchange)
{
	const struct weir_curl_request *request = exchange->request;
	const char *method = request->method ? request->method : "GET";
	int error = expired(exchange);

	if (error)
		return weir__curl_say(exchange, error, "given up before it began");
	if (!request->url || !weir__curl_is_token(method) || strcmp(method, "CONNECT") == 0)
		return weir__curl_say(exchange, -EINVAL, "the method or the URL is not valid");
	if (request->redirects > REDIRECTS_MAX || request->header_limit > HEADER_LIMIT_MAX ||
	    (request->read ? request->read_length < -1 : request->body_size && !request->body) ||
	    request->body_size > INT64_MAX)
		return weir__curl_say(exchange, -EINVAL, "a limit or a length is not valid");
	exchange->target.method = method;
	exchange->target.has_body = has_body(request, method);
	return 0;
}

static int aim(weir_curl_exchange *exchange)
{
	CURLU *url = curl_url();
	int error = -EINVAL;

	if (!url)
		return weir__curl_say(exchange, -ENOMEM, "out of memory");
	if (curl_url_set(url, CURLUPART_URL, exchange->request->url, CURLU_PATH_AS_IS) == CURLUE_OK)
		error = weir__curl_aim(&exchange->target, url);
	if (error) {
		curl_url_cleanup(url);
		return weir__curl_say(exchange, error, "the URL is not valid");
	}
	return 0;
}

static int make_call(weir_curl_exchange *exchange)
{
	int error = check(exchange);

	if (!error)
		error = aim(exchange);
	if (error)
		return error;
	exchange->handle = weir__curl_take(exchange->client, exchange->target.origin);
	if (exchange->handle) {
		error = run(exchange);
		weir__curl_give_back(exchange->client, exchange->handle);
	} else {
		error = weir__curl_say(exchange, -ENOMEM, "out of memory");
	}
	curl_url_cleanup(exchange->target.url);
	return error;
}

int weir_curl_call(weir_curl *client, const struct weir_curl_request *request, weir_token *token,
		   weir_time until, struct weir_curl_result *result)
{
	weir_curl_exchange exchange = {
		.client = client, .request = request, .token = token, .until = until};
	int error = make_call(&exchange);

	exchange.result.status = exchange.head.whole ? exchange.head.status : 0;
	if (result)
		*result = exchange.result;
	free(exchange.head.bytes);
	return error;
}
