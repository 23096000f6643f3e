/* task.c: weir/task.h: what a program adds to a server beside routes. */
#include <weir/task.h>

#include <errno.h>

#include "server/server_private.h"

static int add(weir_server *server, const struct weir__task_plan *plan)
{
	if (!plan->name || !plan->name[0] || !plan->fn)
		return -EINVAL;
	if (weir_server_stopping(server))
		return -ECANCELED;
	return weir__tasks_add(&server->tasks, plan);
}

int weir_task_start(weir_server *server, const char *name, weir_task_fn fn, void *arg)
{
	const struct weir__task_plan plan = {.name = name, .fn = fn, .arg = arg};

	return add(server, &plan);
}

int weir_task_every(weir_server *server, const char *name, weir_time period, weir_task_fn fn,
		    void *arg)
{
	const struct weir__task_plan plan = {.name = name, .fn = fn, .arg = arg, .period = period};

	return period > 0 ? add(server, &plan) : -EINVAL;
}

int weir_server_on_teardown(weir_server *server, const char *name, weir_teardown_fn fn, void *arg,
			    weir_time share)
{
	int error = 0;

	if (!name || !name[0] || !fn || share < 0)
		return -EINVAL;
	(void)pthread_mutex_lock(&server->lock);
	if (server->state != WEIR__CREATED)
		error = -EBUSY;
	else
		error = weir__teardown_add(&server->teardown, name, fn, arg, share);
	(void)pthread_mutex_unlock(&server->lock);
	return error;
}
