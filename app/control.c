/* control.c: see control.h.
 *
 * Each lane is a bounded queue and a background task that empties it. What changes the server, and
 * rehearsals, are not begun, and are told to end, as soon as a stop begins; looking goes on as
 * long as tasks do. The queue is closed when its task ends, so nothing is put in that nobody takes
 * out.
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/queue.h>
#include <weir/task.h>

#define LANE_ROOM 16

struct lane {
	struct control *control;
	enum control_lane kind;
	weir_queue *queue;
};

struct control {
	weir_server *server;
	struct lane lanes[CONTROL_LANE_COUNT];
};

struct errand {
	control_fn fn;
	void *arg;
	weir_later *answer;
};

static void refuse(weir_later *answer)
{
	static const char body[] = "{\"error\":\"the server is stopping\"}\n";
	if (answer != NULL)
		(void)weir_later_answer(answer, 503, "application/json", body, sizeof body - 1);
}

static void run(const struct lane *lane, struct errand *errand, weir_token *token)
{
	if (lane->kind != CONTROL_LOOK && weir_server_stopping(lane->control->server))
		refuse(errand->answer);
	else
		errand->fn(errand->arg, token, errand->answer);
	free(errand);
}

/* Until its own token trips: a stop may be over for the errand long before that. */
static void work(const struct lane *lane, weir_token *token, weir_token *errands)
{
	void *errand;
	while (weir_queue_pop(lane->queue, &errand, token, WEIR_NEVER) == 0)
		run(lane, errand, errands);
}

static int lane_task(void *arg, weir_token *token)
{
	const struct lane *lane = arg;
	weir_token *const sources[] = {token, weir_server_drain_token(lane->control->server)};
	weir_token *errands;
	size_t count = lane->kind == CONTROL_LOOK ? 1 : 2;
	int error = weir_token_create_linked(sources, count, &errands);
	if (error == 0) {
		work(lane, token, errands);
		weir_token_unref(errands);
	}
	weir_queue_close(lane->queue);
	void *left;
	while (weir_queue_pop(lane->queue, &left, NULL, WEIR_NEVER) == 0) {
		refuse(((struct errand *)left)->answer);
		free(left);
	}
	return error;
}

static int start_lane(struct control *control, enum control_lane kind)
{
	static const char *const names[] = {
		[CONTROL_CHANGE] = "control-change",
		[CONTROL_REHEARSE] = "control-rehearse",
		[CONTROL_LOOK] = "control-look",
	};
	struct lane *lane = &control->lanes[kind];
	lane->control = control;
	lane->kind = kind;
	int error = weir_queue_create(LANE_ROOM, &lane->queue);
	return error != 0 ? error : weir_task_start(control->server, names[kind], lane_task, lane);
}

int control_create(weir_server *server, struct control **out)
{
	struct control *control = calloc(1, sizeof *control);
	int error = 0;
	if (control == NULL)
		return -ENOMEM;
	control->server = server;
	/* Even if it fails half-way the tasks that were registered need it, until the server is
	 * gone: the caller has it in any case. */
	*out = control;
	for (int kind = 0; error == 0 && kind < CONTROL_LANE_COUNT; kind++)
		error = start_lane(control, (enum control_lane)kind);
	return error;
}

int control_ask(struct control *control, enum control_lane lane, control_fn fn, void *arg,
		weir_later *answer)
{
	struct errand *errand = malloc(sizeof *errand);
	if (errand == NULL)
		return -ENOMEM;
	*errand = (struct errand){fn, arg, answer};
	int error = weir_queue_push(control->lanes[lane].queue, errand, NULL, 0);
	if (error != 0)
		free(errand);
	if (error == -ETIMEDOUT)
		return -EBUSY;
	return error == -EPIPE ? -ECANCELED : error;
}

void control_destroy(struct control *control)
{
	if (control == NULL)
		return;
	for (int kind = 0; kind < CONTROL_LANE_COUNT; kind++)
		weir_queue_destroy(control->lanes[kind].queue);
	free(control);
}
