#include "bench/account.h"

gboolean account_begin(Bench *bench, GError **error)
{
  return !bench->sim || sim_link_request(bench->sim, "DELETE", "/_sim/stats", NULL, NULL, error);
}

/* Answers that only say "too many requests". */
static gint64 throttles_of(const json_t *op)
{
  static const char *const codes[] = {"APIGW.0308", "Common.1503", "Common.0024"};
  const json_t *by_code = json_object_get(op, "code");
  gint64 count = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
    count += json_integer_value(json_object_get(by_code, codes[i]));
  return count;
}

static void add_calls(json_t *row, const json_t *stats, guint objects)
{
  gint64 total = 0, throttles = 0;
  const char *name;
  json_t *op, *by_operation = json_object();
  json_object_foreach(json_object_get(stats, "calls"), name, op)
  {
    gint64 count = json_integer_value(json_object_get(op, "total"));
    total += count;
    throttles += throttles_of(op);
    json_object_set_new(by_operation, name, json_real((double)count / objects));
  }
  json_object_set_new(row, "cloud_calls",
                      json_pack("{s:I, s:f, s:o}", "total", (json_int_t)total, "per_object",
                                (double)total / objects, "by_operation", by_operation));
  json_object_set_new(row, "throttles", json_integer(throttles));
}

/* ---- lag ---- */

static char *job_key(const char *type, const char *volume_id, const char *server_id)
{
  gboolean with_server = g_str_equal(type, "attachVolume") || g_str_equal(type, "detachVolume");
  return g_strdup_printf("%s %s %s", type, volume_id, with_server && server_id ? server_id : "");
}

/* job_key -> gint64*: when the job ended in success, wall microseconds; of several jobs the last. */
static GHashTable *ends_of(const json_t *jobs)
{
  GHashTable *ends = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  size_t i;
  json_t *job;
  json_array_foreach(jobs, i, job)
  {
    const char *type, *volume_id, *server_id, *status;
    json_int_t end_ms;
    if (json_unpack(job, "{s:s, s:s, s:s, s:s, s:I}", "type", &type, "volume_id", &volume_id, "server_id",
                    &server_id, "status", &status, "end_ms", &end_ms) != 0 ||
        !g_str_equal(status, "SUCCESS") || end_ms == 0)
      continue;
    gint64 *end_us = g_new(gint64, 1);
    *end_us = end_ms * 1000;
    g_hash_table_replace(ends, job_key(type, volume_id, server_id), end_us);
  }
  return ends;
}

static json_t *lag_render(const Storm *storm, GHashTable *ends)
{
  g_autoptr(GHashTable) by_type =
    g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)samples_free);
  Samples *all = samples_new();
  const GArray *answers = storm_answers(storm);
  for (guint i = 0; i < answers->len; i++) {
    const StormAnswer *answer = &g_array_index(answers, StormAnswer, i);
    const BenchDisk *disk = answer->object;
    const char *type = answer->step->job;
    g_autofree char *key = job_key(type, disk->volume_id, disk->server_id);
    const gint64 *end_us = g_hash_table_lookup(ends, key);
    if (!end_us)
      continue;
    Samples *samples = g_hash_table_lookup(by_type, type);
    if (!samples) {
      samples = samples_new();
      g_hash_table_insert(by_type, (gpointer)type, samples);
    }
    samples_add(samples, answer->wall_us - *end_us);
    samples_add(all, answer->wall_us - *end_us);
  }
  json_t *lag = bench_render_calls(by_type);
  json_object_set_new(lag, "all", samples_render(all, "ms", 1000));
  samples_free(all);
  return lag;
}

gboolean account_end(Bench *bench, const Storm *storm, json_t *row, GError **error)
{
  json_t *stats = NULL, *jobs = NULL;
  if (!bench->sim)
    return TRUE;
  if (!sim_link_request(bench->sim, "GET", "/_sim/stats", NULL, &stats, error))
    return FALSE;
  add_calls(row, stats, storm_objects(storm));
  json_object_set(row, "oracle_ms", json_object_get(stats, "oracle_ms"));
  json_decref(stats);
  if (!sim_link_request(bench->sim, "GET", "/_sim/jobs", NULL, &jobs, error))
    return FALSE;
  GHashTable *ends = ends_of(jobs);
  json_object_set_new(row, "lag_ms", lag_render(storm, ends));
  g_hash_table_unref(ends);
  json_decref(jobs);
  return TRUE;
}
