/* stacks_page.c: what a server runs, and where that is, for who wants to know it now. */
#include <errno.h>
#include <stdlib.h>

#include <weir/stack.h>

#include "base/overflow.h"
#include "base/text.h"
#include "drain/straggler.h"
#include "server/server_private.h"
#include "server/stacks.h"

struct page {
	struct weir__names *names;
	struct weir__stacks stacks;
	struct weir_task_left tasks[WEIR__MAX_TASKS]; /* their traces are behind the handlers' */
	size_t task_count;
	struct weir__text text;
};

static struct weir__backtrace *trace_of_task(struct page *page, size_t i)
{
	return &page->stacks.running.traces[page->stacks.running.count + i];
}

static void write_json(struct page *page)
{
	struct weir__text *text = &page->text;
	size_t i;

	weir__text_append(text, "{\"handlers\":[", 13);
	for (i = 0; i < page->stacks.running.count; i++) {
		struct weir_straggler *what = &page->stacks.running.entries[i].what;
		char *lines = weir__names_of(page->names, &page->stacks.running.traces[i]);

		what->stack = lines;
		weir__text_append(text, ",", i > 0);
		weir__running_json(text, what);
		free(lines);
	}
	weir__text_append(text, "],\"tasks\":[", 11);
	for (i = 0; i < page->task_count; i++) {
		char *lines = weir__names_of(page->names, trace_of_task(page, i));

		weir__text_append(text, ",", i > 0);
		weir__text_append(text, "{\"name\":", 8);
		weir__text_json(text, page->tasks[i].name);
		weir__text_append(text, ",\"age_seconds\":", 15);
		weir__text_seconds(text, page->tasks[i].age);
		weir__text_stack(text, lines);
		weir__text_append(text, "}", 1);
		free(lines);
	}
	weir__text_append(text, "]}\n", 3);
}

static void write_text(struct page *page)
{
	struct weir__text *text = &page->text;
	size_t i;

	weir__text_printf(text, "handlers: %zu\n", page->stacks.running.count);
	for (i = 0; i < page->stacks.running.count; i++) {
		char *lines = weir__names_of(page->names, &page->stacks.running.traces[i]);

		weir__text_append(text, "  ", 2);
		weir__straggler_text(text, &page->stacks.running.entries[i].what);
		weir__text_append(text, "\n", 1);
		weir__text_lines(text, "      ", lines);
		free(lines);
	}
	weir__text_printf(text, "tasks: %zu\n", page->task_count);
	for (i = 0; i < page->task_count; i++) {
		char *lines = weir__names_of(page->names, trace_of_task(page, i));

		weir__text_append(text, "  ", 2);
		weir__text_logfmt(text, page->tasks[i].name);
		weir__text_append(text, " age=\"", 6);
		weir__text_duration(text, page->tasks[i].age);
		weir__text_append(text, "\"\n", 2);
		weir__text_lines(text, "      ", lines);
		free(lines);
	}
}

/* Handlers and tasks are asked at the same time: they have it together. */
static int fill(weir_server *server, struct page *page)
{
	size_t i;
	int error = weir__stacks_list(server, server->options.workers_max, WEIR__MAX_TASKS, true,
				      &page->stacks);

	if (error)
		return error;
	page->task_count = weir__tasks_name(&server->tasks, page->tasks, trace_of_task(page, 0),
					    WEIR__MAX_TASKS);
	if (page->task_count > WEIR__MAX_TASKS)
		page->task_count = WEIR__MAX_TASKS;
	weir__stacks_ask(page->stacks.running.traces,
			 page->stacks.running.count + page->task_count);
	for (i = 0; i < page->task_count; i++)
		weir__traced_unref(trace_of_task(page, i)->traced);
	return 0;
}

static bool has_begun(weir_server *server)
{
	bool begun;

	(void)pthread_mutex_lock(&server->lock);
	begun = server->has_acceptor;
	(void)pthread_mutex_unlock(&server->lock);
	return begun;
}

static int make_page(weir_server *server, void (*write)(struct page *page), char **text,
		     size_t *size)
{
	struct page *page;
	int error;

	if (!has_begun(server))
		return -EINVAL;
	if (weir__acceptor_is_self(&server->acceptor))
		return -EDEADLK;
	page = calloc(1, sizeof(*page));
	if (!page)
		return -ENOMEM;
	error = fill(server, page);
	if (error)
		goto free_page;
	page->names = weir__names_create(server); /* its time begins here */
	if (!page->names) {
		error = -ENOMEM;
		goto release_stacks;
	}
	write(page);
	error = weir__text_take(&page->text, text, size);
	free(page->names);
release_stacks:
	weir__stacks_release(&page->stacks);
free_page:
	free(page);
	return error;
}

int weir_server_stacks_json(weir_server *server, char **text, size_t *size)
{
	return make_page(server, write_json, text, size);
}

int weir_server_stacks_text(weir_server *server, char **text, size_t *size)
{
	return make_page(server, write_text, text, size);
}

int weir_stack_report_overflow(int fd, bool json)
{
	return weir__overflow_report(fd, json);
}

int weir_stack_use_signal(int signal_number)
{
	return weir__backtrace_use_signal(signal_number);
}
