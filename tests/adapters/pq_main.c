/* adapters/pq_main.c: one PostgreSQL for all the tests of this program.
 *
 * Criterion runs each test in a process of its own; they find the server by the environment.
 * Exits with 77 if there is no PostgreSQL: CTest calls that skipped.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "adapters/pq_support.h"

int main(int argc, char **argv)
{
	static struct postgres postgres;
	struct criterion_test_set *tests;
	int result = 0;

	if (!postgres_installed())
		return 77;
	postgres_start(&postgres);
	if (setenv(PQ_CONNINFO, postgres.conninfo, 1) != 0 || setenv(PQ_TCP, postgres.tcp, 1) != 0)
		return EXIT_FAILURE;
	tests = criterion_initialize();
	if (criterion_handle_args(argc, argv, true))
		result = !criterion_run_all_tests(tests);
	criterion_finalize(tests);
	postgres_stop(&postgres);
	return result;
}
