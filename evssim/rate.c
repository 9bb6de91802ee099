#include "evssim/rate.h"

enum { BUCKETS_MAX = 100000 };

typedef struct {
  double tokens;
  gint64 filled_us;
} Bucket;

struct Rate {
  double rps, burst;
  GHashTable *buckets; /* key -> Bucket* */
};

Rate *rate_new(double rps, gint64 burst)
{
  Rate *rate = g_new0(Rate, 1);
  rate->rps = rps;
  rate->burst = (double)burst;
  rate->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return rate;
}

void rate_free(Rate *rate)
{
  if (!rate)
    return;
  g_hash_table_unref(rate->buckets);
  g_free(rate);
}

gboolean rate_take(Rate *rate, const char *key, gint64 now_us)
{
  if (rate->rps <= 0)
    return TRUE;
  Bucket *bucket = g_hash_table_lookup(rate->buckets, key);
  if (!bucket) {
    if (g_hash_table_size(rate->buckets) >= BUCKETS_MAX)
      g_hash_table_remove_all(rate->buckets);
    bucket = g_new(Bucket, 1);
    *bucket = (Bucket){.tokens = rate->burst, .filled_us = now_us};
    g_hash_table_insert(rate->buckets, g_strdup(key), bucket);
  }
  double gained = (double)(now_us - bucket->filled_us) / 1e6 * rate->rps;
  bucket->tokens = MIN(rate->burst, bucket->tokens + gained);
  bucket->filled_us = now_us;
  if (bucket->tokens < 1)
    return FALSE;
  bucket->tokens -= 1;
  return TRUE;
}
