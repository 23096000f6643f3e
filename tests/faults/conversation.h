/* faults/conversation.h: a WebSocket of a load (load.h), which may break off at any point;
 * what is said before then is right.
 */
#ifndef WEIR_TESTS_FAULTS_CONVERSATION_H
#define WEIR_TESTS_FAULTS_CONVERSATION_H

#include "faults/load.h"

#include "support/ws_client.h"

/* Connects and shakes hands; false if that failed, and nothing is open then. */
bool conversation_begin(struct load *load, struct ws_client *ws, const char *url,
			const char *target);
/* Says this much of the pattern and hears it again; false if it broke off. */
bool conversation_echo(struct ws_client *ws, size_t size);
/* Says goodbye with this code, and hears it. False if it broke off. */
bool conversation_bye(struct ws_client *ws, unsigned code);
void conversation_end(struct ws_client *ws);

#endif
