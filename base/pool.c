#include "base/pool.h"

#include "base/clock.h"
#include "base/thread.h"

enum { IDLE_MS = 10 * 1000 };

typedef struct {
  void (*run)(void *argument);
  void *argument;
} Work;

struct WorkPool {
  char *name;
  guint max_threads, max_queue;
  Mutex lock;
  Cond changed; /* work came, a thread ended, or the pool is closing */
  GQueue queue; /* of Work */
  guint threads, idle, running;
  gboolean closing;
};

WorkPool *work_pool_new(const char *name, guint max_threads, guint max_queue)
{
  WorkPool *pool = g_new0(WorkPool, 1);
  pool->name = g_strndup(name, 15);
  pool->max_threads = max_threads;
  pool->max_queue = max_queue;
  mutex_init(&pool->lock);
  cond_init(&pool->changed);
  g_queue_init(&pool->queue);
  return pool;
}

/* With the lock held: the next work, or NULL when this thread should end. */
static Work *next_work(WorkPool *pool)
{
  gint64 until = clock_deadline_in_ms(IDLE_MS);
  gboolean in_time = TRUE;
  pool->idle++;
  while (g_queue_is_empty(&pool->queue) && !pool->closing && in_time)
    in_time = cond_wait_until(&pool->changed, &pool->lock, until);
  pool->idle--;
  return g_queue_pop_head(&pool->queue);
}

static void *worker(void *argument)
{
  WorkPool *pool = argument;
  (void)pthread_setname_np(pthread_self(), pool->name);
  mutex_lock(&pool->lock);
  Work *work;
  while ((work = next_work(pool))) {
    pool->running++;
    mutex_unlock(&pool->lock);
    work->run(work->argument);
    g_free(work);
    mutex_lock(&pool->lock);
    pool->running--;
  }
  pool->threads--;
  cond_broadcast(&pool->changed);
  mutex_unlock(&pool->lock);
  return NULL;
}

/* With the lock held. FALSE when the queue is full or the pool is closing. *ret_wake: a thread waits for work. */
static gboolean enqueue(WorkPool *pool, void (*run)(void *argument), void *argument, gboolean *ret_wake)
{
  guint waiting = g_queue_get_length(&pool->queue);
  gboolean can_start = pool->threads < pool->max_threads;
  if (pool->closing || (waiting >= pool->idle && !can_start && waiting >= pool->max_queue))
    return FALSE;
  Work *entry = g_new(Work, 1);
  *entry = (Work){run, argument};
  g_queue_push_tail(&pool->queue, entry);
  *ret_wake = waiting < pool->idle;
  if (!*ret_wake && can_start) {
    pool->threads++;
    thread_start_detached(worker, pool);
  }
  return TRUE;
}

gboolean work_pool_push(WorkPool *pool, void (*run)(void *argument), void *argument)
{
  gboolean taken, wake = FALSE;
  {
    MUTEX_HOLD(&pool->lock);
    taken = enqueue(pool, run, argument, &wake);
  }
  if (wake) /* without the lock: else the thread would wake only to wait for it */
    cond_signal(&pool->changed);
  return taken;
}

guint work_pool_pending(WorkPool *pool)
{
  MUTEX_HOLD(&pool->lock);
  return g_queue_get_length(&pool->queue) + pool->running;
}

void work_pool_free(WorkPool *pool)
{
  if (!pool)
    return;
  mutex_lock(&pool->lock);
  pool->closing = TRUE;
  cond_broadcast(&pool->changed);
  while (pool->threads > 0)
    cond_wait(&pool->changed, &pool->lock);
  mutex_unlock(&pool->lock);
  cond_destroy(&pool->changed);
  mutex_destroy(&pool->lock);
  g_free(pool->name);
  g_free(pool);
}
