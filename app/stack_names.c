/* stack_names.c: see stack_names.h. */
#include "stack_names.h"

#include <weir/stack.h>
#ifdef WEIR_APP_SYMBOLS
#include <weir/symbols.h>
#endif

void stack_names_open(struct stack_names *names)
{
	*names = (struct stack_names){weir_symbolize_elf, NULL};
#ifdef WEIR_APP_SYMBOLS
	weir_symbols *symbols;
	if (weir_symbols_create(&symbols) == 0)
		*names = (struct stack_names){weir_symbols_find, symbols};
#endif
}

void stack_names_close(struct stack_names *names)
{
#ifdef WEIR_APP_SYMBOLS
	if (names->find == weir_symbols_find)
		weir_symbols_destroy(names->arg);
#endif
	*names = (struct stack_names){0};
}
