/* stacks.c: see stacks.h; and weir/stack.h, as far as it is about servers.
 *
 * What runs is listed on the acceptor's thread, which is told to go on before anybody is asked.
 * A handler may return meanwhile; its thread then works on something else, says so, and its
 * answer is dropped. The references of the list keep the requests where they are, so that no other
 * can be taken for one of them.
 */
#include "server/stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/server_private.h"

struct weir__names *weir__names_create(const weir_server *server)
{
	struct weir__names *names = malloc(sizeof(*names));

	if (!names)
		return NULL;
	names->find = server->options.symbolizer ? server->options.symbolizer : weir_symbolize_elf;
	names->arg = server->options.symbolizer_arg;
	names->until = weir_after(WEIR__NAMES_PATIENCE);
	names->count = 0;
	return names;
}

static void find_name(struct weir__names *names, uintptr_t address, char out[WEIR__NAME_SIZE])
{
	char *c;

	out[0] = '\0';
	if (weir_now() >= names->until ||
	    names->find(names->arg, address, out, WEIR__NAME_SIZE) != 0 || !out[0])
		(void)snprintf(out, WEIR__NAME_SIZE, "0x%" PRIxPTR, address);
	out[WEIR__NAME_SIZE - 1] = '\0';
	for (c = out; *c; c++)
		if (*c == '\n')
			*c = ' ';
}

static void append_name(struct weir__names *names, uintptr_t address, struct weir__text *text)
{
	char rest[WEIR__NAME_SIZE], *name = rest;
	size_t i;

	for (i = 0; i < names->count; i++)
		if (names->kept[i].address == address)
			break;
	if (i < WEIR__NAMES_KEPT)
		name = names->kept[i].text;
	if (i == names->count) {
		find_name(names, address, name);
		if (i < WEIR__NAMES_KEPT)
			names->kept[names->count++].address = address;
	}
	weir__text_append(text, name, strlen(name));
}

char *weir__names_of(struct weir__names *names, const struct weir__backtrace *trace)
{
	static const char silent[] = "(did not answer)";
	struct weir__text text = WEIR__TEXT_EMPTY;
	char *lines;
	unsigned i;

	if (trace->answer == WEIR__BACKTRACE_NONE)
		return NULL;
	if (trace->answer == WEIR__BACKTRACE_SILENT)
		weir__text_append(&text, silent, sizeof(silent) - 1);
	for (i = 0; trace->answer == WEIR__BACKTRACE_TOLD && i < trace->frames.count; i++) {
		if (i > 0)
			weir__text_append(&text, "\n", 1);
		append_name(names, trace->frames.at[i], &text);
	}
	return weir__text_take(&text, &lines, NULL) == 0 ? lines : NULL;
}

int weir__stacks_list(weir_server *server, size_t capacity, size_t room, bool admin,
		      struct weir__stacks *out)
{
	struct weir__running *running = &out->running;

	*running = (struct weir__running){.capacity = capacity, .admin = admin};
	running->entries = malloc(capacity * sizeof(*running->entries));
	if (!running->entries)
		return -ENOMEM;
	running->traces = malloc((capacity + room) * sizeof(*running->traces));
	if (!running->traces) {
		free(running->entries);
		return -ENOMEM;
	}
	weir__acceptor_call(&server->acceptor, weir__running_list, running);
	return 0;
}

void weir__stacks_release(struct weir__stacks *stacks)
{
	weir__running_release(&stacks->running);
	free(stacks->running.entries);
	free(stacks->running.traces);
}

void weir__stacks_ask(struct weir__backtrace *traces, size_t count)
{
	weir__backtrace_ask(traces, count, weir_after(WEIR__STACKS_PATIENCE));
}

const char *weir__stacks_keep(weir_server *server, char *lines)
{
	if (!lines)
		return NULL;
	if (server->kept_count == WEIR__MAX_KEPT) {
		free(lines);
		return NULL;
	}
	server->kept[server->kept_count++] = lines;
	return lines;
}

void weir__stacks_forget(weir_server *server)
{
	while (server->kept_count > 0)
		free(server->kept[--server->kept_count]);
}

void weir__stack_line(const char *lines, char out[WEIR__STACK_LINE])
{
	size_t used = 0;

	for (lines = lines ? lines : ""; *lines && used < WEIR__STACK_LINE - 4; lines++) {
		if (*lines != '\n') {
			out[used++] = *lines;
			continue;
		}
		memcpy(out + used, " < ", 3);
		used += 3;
	}
	out[used] = '\0';
}
