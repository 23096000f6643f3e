/* outcome.h: the answers of POST /reload and POST /upgrade. */
#ifndef WEIR_APP_HANDLERS_OUTCOME_H
#define WEIR_APP_HANDLERS_OUTCOME_H

#include <stdint.h>

#include <weir/later.h>

/** 200 with {"KEY":NUMBER}; or 409 with {"error":PROBLEM}, if that is not NULL. */
void outcome_answer(weir_later *answer, const char *key, uint64_t number, const char *problem);

#endif
