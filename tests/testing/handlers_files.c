/* testing/handlers_files.c: the handlers of app/handlers/files*.c, cancelled everywhere. */
#include "handlers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handlers/files.h"
#include "support/scratch.h"

static struct scratch root;
static struct files files;
static weir_server *server;

/* Each run finds one file, and a directory with 30. */
static int make_files(void *arg)
{
	char name[16];
	int i;

	(void)arg;
	(void)unlinkat(root.fd, "new", 0);
	scratch_write(&root, "there", "old content", 11);
	(void)mkdirat(root.fd, "many", 0700);
	for (i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "many/%d", i);
		scratch_write(&root, name, "", 0);
	}
	return 0;
}

static void begin(void)
{
	weir_routes *routes = handlers_routes();
	scratch_make(&root);
	server = handlers_server();
	cr_assert_eq(files_open(&files, root.path), 0);
	cr_assert_eq(files_routes(routes, &files), 0);
	handlers_serve(server, routes);
}

static void end(void)
{
	weir_server_destroy(server);
	files_close(&files);
	scratch_remove(&root);
}

TestSuite(handlers_files, .init = begin, .fini = end);

static unsigned passes(struct weir_testing_request request, int status)
{
	const char *const directories[] = {root.path, NULL};
	const struct weir_testing_options options = {.prepare = make_files,
						     .directories = directories,
						     /* a disk may be slow */
						     .limit = 10 * WEIR_SECOND,
						     .brief = 10 * WEIR_SECOND};

	request.server = server;
	return handler_passes(&request, &options, status);
}

static const struct weir_testing_piece pieces[] = {{"one ", 4}, {"two ", 4}, {"three", 5}};

Test(handlers_files, get_a_file)
{
	(void)passes((struct weir_testing_request){.target = "/there"}, 200);
}

Test(handlers_files, get_what_is_not_there)
{
	(void)passes((struct weir_testing_request){.target = "/nothing"}, 404);
}

Test(handlers_files, get_a_directory)
{
	cr_assert_geq(passes((struct weir_testing_request){.target = "/many/"}, 200), 30);
}

Test(handlers_files, get_a_directory_without_its_slash)
{
	(void)passes((struct weir_testing_request){.target = "/many"}, 301);
}

Test(handlers_files, put_a_new_file)
{
	cr_assert_geq(passes((struct weir_testing_request){.method = "PUT",
							   .target = "/new",
							   .pieces = pieces,
							   .piece_count = 3},
			     201),
		      5);
}

Test(handlers_files, put_in_place_of_a_file)
{
	cr_assert_geq(passes((struct weir_testing_request){.method = "PUT",
							   .target = "/there",
							   .pieces = pieces,
							   .piece_count = 3,
							   .chunked = true},
			     204),
		      5);
}

Test(handlers_files, put_under_a_condition_that_does_not_hold)
{
	static const struct weir_testing_header headers[] = {{"If-None-Match", "*"}};

	(void)passes((struct weir_testing_request){.method = "PUT",
						   .target = "/there",
						   .headers = headers,
						   .header_count = 1,
						   .pieces = pieces,
						   .piece_count = 3},
		     412);
}

Test(handlers_files, delete_a_file)
{
	(void)passes((struct weir_testing_request){.method = "DELETE", .target = "/there"}, 204);
}

Test(handlers_files, delete_what_is_not_there)
{
	(void)passes((struct weir_testing_request){.method = "DELETE", .target = "/nothing"}, 404);
}
