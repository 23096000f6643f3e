/* list.h: the cases as tables in Markdown. */
#ifndef WEIR_TESTS_CONFORMANCE_LIST_H
#define WEIR_TESTS_CONFORMANCE_LIST_H

#include <stdio.h>

/* 0, or 1 if not all could be written. */
int conformance_list(FILE *out);

#endif
