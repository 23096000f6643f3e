/* weir_symbols: names of functions, with files and lines where they are known. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/stack.h>
#include <weir/symbols.h>

#include "support/must.h"

TestSuite(symbols, .timeout = 60);

enum { THREADS = 4, QUESTIONS = 200 };

/* The address behind the call of this function. */
static __attribute__((noinline)) uintptr_t here(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

/* Volatile, so that the call stays a call with something behind it. */
static volatile uintptr_t place;
static int line;

static __attribute__((noinline)) void ordinary(void)
{
	line = __LINE__ + 1;
	place = here();
}

static inline __attribute__((always_inline)) void inner(void)
{
	line = __LINE__ + 1;
	place = here();
}

static __attribute__((noinline)) void outer(void)
{
	inner();
}

static uintptr_t address_in(const char *file, const char *function)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_NOLOAD), *found;

	cr_assert_not_null(library);
	found = dlsym(library, function);
	cr_assert_not_null(found);
	(void)dlclose(library);
	return (uintptr_t)found + 4;
}

static uintptr_t address_of_write(void)
{
	return address_in("libc.so.6", "write");
}

static void find(weir_symbols *symbols, uintptr_t address, const char *expected)
{
	char name[160];

	cr_assert_eq(weir_symbols_find(symbols, address, name, sizeof(name)), 0);
	cr_assert_str_eq(name, expected);
}

Test(symbols, static_functions_have_names_files_and_lines)
{
	weir_symbols *symbols;
	char expected[64];

	cr_assert_eq(weir_symbols_create(&symbols), 0);
	ordinary();
	(void)snprintf(expected, sizeof(expected), "ordinary (test_symbols.c:%d)", line);
	find(symbols, place, expected);
	weir_symbols_destroy(symbols);
}

Test(symbols, functions_within_others_are_named_with_them)
{
	weir_symbols *symbols;
	char expected[64];

	cr_assert_eq(weir_symbols_create(&symbols), 0);
	outer();
	(void)snprintf(expected, sizeof(expected), "inner, inlined in outer (test_symbols.c:%d)",
		       line);
	find(symbols, place, expected);
	weir_symbols_destroy(symbols);
}

/* Several names may stand for one function: "write", "__write". */
Test(symbols, without_debug_information_the_file_is_named)
{
	weir_symbols *symbols;
	char name[160];

	cr_assert_eq(weir_symbols_create(&symbols), 0);
	cr_assert_eq(weir_symbols_find(symbols, address_of_write(), name, sizeof(name)), 0);
	if (!strchr(name, '(')) /* this machine has no debug information of its libc */
		cr_assert(strncmp(name, "libc.so.6!", 10) == 0 && strstr(name, "write+0x4"), "%s",
			  name);
	else
		cr_assert(strstr(name, "write ("), "%s", name);
	weir_symbols_destroy(symbols);
}

Test(symbols, nothing_is_known_where_nothing_is)
{
	weir_symbols *symbols;
	char name[160];

	cr_assert_eq(weir_symbols_create(&symbols), 0);
	cr_assert_eq(weir_symbols_find(symbols, 0, name, sizeof(name)), -ENOENT);
	cr_assert_eq(weir_symbols_find(symbols, 16, name, sizeof(name)), -ENOENT);
	cr_assert_eq(weir_symbols_find(symbols, (uintptr_t)name, name, sizeof(name)), -ENOENT);
	cr_assert_eq(weir_symbols_find(symbols, UINTPTR_MAX, name, sizeof(name)), -ENOENT);
	weir_symbols_destroy(symbols);
	weir_symbols_destroy(NULL);
}

Test(symbols, names_are_cut_to_fit)
{
	weir_symbols *symbols;
	char name[9];

	cr_assert_eq(weir_symbols_create(&symbols), 0);
	ordinary();
	cr_assert_eq(weir_symbols_find(symbols, place, name, sizeof(name)), 0);
	cr_assert_str_eq(name, "ordinary");
	weir_symbols_destroy(symbols);
}

struct asker {
	weir_symbols *symbols;
	uintptr_t address;
	char first[160];
	int wrong;
};

static void *ask(void *arg)
{
	struct asker *asker = arg;
	char name[160];

	for (int i = 0; i < QUESTIONS; i++)
		asker->wrong += weir_symbols_find(asker->symbols, asker->address, name,
						  sizeof(name)) != 0 ||
				strcmp(name, asker->first) != 0;
	return NULL;
}

Test(symbols, many_threads_may_ask)
{
	struct asker askers[THREADS];
	pthread_t threads[THREADS];
	weir_symbols *symbols;

	cr_assert_eq(weir_symbols_create(&symbols), 0);
	for (int i = 0; i < THREADS; i++) {
		if (i % 2)
			ordinary();
		else
			outer();
		askers[i] = (struct asker){.symbols = symbols, .address = place};
		cr_assert_eq(
			weir_symbols_find(symbols, place, askers[i].first, sizeof(askers[i].first)),
			0);
	}
	cr_assert_str_neq(askers[0].first, askers[1].first);
	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
		cr_assert_eq(askers[i].wrong, 0);
	}
	weir_symbols_destroy(symbols);
}

/* A server is named in the environment, and gets no connection; of libdw itself no machine but a
 * developer's of it has debug information. */
Test(symbols, no_server_is_asked_for_debug_information)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	weir_symbols *symbols;
	char name[160], url[64], cache[] = "/tmp/weir-symbols-XXXXXX";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(listen(fd, 8), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	cr_assert_eq(setenv("DEBUGINFOD_URLS", url, 1), 0);
	cr_assert_eq(setenv("DEBUGINFOD_TIMEOUT", "1", 1), 0);
	cr_assert_not_null(mkdtemp(cache));
	cr_assert_eq(setenv("DEBUGINFOD_CACHE_PATH", cache, 1), 0);
	cr_assert_eq(weir_symbols_create(&symbols), 0);
	cr_assert_eq(weir_symbols_find(symbols, address_in("libdw.so.1", "dwfl_begin"), name,
				       sizeof(name)),
		     0);
	weir_symbols_destroy(symbols);
	cr_assert_eq(rmdir(cache), 0, "something was cached");
	cr_assert_eq(accept4(fd, NULL, NULL, SOCK_CLOEXEC), -1);
	cr_assert_eq(errno, EAGAIN);
	(void)close(fd);
}

/* The symbolizer of a server that has no other. */
Test(symbols, the_dynamic_linker_knows_exported_functions)
{
	char name[160];

	cr_assert_eq(weir_symbolize_elf(NULL, address_of_write(), name, sizeof(name)), 0);
	cr_assert(strncmp(name, "libc.so.6!", 10) == 0 && strstr(name, "write+0x4"), "%s", name);
	cr_assert_eq(weir_symbolize_elf(NULL, (uintptr_t)name, name, sizeof(name)), -ENOENT);
	cr_assert_eq(weir_symbolize_elf(NULL, 0, name, sizeof(name)), -ENOENT);
	ordinary();
	cr_assert_eq(weir_symbolize_elf(NULL, place, name, sizeof(name)), 0);
	cr_assert_not_null(strstr(name, "+0x"));
}
