/* problem.h: how every route kind says no: a status, and one line of JSON with the reason. */
#ifndef WEIR_APP_PROBLEM_H
#define WEIR_APP_PROBLEM_H

#include <weir/response.h>

/** Answers `status` with {"error":"..."}. Returns 0 (for a handler to return), or a negative
 *  errno. The text may be 500 bytes long; longer ones are cut. */
int problem(weir_response *response, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
