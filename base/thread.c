#include "base/thread.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>

enum { STACK_BYTES = 256 * 1024, NAME_BYTES = 16 };

static void check(int result, const char *what)
{
  if (G_UNLIKELY(result != 0))
    g_error("%s: %s", what, g_strerror(result));
}

void mutex_init(Mutex *mutex)
{
  check(pthread_mutex_init(&mutex->handle, NULL), "pthread_mutex_init");
}

void mutex_destroy(Mutex *mutex)
{
  check(pthread_mutex_destroy(&mutex->handle), "pthread_mutex_destroy");
}

void mutex_lock(Mutex *mutex)
{
  check(pthread_mutex_lock(&mutex->handle), "pthread_mutex_lock");
}

void mutex_unlock(Mutex *mutex)
{
  check(pthread_mutex_unlock(&mutex->handle), "pthread_mutex_unlock");
}

void cond_init(Cond *cond)
{
  pthread_condattr_t attributes;
  check(pthread_condattr_init(&attributes), "pthread_condattr_init");
  check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock");
  check(pthread_cond_init(&cond->handle, &attributes), "pthread_cond_init");
  pthread_condattr_destroy(&attributes);
}

void cond_destroy(Cond *cond)
{
  check(pthread_cond_destroy(&cond->handle), "pthread_cond_destroy");
}

void cond_signal(Cond *cond)
{
  check(pthread_cond_signal(&cond->handle), "pthread_cond_signal");
}

void cond_broadcast(Cond *cond)
{
  check(pthread_cond_broadcast(&cond->handle), "pthread_cond_broadcast");
}

void cond_wait(Cond *cond, Mutex *mutex)
{
  check(pthread_cond_wait(&cond->handle, &mutex->handle), "pthread_cond_wait");
}

gboolean cond_wait_until(Cond *cond, Mutex *mutex, gint64 deadline_us)
{
  if (deadline_us == CLOCK_NEVER) {
    cond_wait(cond, mutex);
    return TRUE;
  }
  struct timespec until = {
    .tv_sec = deadline_us / G_USEC_PER_SEC,
    .tv_nsec = (deadline_us % G_USEC_PER_SEC) * 1000,
  };
  int result = pthread_cond_timedwait(&cond->handle, &mutex->handle, &until);
  if (result == ETIMEDOUT)
    return FALSE;
  check(result, "pthread_cond_timedwait");
  return TRUE;
}

/* All but those that tell of the thread's own faults. */
static void blocked_signals(sigset_t *ret_set)
{
  static const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF};
  sigfillset(ret_set);
  for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
    sigdelset(ret_set, kept[i]);
}

static pthread_t start(void *(*run)(void *argument), void *argument, int detach_state)
{
  pthread_attr_t attributes;
  pthread_t handle;
  sigset_t blocked;
  blocked_signals(&blocked);
  check(pthread_attr_init(&attributes), "pthread_attr_init");
  check(pthread_attr_setstacksize(&attributes, STACK_BYTES), "pthread_attr_setstacksize");
  check(pthread_attr_setdetachstate(&attributes, detach_state), "pthread_attr_setdetachstate");
  check(pthread_attr_setsigmask_np(&attributes, &blocked), "pthread_attr_setsigmask_np");
  check(pthread_create(&handle, &attributes, run, argument), "pthread_create");
  pthread_attr_destroy(&attributes);
  return handle;
}

Thread thread_start(const char *name, void *(*run)(void *argument), void *argument)
{
  pthread_t handle = start(run, argument, PTHREAD_CREATE_JOINABLE);
  char short_name[NAME_BYTES];
  g_strlcpy(short_name, name, sizeof short_name);
  (void)pthread_setname_np(handle, short_name);
  return (Thread){handle};
}

void thread_start_detached(void *(*run)(void *argument), void *argument)
{
  start(run, argument, PTHREAD_CREATE_DETACHED);
}

void thread_join(Thread thread)
{
  check(pthread_join(thread.handle, NULL), "pthread_join");
}
