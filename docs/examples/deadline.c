/* deadline.c: work that can be given up in the middle, a deadline for the whole request, and
 * a shorter one for a part of it.
 *
 *	deadline [ADDRESS]        curl http://127.0.0.1:8080/primes/100000
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

static bool is_prime(unsigned long n)
{
	unsigned long d;

	for (d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n > 1;
}

/* How many primes there are below `limit`. 0, or -ECANCELED as soon as the token trips. */
static int count_primes(unsigned long limit, weir_token *token, unsigned long *count)
{
	unsigned long n;

	for (n = 0; n < limit; n++) {
		if (weir_token_check(token) != 0)
			return -ECANCELED;
		*count += is_prime(n);
	}
	return 0;
}

/* Computes, and says -ECANCELED if it takes too long: the library makes a 504 of it. */
static int primes(weir_request *request, weir_response *response, weir_token *token)
{
	unsigned long limit = strtoul(weir_request_param(request, "limit"), NULL, 10);
	unsigned long count = 0;
	int error;

	weir_request_note(request, "counting primes");
	error = count_primes(limit, token, &count);
	return error ? error : weir_response_printf(response, "%lu\n", count);
}

/* Computes for a while, and then does without: a token of its own bounds the part, and still
 * trips with the request's. */
static int estimate(weir_request *request, weir_response *response, weir_token *token)
{
	unsigned long limit = strtoul(weir_request_param(request, "limit"), NULL, 10);
	unsigned long count = 0;
	weir_token *part;
	int error;

	error = weir_token_create(token, weir_after(100 * WEIR_MILLISECOND), &part);
	if (error)
		return error;
	error = count_primes(limit, part, &count);
	weir_token_unref(part);
	if (error && weir_token_check(token) == 0)
		return weir_response_printf(response, "at least %lu\n", count);
	return error ? error : weir_response_printf(response, "%lu\n", count);
}

int main(int argc, char **argv)
{
	static const struct weir_route_options bounded = {.deadline = 500 * WEIR_MILLISECOND};
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result) {
		fprintf(stderr, "deadline: %s\n", strerror(-result));
		return 2;
	}
	result = weir_server_route(server, "GET /primes/{limit}", primes, NULL, &bounded);
	if (!result)
		result = weir_server_route(server, "GET /estimate/{limit}", estimate, NULL,
					   &bounded);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	return result < 0 ? 2 : result;
}
