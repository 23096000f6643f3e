/* sync.h: what weir/sync.h offers, under the name of the call that it is done for. */
#ifndef WEIR_CANCEL_SYNC_H
#define WEIR_CANCEL_SYNC_H

#include <weir/sync.h>

/* As weir_cond_wait(); the token remembers `where` (weir_token_check_at()). */
int weir__cond_wait(weir_cond *cond, weir_mutex *mutex, weir_token *token, weir_time until,
		    const char *where);

#endif
