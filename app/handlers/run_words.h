/* run_words.h: the words of a command, with places for what a request brings.
 *
 *	{name}   a parameter of the path
 *	{?name}  a parameter of the query
 *	{{       a brace
 *
 * A word stays one word, whatever is put into it: no shell ever sees it. What is put in front
 * of a word must not begin with "-", which the program would take for an option.
 */
#ifndef WEIR_APP_RUN_WORDS_H
#define WEIR_APP_RUN_WORDS_H

#include <weir/request.h>

#define RUN_NAME_SIZE 64

/** Looks at a word of a command for a route with this path. Returns 0; -EINVAL (a brace that
 *  is not closed, or closes around no name); -ENOENT (the path has no such parameter: `name`). */
int run_word_check(const char *word, const char *path, char name[RUN_NAME_SIZE]);

/** The word for one request: malloc()ed. Returns 0; -ENOMEM; or with `name` the parameter it is
 *  about: -ENOENT (it is not in the query), -EINVAL (it begins with "-" and so would the word). */
int run_word_fill(const char *word, const weir_request *request, char **out,
		  char name[RUN_NAME_SIZE]);

#endif
