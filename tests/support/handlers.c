/* support/handlers.c: see handlers.h. */
#include "support/handlers.h"

#include <weir/io.h>

#include "support/gate.h"
#include "support/must.h"

int handle_hello(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_printf(response, "hello\n");
}

int handle_gated(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = gate_pass(weir_request_context(request));

	(void)token;
	return rc != 0 ? rc : weir_response_printf(response, "done\n");
}

int handle_sleeping(weir_request *request, weir_response *response, weir_token *token)
{
	struct sleeping *sleeping = weir_request_context(request);
	int rc;

	gate_announce(sleeping->gate);
	rc = weir_sleep(token, weir_after(MUST_PATIENCE));
	sleeping->result = rc;
	sleeping->reason = weir_token_reason(token);
	gate_announce(sleeping->gate);
	return rc != 0 ? rc : weir_response_printf(response, "slept\n");
}

int handle_count_body(weir_request *request, weir_response *response, weir_token *token)
{
	static _Thread_local char buffer[65536];
	unsigned long long total = 0;
	ssize_t size;

	(void)token;
	while ((size = weir_request_read(request, buffer, sizeof(buffer))) > 0)
		total += (unsigned long long)size;
	return size < 0 ? (int)size : weir_response_printf(response, "%llu\n", total);
}

int handle_echo(weir_request *request, weir_response *response, weir_token *token)
{
	const void *data;
	size_t size;
	int rc = weir_request_body(request, &data, &size);

	(void)token;
	return rc != 0 ? rc : weir_response_body(response, data, size);
}
