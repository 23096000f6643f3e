/* query_input.h: the parameters of a statement, read from a request. */
#ifndef WEIR_APP_QUERY_INPUT_H
#define WEIR_APP_QUERY_INPUT_H

#include "query_value.h"

#include <stddef.h>

#include <weir/request.h>

#define QUERY_REASON_SIZE 256

struct query_input {
	struct query_value *values; /* owned; texts point into the request and the body */
	void *body;                 /* the JSON object; owned */
};

/** Reads all of them. Returns 0; -ENOMEM; or the status to refuse with (400, 415) and the
 *  reason. query_input_free() in any case. */
int query_input_read(struct query_input *input, const struct query_parameter *parameters,
		     size_t count, const weir_request *request, char reason[QUERY_REASON_SIZE]);
void query_input_free(struct query_input *input);

#endif
