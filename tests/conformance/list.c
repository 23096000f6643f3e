/* list.c: see list.h. */
#include "list.h"

#include <ctype.h>

#include "topics.h"

/* Bytes as a C string would have them; a bar ends a column of a table, and so is escaped. */
static void print_bytes(FILE *out, const struct conformance_case *one)
{
	for (size_t i = 0; i < one->size; i++) {
		unsigned char c = (unsigned char)one->bytes[i];

		if (c == '\r')
			fputs("\\r", out);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (c == (unsigned char)*FILL && one->fill)
			fprintf(out, "(a %zu times)", one->fill);
		else if (c == '\\' || c == '|')
			fprintf(out, "\\%c", c);
		else if (isprint(c))
			fputc(c, out);
		else
			fprintf(out, "\\%03o", c);
	}
	if (one->fin)
		fputs(" FIN", out);
}

static void print_topic(FILE *out, const struct conformance_topic *topic)
{
	fprintf(out, "\n## %s\n\n| case | RFC | what is sent | what comes |\n|---|---|---|---|\n",
		topic->title);
	for (size_t i = 0; i < topic->count; i++) {
		const struct conformance_case *one = &topic->cases[i];

		fprintf(out, "| %s | %s | ``", one->name, one->section);
		print_bytes(out, one);
		fprintf(out, "`` | %s", one->expect);
		if (one->newer)
			fprintf(out, " (1.0: %s)", one->newer);
		fputs(" |\n", out);
	}
}

int conformance_list(FILE *out)
{
	size_t count = 0;

	for (size_t t = 0; t < conformance_topic_count; t++)
		count += conformance_topics[t]->count;
	fprintf(out, "%zu cases.\n", count);
	for (size_t t = 0; t < conformance_topic_count; t++)
		print_topic(out, conformance_topics[t]);
	return fflush(out) != 0 || ferror(out) ? 1 : 0;
}
