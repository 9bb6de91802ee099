#include "controller/transit.h"

#include "base/thread.h"

typedef struct {
  char *status;
  gint64 since_us, seen_us;
} Transit;

struct Transits {
  gint64 stuck_ms;
  gint64 (*now_us)(void);
  Mutex lock;
  GHashTable *by_id; /* volume id -> Transit*; under the lock */
};

static void transit_free(void *data)
{
  Transit *transit = data;
  g_free(transit->status);
  g_free(transit);
}

Transits *transits_new(gint64 stuck_ms, gint64 (*now_us)(void))
{
  Transits *transits = g_new0(Transits, 1);
  transits->stuck_ms = stuck_ms;
  transits->now_us = now_us;
  mutex_init(&transits->lock);
  transits->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, transit_free);
  return transits;
}

void transits_free(Transits *transits)
{
  if (!transits)
    return;
  g_hash_table_unref(transits->by_id);
  mutex_destroy(&transits->lock);
  g_free(transits);
}

/* Under the lock. */
static void begin(Transits *transits, const char *volume_id, const char *status)
{
  if (g_hash_table_size(transits->by_id) >= TRANSITS_MAX)
    g_hash_table_remove_all(transits->by_id);
  Transit *transit = g_new0(Transit, 1);
  transit->status = g_strdup(status);
  transit->since_us = transit->seen_us = transits->now_us();
  g_hash_table_replace(transits->by_id, g_strdup(volume_id), transit);
}

void transits_begin(Transits *transits, const char *volume_id, const char *status)
{
  MUTEX_HOLD(&transits->lock);
  begin(transits, volume_id, status);
}

void transits_end(Transits *transits, const char *volume_id)
{
  MUTEX_HOLD(&transits->lock);
  g_hash_table_remove(transits->by_id, volume_id);
}

gboolean transits_see(Transits *transits, const EvsDisk *disk, gint64 *ret_ms)
{
  *ret_ms = 0;
  MUTEX_HOLD(&transits->lock);
  if (!g_str_equal(disk->status, "attaching") && !g_str_equal(disk->status, "detaching")) {
    g_hash_table_remove(transits->by_id, disk->id);
    return FALSE;
  }
  gint64 now_us = transits->now_us();
  Transit *transit = g_hash_table_lookup(transits->by_id, disk->id);
  if (!transit || !g_str_equal(transit->status, disk->status) ||
      now_us - transit->seen_us > TRANSIT_GAP_MS * G_TIME_SPAN_MILLISECOND) {
    begin(transits, disk->id, disk->status);
    return FALSE;
  }
  transit->seen_us = now_us;
  *ret_ms = (now_us - transit->since_us) / 1000;
  return *ret_ms >= transits->stuck_ms;
}

guint transits_stuck(Transits *transits, const char *status)
{
  MUTEX_HOLD(&transits->lock);
  gint64 now_us = transits->now_us();
  GHashTableIter iterator;
  gpointer value;
  guint count = 0;
  g_hash_table_iter_init(&iterator, transits->by_id);
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    const Transit *transit = value;
    count += g_str_equal(transit->status, status) &&
             now_us - transit->since_us >= transits->stuck_ms * G_TIME_SPAN_MILLISECOND &&
             now_us - transit->seen_us <= TRANSIT_GAP_MS * G_TIME_SPAN_MILLISECOND;
  }
  return count;
}

guint transits_count(Transits *transits)
{
  MUTEX_HOLD(&transits->lock);
  return g_hash_table_size(transits->by_id);
}
