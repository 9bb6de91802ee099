#include "evssim/stats.h"

#include "evssim/oracle.h"

typedef struct {
  guint64 total;
  GHashTable *status, *code; /* text -> guint64* */
} OpCalls;

struct Stats {
  GHashTable *calls; /* op -> OpCalls* */
  Oracle *oracle;
};

static void op_calls_free(OpCalls *calls)
{
  g_hash_table_unref(calls->status);
  g_hash_table_unref(calls->code);
  g_free(calls);
}

Stats *stats_new(const Profile *profile)
{
  Stats *stats = g_new0(Stats, 1);
  stats->calls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)op_calls_free);
  stats->oracle = oracle_new(profile);
  return stats;
}

void stats_free(Stats *stats)
{
  if (!stats)
    return;
  g_hash_table_unref(stats->calls);
  oracle_free(stats->oracle);
  g_free(stats);
}

void stats_reset(Stats *stats)
{
  g_hash_table_remove_all(stats->calls);
  oracle_reset(stats->oracle);
}

static GHashTable *counter_table(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void counter_add(GHashTable *table, const char *key)
{
  guint64 *count = g_hash_table_lookup(table, key);
  if (!count) {
    count = g_new0(guint64, 1);
    g_hash_table_insert(table, g_strdup(key), count);
  }
  ++*count;
}

void stats_count(Stats *stats, const char *op, int status, const char *code)
{
  OpCalls *calls = g_hash_table_lookup(stats->calls, op);
  if (!calls) {
    calls = g_new0(OpCalls, 1);
    calls->status = counter_table();
    calls->code = counter_table();
    g_hash_table_insert(stats->calls, g_strdup(op), calls);
  }
  calls->total++;
  g_autofree char *text = status ? g_strdup_printf("%d", status) : g_strdup("dropped");
  counter_add(calls->status, text);
  if (code && *code)
    counter_add(calls->code, code);
}

guint64 stats_total(const Stats *stats, const char *op)
{
  const OpCalls *calls = g_hash_table_lookup(stats->calls, op);
  return calls ? calls->total : 0;
}

void stats_oracle_add(Stats *stats, const char *kind, const char *volume_id, const char *server_id,
                      gint64 duration_us)
{
  oracle_add(stats->oracle, kind, volume_id, server_id, duration_us);
}

static json_t *render_counters(GHashTable *table)
{
  json_t *object = json_object();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, table);
  while (g_hash_table_iter_next(&iter, &key, &value))
    json_object_set_new(object, key, json_integer((json_int_t) * (guint64 *)value));
  return object;
}

json_t *stats_render(const Stats *stats)
{
  json_t *calls = json_object();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, stats->calls);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const OpCalls *op = value;
    json_object_set_new(calls, key,
                        json_pack("{s:I, s:o, s:o}", "total", (json_int_t)op->total, "status",
                                  render_counters(op->status), "code", render_counters(op->code)));
  }
  return json_pack("{s:o, s:o}", "calls", calls, "oracle_ms", oracle_render(stats->oracle));
}
