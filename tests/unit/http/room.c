/* http/room.c: what fits into the memory of a connection. */
#include <criterion/criterion.h>

#include <string.h>

#include "http/acceptor.h"
#include "http/request.h"
#include "http/room.h"
#include "support/must.h"

static struct weir__acceptor acceptor;

/* The room for an answer with a field of `field` bytes to a header of `header` bytes. */
static enum weir__room room(size_t memory, size_t header, size_t extra, size_t field)
{
	weir_request *request = weir__request_create(&acceptor, NULL);
	static char value[40000];
	enum weir__room result;

	must(request != NULL && field < sizeof(value), "%zu bytes", field);
	memset(value, 'x', field);
	value[field] = '\0';
	acceptor.options.connection_memory = memory;
	request->header_size = header;
	request->header_extra = extra;
	must(weir_response_header(&request->response, "X", value) == 0, "out of memory");
	result = weir__room_for_answer(request);
	weir__request_release(request);
	return result;
}

Test(room, is_there_for_what_is_usual)
{
	static const size_t memories[] = {4096, 8192, 16384, 32768};

	for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++)
		cr_assert_eq(room(memories[i], 600, 8 * WEIR__ROOM_OF_FIELD, 200), WEIR__ROOM_SURE,
			     "%zu", memories[i]);
}

Test(room, is_not_there_for_more_than_there_is)
{
	cr_assert_eq(room(4096, 200, 0, 4096), WEIR__ROOM_NONE);
	cr_assert_eq(room(4096, 4000, 0, 10), WEIR__ROOM_NONE);
	cr_assert_eq(room(4096, 2000, 2000, 10), WEIR__ROOM_NONE);
	cr_assert_eq(room(32768, 32768, 0, 10), WEIR__ROOM_NONE);
}

/* The smaller the field, the more room; there is a middle in which it depends. */
Test(room, has_a_middle)
{
	static const size_t memories[] = {4096, 8192, 32768};

	for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++)
		for (size_t header = 100; header < memories[i]; header += 777) {
			enum weir__room last = room(memories[i], header, 0, 0);
			unsigned changes = 0;

			for (size_t field = 0; field < memories[i]; field += 16) {
				enum weir__room now = room(memories[i], header, 0, field);

				cr_assert_geq(now, last);
				changes += now != last;
				last = now;
			}
			cr_assert_eq(last, WEIR__ROOM_NONE);
			cr_assert_leq(changes, 2);
		}
}

Test(room, of_a_query)
{
	cr_assert_eq(weir__room_of_query("/a&b"), 0);
	cr_assert_eq(weir__room_of_query("/a?"), WEIR__ROOM_OF_FIELD);
	cr_assert_eq(weir__room_of_query("/a?b&c&d"), 3 * WEIR__ROOM_OF_FIELD);
}

Test(room, of_cookies)
{
	cr_assert_eq(weir__room_of_cookies("a=b"), 4 + WEIR__ROOM_OF_FIELD);
	cr_assert_eq(weir__room_of_cookies("a=b; c=d"), 9 + 2 * WEIR__ROOM_OF_FIELD);
}
