/* topics.c: see topics.h. */
#include "topics.h"

const struct conformance_topic *const conformance_topics[] = {
	&topic_methods,    &topic_targets, &topic_host,       &topic_fields,
	&topic_length,     &topic_chunked, &topic_expect,     &topic_head,
	&topic_connection, &topic_upgrade, &topic_conditions, &topic_ranges,
#ifdef CONFORMANCE_FILES
	&topic_files,
#endif
};

const size_t conformance_topic_count = sizeof(conformance_topics) / sizeof(conformance_topics[0]);
