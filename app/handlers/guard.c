/* guard.c: see guard.h. */
#include "guard.h"
#include "../admin_token.h"

#include <string.h>
#include <strings.h>

static const char *bearer(const weir_request *request)
{
	static const char scheme[] = "Bearer ";
	const char *value = weir_request_header(request, "Authorization");
	if (value == NULL || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
		return NULL;
	value += sizeof scheme - 1;
	return value + strspn(value, " ");
}

static bool is_known(const weir_request *request)
{
	const struct admin *admin = weir_request_context(request);
	return strcmp(weir_request_client(request), "unix") == 0 ||
	       admin_token_matches(&admin->token, bearer(request));
}

bool guard_passes(weir_request *request, weir_response *response, int *result)
{
	if (!is_known(request)) {
		*result =
			weir_response_header(response, "WWW-Authenticate", "Bearer realm=\"weir\"");
		if (*result == 0)
			*result = weir_response_error(response, 401, "a bearer token is needed");
		return false;
	}
	if (strcmp(weir_request_method(request), "POST") == 0 &&
	    weir_request_header(request, "Origin") != NULL) {
		*result = weir_response_error(response, 403, "not for web pages");
		return false;
	}
	return true;
}
