/* tick.c: see tick.h. */
#include "base/tick.h"

struct weir__tick weir__tick;
