/* forwarded.c: see forwarded.h.
 *
 * Lists are cut at commas from the right, quotes or not: a proxy's own element has no comma in it,
 * and a quote that a client left open further left cannot swallow it.
 */
#include "http/forwarded.h"

#include <string.h>
#include <strings.h>

struct span {
	const char *data;
	size_t size;
};

static struct span trim(struct span span)
{
	while (span.size > 0 && (*span.data == ' ' || *span.data == '\t')) {
		span.data++;
		span.size--;
	}
	while (span.size > 0 && strchr(" \t", span.data[span.size - 1]))
		span.size--;
	return span;
}

/* The value of "for" in an element of Forwarded; empty if there is none. */
static struct span node_of(struct span element)
{
	while (element.size > 0) {
		const char *end = memchr(element.data, ';', element.size);
		size_t size = end ? (size_t)(end - element.data) : element.size;
		struct span pair = trim((struct span){element.data, size});

		if (pair.size >= 4 && strncasecmp(pair.data, "for=", 4) == 0)
			return (struct span){pair.data + 4, pair.size - 4};
		element.data += size;
		element.size -= size;
		if (end) {
			element.data++;
			element.size--;
		}
	}
	return element;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80", any of them in quotes. */
static bool parse_node(struct span node, struct weir__ip *out)
{
	const char *end;

	if (node.size >= 2 && node.data[0] == '"' && node.data[node.size - 1] == '"')
		node = (struct span){node.data + 1, node.size - 2};
	if (node.size > 0 && node.data[0] == '[') {
		end = memchr(node.data, ']', node.size);
		return end &&
		       weir__ip_parse(node.data + 1, (size_t)(end - node.data) - 1, out) == 0;
	}
	end = memchr(node.data, ':', node.size);
	if (end && !memchr(end + 1, ':', node.size - (size_t)(end - node.data) - 1))
		node.size = (size_t)(end - node.data);
	return weir__ip_parse(node.data, node.size, out) == 0;
}

/* Takes the last element off the list. */
static struct span take_last(struct span *list)
{
	size_t start = list->size;
	struct span element;

	while (start > 0 && list->data[start - 1] != ',')
		start--;
	element = trim((struct span){list->data + start, list->size - start});
	list->size = start > 0 ? start - 1 : 0;
	return element;
}

enum verdict { GO_ON, FOUND, UNKNOWN };

/* One field, from its end. `out` is the last address that was read. */
static enum verdict read_field(const char *value, bool standard,
			       const struct weir__address_set *trusted, struct weir__ip *out)
{
	struct span list = {value, strlen(value)};

	while (list.size > 0) {
		struct span element = take_last(&list);
		struct weir__ip ip;

		if (element.size == 0) /* allowed in a list: RFC 9110, 5.6.1 */
			continue;
		if (!parse_node(standard ? node_of(element) : element, &ip))
			return UNKNOWN;
		*out = ip;
		if (!weir__address_set_has(trusted, &ip))
			return FOUND;
	}
	return GO_ON;
}

bool weir__forwarded_client(const struct weir__field *fields, size_t count, const char *name,
			    const struct weir__address_set *trusted, struct weir__ip *out)
{
	bool standard = strcasecmp(name, "Forwarded") == 0, some = false;
	size_t i;

	for (i = count; i-- > 0;) {
		enum verdict verdict;

		if (strcasecmp(fields[i].name, name) != 0)
			continue;
		verdict = read_field(fields[i].value, standard, trusted, out);
		if (verdict != GO_ON)
			return verdict == FOUND;
		some = some || strspn(fields[i].value, ", \t") < strlen(fields[i].value);
	}
	return some;
}
