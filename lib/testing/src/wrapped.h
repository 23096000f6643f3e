/* wrapped.h: functions that the linker puts before others; lib/testing/CMakeLists.txt has the
 * same list. __wrap_f() is what everybody who is linked statically calls for f(), and
 * __real_f() is f() itself.
 */
#ifndef WEIR_TESTING_WRAPPED_H
#define WEIR_TESTING_WRAPPED_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <weir/response.h>
#include <weir/sync.h>
#include <weir/time.h>
#include <weir/token.h>

struct weir__timer;

/* Where fake time begins. */
#define WEIR__TESTING_FAKE_EPOCH ((weir_time)4000000000 * WEIR_SECOND)

#define WEIR__TESTING_WRAPPED(type, name, ...)                                                     \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

/* clock.c */
WEIR__TESTING_WRAPPED(weir_time, weir_now, void);
WEIR__TESTING_WRAPPED(weir_time, weir_after, weir_time duration);
WEIR__TESTING_WRAPPED(int, weir__timer_arm, struct weir__timer *timer, weir_time when);
WEIR__TESTING_WRAPPED(void, weir__timer_disarm, struct weir__timer *timer);

/* waits.c */
WEIR__TESTING_WRAPPED(int, weir_sleep, weir_token *token, weir_time until);
WEIR__TESTING_WRAPPED(long, syscall, long number, ...);
WEIR__TESTING_WRAPPED(int, poll, struct pollfd *fds, nfds_t count, int timeout);
WEIR__TESTING_WRAPPED(int, ppoll, struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		      const sigset_t *mask);
WEIR__TESTING_WRAPPED(int, nanosleep, const struct timespec *duration, struct timespec *left);
WEIR__TESTING_WRAPPED(int, clock_nanosleep, clockid_t clock, int flags, const struct timespec *when,
		      struct timespec *left);
WEIR__TESTING_WRAPPED(int, usleep, useconds_t duration);
WEIR__TESTING_WRAPPED(unsigned, sleep, unsigned seconds);
WEIR__TESTING_WRAPPED(int, pthread_cond_timedwait, pthread_cond_t *cond, pthread_mutex_t *mutex,
		      const struct timespec *until);
WEIR__TESTING_WRAPPED(int, pthread_cond_clockwait, pthread_cond_t *cond, pthread_mutex_t *mutex,
		      clockid_t clock, const struct timespec *until);

/* under.c */
WEIR__TESTING_WRAPPED(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
		      void *(*fn)(void *arg), void *arg);

/* locks.c */
WEIR__TESTING_WRAPPED(int, pthread_mutex_lock, pthread_mutex_t *mutex);
WEIR__TESTING_WRAPPED(int, pthread_mutex_trylock, pthread_mutex_t *mutex);
WEIR__TESTING_WRAPPED(int, pthread_mutex_timedlock, pthread_mutex_t *mutex,
		      const struct timespec *until);
WEIR__TESTING_WRAPPED(int, pthread_mutex_clocklock, pthread_mutex_t *mutex, clockid_t clock,
		      const struct timespec *until);
WEIR__TESTING_WRAPPED(int, pthread_mutex_unlock, pthread_mutex_t *mutex);
WEIR__TESTING_WRAPPED(int, pthread_rwlock_rdlock, pthread_rwlock_t *lock);
WEIR__TESTING_WRAPPED(int, pthread_rwlock_tryrdlock, pthread_rwlock_t *lock);
WEIR__TESTING_WRAPPED(int, pthread_rwlock_wrlock, pthread_rwlock_t *lock);
WEIR__TESTING_WRAPPED(int, pthread_rwlock_trywrlock, pthread_rwlock_t *lock);
WEIR__TESTING_WRAPPED(int, pthread_rwlock_unlock, pthread_rwlock_t *lock);
WEIR__TESTING_WRAPPED(int, weir_mutex_lock, weir_mutex *mutex, weir_token *token, weir_time until);
WEIR__TESTING_WRAPPED(bool, weir_mutex_trylock, weir_mutex *mutex);
WEIR__TESTING_WRAPPED(void, weir_mutex_unlock, weir_mutex *mutex);

/* calls.c */
WEIR__TESTING_WRAPPED(int, weir_response_body, weir_response *response, const void *data,
		      size_t size);
WEIR__TESTING_WRAPPED(int, weir_response_body_static, weir_response *response, const void *data,
		      size_t size);
WEIR__TESTING_WRAPPED(int, weir_response_body_take, weir_response *response, void *data,
		      size_t size, void (*release)(void *data));
WEIR__TESTING_WRAPPED(int, weir_response_printf, weir_response *response, const char *format, ...)
WEIR_PRINTF(2, 3);
WEIR__TESTING_WRAPPED(int, weir_response_file, weir_response *response, const weir_request *request,
		      int fd, const struct weir_file_options *options);
WEIR__TESTING_WRAPPED(int, weir_response_error, weir_response *response, int status,
		      const char *text);
WEIR__TESTING_WRAPPED(int, weir_response_stream, weir_response *response, int64_t length);
WEIR__TESTING_WRAPPED(int, weir_response_write, weir_response *response, const void *data,
		      size_t size);
WEIR__TESTING_WRAPPED(int, weir_response_flush, weir_response *response);

#endif
