/* A bounded pool of worker threads. Threads are started when work waits and end after 10 s without any, so that
 * an idle process holds none of them.
 *
 * Ceilings: max_threads running, max_queue waiting. Pushing beyond both is refused, never blocks. */
#pragma once

#include <glib.h>

typedef struct WorkPool WorkPool;

/* name (<= 15 characters) becomes the threads' name. */
WorkPool *work_pool_new(const char *name, guint max_threads, guint max_queue);

/* Hands run(argument) to a worker. FALSE when the queue is full or the pool is closing: nothing was taken. */
gboolean work_pool_push(WorkPool *pool, void (*run)(void *argument), void *argument);

/* Work pushed and not yet finished. */
guint work_pool_pending(WorkPool *pool);

/* Nobody may be pushing. Refuses new work, waits until all that was pushed has run and all threads have ended, frees. NULL is fine. */
void work_pool_free(WorkPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WorkPool, work_pool_free)
