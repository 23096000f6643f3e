/* weir/visibility.h: what the shared library exports, and nothing else. */
#ifndef WEIR_VISIBILITY_H
#define WEIR_VISIBILITY_H

#define WEIR_API __attribute__((visibility("default")))

#ifdef __has_attribute
#if __has_attribute(format)
#define WEIR_PRINTF(format_index, first_argument)                                                  \
	__attribute__((format(printf, format_index, first_argument)))
#endif
#endif
#ifndef WEIR_PRINTF
#define WEIR_PRINTF(format_index, first_argument)
#endif

#endif
