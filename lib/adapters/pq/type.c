/* type.c: PostgreSQL's own types by name. Their OIDs are fixed for ever: they are assigned by
 * hand in the server's src/include/catalog/pg_type.dat.
 */
#include <string.h>

#include <weir/pq.h>

#define TYPES(X)                                                                                   \
	X("bool", 16)                                                                              \
	X("bytea", 17)                                                                             \
	X("int8", 20)                                                                              \
	X("int2", 21)                                                                              \
	X("int4", 23)                                                                              \
	X("text", 25)                                                                              \
	X("json", 114)                                                                             \
	X("float4", 700)                                                                           \
	X("float8", 701)                                                                           \
	X("date", 1082)                                                                            \
	X("timestamp", 1114)                                                                       \
	X("timestamptz", 1184)                                                                     \
	X("numeric", 1700)                                                                         \
	X("uuid", 2950)                                                                            \
	X("jsonb", 3802)

static const struct type {
	const char *name;
	unsigned oid;
} types[] = {
#define TYPE_ROW(name, oid) {name, oid},
	TYPES(TYPE_ROW)
#undef TYPE_ROW
};

unsigned weir_pq_type(const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].oid;
	return 0;
}
