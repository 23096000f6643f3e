/* feed.c: the network's part: pieces of the body in, bytes of the stream out.
 *
 * Called on the handler's thread at each of its looks, and at the end. Both pipes want one
 * thread on either side; here it is the same one, which is fine as it does one thing after the
 * other and the pipes' locks are not held while a probe is told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

/* What is longer than any body in a test is cut there: nothing grows for ever. */
#define STREAM_MAX ((size_t)256 * 1024 * 1024)

static void feed_body(struct weir__testing_run *run)
{
	const struct weir_testing_request *description = &run->description;
	struct weir__pipe *pipe = run->request->pipe;
	const struct weir_testing_piece *piece;
	bool empty;

	if (!pipe || run->next_piece > description->piece_count)
		return;
	if (run->next_piece == description->piece_count) {
		run->next_piece++;
		(void)weir__pipe_end(pipe, 0);
		return;
	}
	(void)pthread_mutex_lock(&pipe->lock);
	empty = pipe->used == 0;
	(void)pthread_mutex_unlock(&pipe->lock);
	if (!empty)
		return;
	piece = &description->pieces[run->next_piece];
	run->piece_done += weir__pipe_put(pipe, (const char *)piece->data + run->piece_done,
					  piece->size - run->piece_done);
	if (run->piece_done == piece->size) {
		run->next_piece++;
		run->piece_done = 0;
	}
}

static bool reserve(struct weir__testing_run *run, size_t size)
{
	size_t room = run->stream_room ? run->stream_room : 4096;
	char *stream;

	if (run->out_of_memory || size > STREAM_MAX - run->stream_size)
		return false;
	while (room <= run->stream_size + size) /* a NUL has room, too */
		room *= 2;
	stream = room == run->stream_room ? run->stream : realloc(run->stream, room);
	if (!stream)
		return false;
	run->stream = stream;
	run->stream_room = room;
	return true;
}

static void take_stream(struct weir__testing_run *run)
{
	struct weir__pipe *pipe = run->request->response.pipe;
	char buffer[16384];
	ssize_t size;

	if (!pipe)
		return;
	while ((size = weir__pipe_get(pipe, buffer, sizeof(buffer))) > 0) {
		if (!reserve(run, (size_t)size)) {
			run->out_of_memory = true;
			continue;
		}
		memcpy(run->stream + run->stream_size, buffer, (size_t)size);
		run->stream_size += (size_t)size;
	}
}

void weir__testing_feed(struct weir__testing_run *run)
{
	feed_body(run);
	take_stream(run);
}
