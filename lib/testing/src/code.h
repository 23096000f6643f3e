/* code.h: an address in the code, for people. */
#ifndef WEIR_TESTING_CODE_H
#define WEIR_TESTING_CODE_H

#include <stddef.h>

/* "handler.c:41" for the call that returns to `address`, if addr2line(1) is there and knows; else
 * "program+0x1234"; "unknown" for NULL. */
void weir__testing_code_print(const void *address, char *out, size_t size);

#endif
