/* support/handlers.h: the handlers that many tests need. */
#ifndef WEIR_TESTS_HANDLERS_H
#define WEIR_TESTS_HANDLERS_H

#include <weir/request.h>
#include <weir/response.h>
#include <weir/token.h>

/** Answers "hello\n". */
int handle_hello(weir_request *request, weir_response *response, weir_token *token);

/** Passes the gate that is its context, whatever its token says; then "done\n". */
int handle_gated(weir_request *request, weir_response *response, weir_token *token);

/** What handle_sleeping tells of its end; all zero before. */
struct sleeping {
	struct gate *gate; /**< announced at the beginning and at the end of the sleep */
	int result;        /**< of weir_sleep() */
	int reason;        /**< of the token, afterwards */
};

/** Sleeps until its token ends it (or MUST_PATIENCE), notes in the struct sleeping that is
 *  its context how that went, and returns what weir_sleep() gave. One at a time. */
int handle_sleeping(weir_request *request, weir_response *response, weir_token *token);

/** Reads a streamed body to its end and answers with the count of its bytes. */
int handle_count_body(weir_request *request, weir_response *response, weir_token *token);

/** Answers with the buffered body. */
int handle_echo(weir_request *request, weir_response *response, weir_token *token);

#endif
