/* Threads, mutexes and conditions: pthreads, because ThreadSanitizer cannot see into GLib's. Nothing here can
 * fail at run time but by a programming error or for lack of memory, and both abort.
 *
 * A lock is held for a scope:
 *     static Mutex lock = MUTEX_INIT;
 *     {
 *       MUTEX_HOLD(&lock);
 *       ...                      // released wherever the scope ends
 *     }
 */
#pragma once

#include <glib.h>
#include <pthread.h>

typedef struct {
  pthread_mutex_t handle;
} Mutex;

/* Waits on CLOCK_MONOTONIC. Must be initialised by cond_init(). */
typedef struct {
  pthread_cond_t handle;
} Cond;

typedef struct {
  pthread_t handle;
} Thread;

#define MUTEX_INIT                                                                                           \
  {                                                                                                          \
    PTHREAD_MUTEX_INITIALIZER                                                                                \
  }

void mutex_init(Mutex *mutex);
void mutex_destroy(Mutex *mutex);
void mutex_lock(Mutex *mutex);
void mutex_unlock(Mutex *mutex);

static inline void mutex_release_scope(Mutex **mutex)
{
  if (*mutex)
    mutex_unlock(*mutex);
}

static inline Mutex *mutex_acquire_scope(Mutex *mutex)
{
  mutex_lock(mutex);
  return mutex;
}

#define MUTEX_PASTE2(a, b) a##b
#define MUTEX_PASTE(a, b) MUTEX_PASTE2(a, b)
/* Locks until the end of the enclosing scope. */
#define MUTEX_HOLD(mutex)                                                                                    \
  __attribute__((cleanup(mutex_release_scope), unused)) Mutex *MUTEX_PASTE(held_, __LINE__) =                \
    mutex_acquire_scope(mutex)

void cond_init(Cond *cond);
void cond_destroy(Cond *cond);
void cond_signal(Cond *cond);
void cond_broadcast(Cond *cond);
/* The mutex must be held. Spurious wake-ups happen: loop on the predicate. */
void cond_wait(Cond *cond, Mutex *mutex);
/* As cond_wait, until clock_now_us() reaches deadline_us (CLOCK_NEVER: no limit). FALSE when the time is up. */
gboolean cond_wait_until(Cond *cond, Mutex *mutex, gint64 deadline_us);

/* Starts a joinable thread with a 256 KiB stack; name is cut to 15 characters. Signals are blocked in it, so that a
 * program's handlers run on the program's own threads and a broken connection is an error, not SIGPIPE. */
Thread thread_start(const char *name, void *(*run)(void *argument), void *argument);
/* As thread_start, but nobody joins it; it names itself if it wants a name. */
void thread_start_detached(void *(*run)(void *argument), void *argument);
void thread_join(Thread thread);
