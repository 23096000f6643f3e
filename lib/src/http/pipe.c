/* pipe.c: see pipe.h.
 *
 * Lock: pipe->lock, innermost. Wakeups: the worker waits on pipe->moved (an event count, see
 * cancel/wait.c); the acceptor is not waited for here but told by the caller.
 */
#include "http/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cancel/token.h"

int weir__pipe_create(struct weir__pipe **out)
{
	struct weir__pipe *pipe = calloc(1, sizeof(*pipe));

	if (!pipe)
		return -ENOMEM;
	pipe->data = malloc(WEIR__PIPE_SIZE);
	if (!pipe->data)
		goto free_pipe;
	weir__event_init(&pipe->moved);
	if (pthread_mutex_init(&pipe->lock, NULL))
		goto free_data;
	*out = pipe;
	return 0;

free_data:
	free(pipe->data);
free_pipe:
	free(pipe);
	return -ENOMEM;
}

void weir__pipe_destroy(struct weir__pipe *pipe)
{
	if (!pipe)
		return;
	(void)pthread_mutex_destroy(&pipe->lock);
	free(pipe->data);
	free(pipe);
}

static size_t copy_in_locked(struct weir__pipe *pipe, const char *data, size_t size)
{
	size_t end = (pipe->start + pipe->used) % WEIR__PIPE_SIZE;
	size_t room = WEIR__PIPE_SIZE - pipe->used;
	size_t first;

	if (size > room)
		size = room;
	first = WEIR__PIPE_SIZE - end;
	if (first > size)
		first = size;
	memcpy(pipe->data + end, data, first);
	memcpy(pipe->data, data + first, size - first);
	pipe->used += size;
	return size;
}

static size_t copy_out_locked(struct weir__pipe *pipe, char *data, size_t size)
{
	size_t first = WEIR__PIPE_SIZE - pipe->start;

	if (size > pipe->used)
		size = pipe->used;
	if (first > size)
		first = size;
	memcpy(data, pipe->data + pipe->start, first);
	memcpy(data + first, pipe->data, size - first);
	pipe->start = (pipe->start + size) % WEIR__PIPE_SIZE;
	pipe->used -= size;
	pipe->passed += size;
	return size;
}

size_t weir__pipe_put(struct weir__pipe *pipe, const void *data, size_t size)
{
	size_t done;

	(void)pthread_mutex_lock(&pipe->lock);
	/* After an end with an error nobody reads: swallow. */
	done = pipe->error ? size : copy_in_locked(pipe, data, size);
	pipe->acceptor_waits = done < size;
	(void)pthread_mutex_unlock(&pipe->lock);
	weir__event_signal(&pipe->moved);
	return done;
}

ssize_t weir__pipe_get(struct weir__pipe *pipe, void *data, size_t size)
{
	ssize_t result;

	(void)pthread_mutex_lock(&pipe->lock);
	if (pipe->used > 0)
		result = (ssize_t)copy_out_locked(pipe, data, size);
	else if (pipe->error)
		result = pipe->error;
	else
		result = pipe->ended ? WEIR__PIPE_AT_END : 0;
	pipe->acceptor_waits = result == 0;
	(void)pthread_mutex_unlock(&pipe->lock);
	if (result > 0)
		weir__event_signal(&pipe->moved);
	return result;
}

/* The acceptor is woken to put more when half of the buffer is free again. */
static bool worth_putting_locked(struct weir__pipe *pipe)
{
	if (!pipe->acceptor_waits || pipe->used > WEIR__PIPE_SIZE / 2)
		return false;
	pipe->acceptor_waits = false;
	return true;
}

ssize_t weir__pipe_read(struct weir__pipe *pipe, void *data, size_t size, weir_token *token,
			bool *wake)
{
	ssize_t result = weir_token_check_at(token, "weir_request_read()");

	*wake = false;
	while (!result) {
		uint32_t ticket = weir__event_ticket(&pipe->moved);
		bool settled;

		(void)pthread_mutex_lock(&pipe->lock);
		settled = pipe->used > 0 || pipe->ended;
		if (pipe->error)
			result = pipe->error;
		else if (pipe->used > 0)
			result = (ssize_t)copy_out_locked(pipe, data, size);
		*wake = worth_putting_locked(pipe);
		(void)pthread_mutex_unlock(&pipe->lock);
		if (settled)
			break;
		result = weir__event_wait(&pipe->moved, ticket, token, WEIR_NEVER);
	}
	return result;
}

static int try_write(struct weir__pipe *pipe, const char **data, size_t *size, bool *waits)
{
	size_t done;
	int error;

	(void)pthread_mutex_lock(&pipe->lock);
	error = pipe->error;
	done = error ? 0 : copy_in_locked(pipe, *data, *size);
	*waits = pipe->acceptor_waits && done > 0;
	if (*waits)
		pipe->acceptor_waits = false;
	(void)pthread_mutex_unlock(&pipe->lock);
	*data += done;
	*size -= done;
	return error;
}

int weir__pipe_write(struct weir__pipe *pipe, const void *data, size_t size, weir_token *token,
		     void (*wake)(void *arg), void *arg)
{
	const char *at = data;
	int error = token && weir__token_tripped(token) ? -ECANCELED : 0;

	while (!error && size > 0) {
		uint32_t ticket = weir__event_ticket(&pipe->moved);
		bool waits;

		error = try_write(pipe, &at, &size, &waits);
		if (waits)
			wake(arg);
		if (!error && size > 0)
			error = weir__event_wait(&pipe->moved, ticket, token, WEIR_NEVER);
	}
	return error;
}

int weir__pipe_flush(struct weir__pipe *pipe, weir_token *token)
{
	int error = weir_token_check_at(token, "weir_response_flush()");

	while (!error) {
		uint32_t ticket = weir__event_ticket(&pipe->moved);
		bool empty;

		(void)pthread_mutex_lock(&pipe->lock);
		empty = pipe->used == 0;
		error = pipe->error;
		(void)pthread_mutex_unlock(&pipe->lock);
		if (empty || error)
			break;
		error = weir__event_wait(&pipe->moved, ticket, token, WEIR_NEVER);
	}
	return error;
}

bool weir__pipe_end(struct weir__pipe *pipe, int error)
{
	bool waits;

	(void)pthread_mutex_lock(&pipe->lock);
	pipe->ended = true;
	if (!pipe->error)
		pipe->error = error;
	waits = pipe->acceptor_waits;
	pipe->acceptor_waits = false;
	(void)pthread_mutex_unlock(&pipe->lock);
	weir__event_signal(&pipe->moved);
	return waits;
}

bool weir__pipe_finished(struct weir__pipe *pipe)
{
	bool finished;

	(void)pthread_mutex_lock(&pipe->lock);
	finished = pipe->ended && pipe->used == 0;
	(void)pthread_mutex_unlock(&pipe->lock);
	return finished;
}

uint64_t weir__pipe_passed(struct weir__pipe *pipe)
{
	uint64_t passed;

	(void)pthread_mutex_lock(&pipe->lock);
	passed = pipe->passed;
	(void)pthread_mutex_unlock(&pipe->lock);
	return passed;
}
