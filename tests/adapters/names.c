/* adapters/names.c: see names.h. */
#include "adapters/names.h"
#include "support/gate.h"
#include "support/must.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

typedef int resolver(const char *node, const char *service, const struct addrinfo *hints,
		     struct addrinfo **result);

static struct gate slow;
static atomic_uint here, by_libcurl;

__attribute__((constructor)) static void init(void)
{
	gate_init(&slow);
}

static resolver *real(void)
{
	/* POSIX lets dlsym()'s result be a function; ISO C has no cast for it. */
	union {
		void *object;
		resolver *function;
	} symbol = {.object = dlsym(RTLD_NEXT, "getaddrinfo")};

	must(symbol.object, "no getaddrinfo");
	return symbol.function;
}

/* `code` is where the call came from. */
static void note_asker(const void *code)
{
	Dl_info object;

	if (dladdr(code, &object) && object.dli_fname && strstr(object.dli_fname, "libcurl"))
		(void)atomic_fetch_add(&by_libcurl, 1);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	if (hints && (hints->ai_flags & AI_NUMERICHOST)) /* no names are asked for */
		return real()(node, service, hints, result);
	note_asker(__builtin_return_address(0));
	if (node && strcasecmp(node, "slow.test") == 0) {
		(void)gate_pass(&slow);
		return EAI_AGAIN;
	}
	if (node && strcasecmp(node, "nowhere.test") == 0)
		return EAI_NONAME;
	if (node && strcasecmp(node, "here.test") == 0) {
		(void)atomic_fetch_add(&here, 1);
		node = "127.0.0.1";
	}
	return real()(node, service, hints, result);
}

void names_await_slow(void)
{
	gate_await(&slow, 1);
}

void names_release(void)
{
	gate_open(&slow, 1);
}

unsigned names_here(void)
{
	return atomic_load(&here);
}

unsigned names_by_libcurl(void)
{
	return atomic_load(&by_libcurl);
}
