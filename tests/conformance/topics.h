/* topics.h: the tables, each in a file of its name. */
#ifndef WEIR_TESTS_CONFORMANCE_TOPICS_H
#define WEIR_TESTS_CONFORMANCE_TOPICS_H

#include "case.h"

extern const struct conformance_topic topic_methods, topic_targets, topic_host, topic_fields,
	topic_length, topic_chunked, topic_connection, topic_expect, topic_head, topic_upgrade,
	topic_conditions, topic_ranges, topic_files;

/* All of them, in the order of the list. */
extern const struct conformance_topic *const conformance_topics[];
extern const size_t conformance_topic_count;

#define TOPIC(name, text)                                                                          \
	const struct conformance_topic topic_##name = {(text), cases,                              \
						       sizeof(cases) / sizeof(cases[0])}

#endif
