/* directory_page.c: the page itself: plain HTML that a screen reader, a text browser and a
 * telephone can all use, without scripts and without anything loaded from elsewhere. */
#include "directory.h"
#include "escape.h"

#include <string.h>

static const char style[] =
	"body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
	"h1{font-size:1.4rem;overflow-wrap:anywhere}"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8884}"
	"td:first-child{overflow-wrap:anywhere}"
	"th:nth-child(2),td:nth-child(2){text-align:right}"
	"td:nth-child(n+2){white-space:nowrap;font-variant-numeric:tabular-nums}"
	":root{color-scheme:light dark}";

static void write_size(FILE *stream, const struct directory_entry *entry)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	switch (entry->kind) {
	case 'd':
		fputs("directory", stream);
		return;
	case 'l':
		fputs("link", stream);
		return;
	case 'o':
		fputs("not a file", stream);
		return;
	}
	if (entry->size < 1024) {
		fprintf(stream, "%lld B", entry->size);
		return;
	}
	double size = (double)entry->size / 1024;
	size_t unit = 0;
	for (; size >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		size /= 1024;
	fprintf(stream, "%.1f %s", size, units[unit]);
}

static void write_time(FILE *stream, time_t when)
{
	struct tm utc;
	char machine[32], human[32];
	if (gmtime_r(&when, &utc) == NULL ||
	    strftime(machine, sizeof machine, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0 ||
	    strftime(human, sizeof human, "%Y-%m-%d %H:%M", &utc) == 0)
		return;
	fprintf(stream, "<time datetime=\"%s\">%s</time>", machine, human);
}

/* "./" keeps a name with a colon from being read as a scheme. */
static void write_entry(FILE *stream, const struct directory_entry *entry)
{
	const char *slash = entry->kind == 'd' ? "/" : "";
	fputs("<tr><td><a href=\"./", stream);
	escape_url(stream, entry->name);
	fprintf(stream, "%s\">", slash);
	escape_html(stream, entry->name);
	fprintf(stream, "%s</a></td><td>", slash);
	write_size(stream, entry);
	fputs("</td><td>", stream);
	write_time(stream, entry->changed);
	fputs("</td></tr>\n", stream);
}

static void write_table(FILE *stream, const struct directory_listing *listing)
{
	fputs("<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Size</th>"
	      "<th scope=\"col\">Changed (UTC)</th></tr></thead>\n<tbody>\n",
	      stream);
	for (size_t i = 0; i < listing->count; i++)
		write_entry(stream, &listing->entries[i]);
	fputs("</tbody>\n</table>\n", stream);
}

void directory_page(FILE *stream, const char *path, const struct directory_listing *listing)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
	      stream);
	escape_html(stream, path);
	fprintf(stream, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
	escape_html(stream, path);
	fputs("</h1>\n", stream);
	if (strcmp(path, "/") != 0)
		fputs("<p><a href=\"../\">Parent directory</a></p>\n", stream);
	if (listing->count == 0)
		fputs("<p>This directory is empty.</p>\n", stream);
	else
		write_table(stream, listing);
	if (listing->more)
		fprintf(stream,
			"<p>This directory has more entries than a page can show; these are %d of "
			"them.</p>\n",
			DIRECTORY_ENTRIES_MAX);
	fputs("</main>\n</body>\n</html>\n", stream);
}
