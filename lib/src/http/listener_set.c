/* listener_set.c: the listeners of a server; see listener.h. */
#include "http/listener.h"

#include <string.h>

int weir__listeners_init(struct weir__listeners *listeners)
{
	weir__list_init(&listeners->list);
	return -pthread_mutex_init(&listeners->lock, NULL);
}

void weir__listeners_fini(struct weir__listeners *listeners)
{
	struct weir__list *node;

	while ((node = weir__list_shift(&listeners->list)))
		weir__listener_destroy(weir__container(node, struct weir__listener, all));
	(void)pthread_mutex_destroy(&listeners->lock);
}

void weir__listeners_add(struct weir__listeners *listeners, struct weir__listener *listener)
{
	(void)pthread_mutex_lock(&listeners->lock);
	weir__list_append(&listeners->list, &listener->all);
	(void)pthread_mutex_unlock(&listeners->lock);
}

void weir__listeners_remove(struct weir__listeners *listeners, struct weir__listener *listener)
{
	(void)pthread_mutex_lock(&listeners->lock);
	weir__list_remove(&listener->all);
	(void)pthread_mutex_unlock(&listeners->lock);
	listener->left = true;
	weir__listener_hold(listener);
	weir__listener_release(listener);
}

struct weir__listener *weir__listeners_find(struct weir__listeners *listeners, const char *url)
{
	struct weir__list *node;

	weir__list_each (node, &listeners->list) {
		struct weir__listener *listener = weir__container(node, struct weir__listener, all);

		if (listener->fd >= 0 && strcmp(listener->url, url) == 0)
			return listener;
	}
	return NULL;
}

const char *weir__listeners_url(struct weir__listeners *listeners, size_t n)
{
	struct weir__list *node;
	const char *url = NULL;

	(void)pthread_mutex_lock(&listeners->lock);
	weir__list_each (node, &listeners->list) {
		if (n-- == 0) {
			url = weir__container(node, struct weir__listener, all)->url;
			break;
		}
	}
	(void)pthread_mutex_unlock(&listeners->lock);
	return url;
}
