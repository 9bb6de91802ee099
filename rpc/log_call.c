/* The boundary: one log line and the metrics of every call; the text of a status. */
#include "base/log.h"
#include "base/metrics.h"
#include "rpc/internal.h"

const char *const rpc_id_names[RPC_N_IDS] = {"volume_id", "name", "snapshot_id", "source_volume_id",
                                             "node_id"};

#define UNKNOWN_METHOD "unknown" /* as a metric's label: clients must not be able to make up series */

static const char *method_label(const RpcExchange *exchange)
{
  return exchange->entry ? exchange->entry->method->name : UNKNOWN_METHOD;
}

void rpc_log_declare_metrics(RpcMetrics *metrics)
{
  metrics->in_flight =
    metric_series(metrics_gauge("evs_rpc_in_flight", "Calls accepted and not yet answered.", NULL));
  metrics->answered = metrics_counter("evs_rpc_total", "Calls answered.", "method", "code", NULL);
  metrics->durations =
    metrics_histogram("evs_rpc_duration_seconds", "Time from acceptance to answer.", "method", NULL);
  metrics->joined =
    metrics_counter("evs_rpc_joined_total", "Calls that joined a running equal one.", "method", NULL);
}

char *rpc_status_text(const GError *error)
{
  g_autofree char *whole = evs_error_describe(error);
  char *text = g_utf8_make_valid(whole, -1);
  if (strlen(text) > RPC_MAX_STATUS_BYTES) {
    char *end = g_utf8_find_prev_char(text, text + RPC_MAX_STATUS_BYTES - 2);
    g_strlcpy(end, "...", 4);
  }
  for (char *c = text; *c; c++)
    if (g_ascii_iscntrl(*c))
      *c = ' ';
  return text;
}

void rpc_log_begin(const RpcExchange *exchange)
{
  series_add(exchange->server->metrics.in_flight, 1);
}

/* The driver's own faults, as against the user's and the cloud's. */
static gboolean is_fault(EvsCode code)
{
  return code == EVS_CODE_INTERNAL || code == EVS_CODE_UNKNOWN || code == EVS_CODE_DATA_LOSS;
}

void rpc_log_join(const RpcExchange *exchange)
{
  metric_add(exchange->server->metrics.joined, 1, method_label(exchange));
}

/* Two threads may both look a series up: they find the same. */
static MetricSeries *answered(const RpcExchange *exchange, EvsCode code)
{
  guint index = (guint)code < RPC_N_CODES ? (guint)code : (guint)EVS_CODE_UNKNOWN;
  MetricSeries **kept = exchange->entry ? &exchange->entry->series->answered[index] : NULL;
  MetricSeries *series = kept ? __atomic_load_n(kept, __ATOMIC_ACQUIRE) : NULL;
  if (series)
    return series;
  series =
    metric_series(exchange->server->metrics.answered, method_label(exchange), evs_code_name((EvsCode)index));
  if (kept)
    __atomic_store_n(kept, series, __ATOMIC_RELEASE);
  return series;
}

static MetricSeries *durations(const RpcExchange *exchange)
{
  MetricSeries **kept = exchange->entry ? &exchange->entry->series->durations : NULL;
  MetricSeries *series = kept ? __atomic_load_n(kept, __ATOMIC_ACQUIRE) : NULL;
  if (series)
    return series;
  series = metric_series(exchange->server->metrics.durations, method_label(exchange));
  if (kept)
    __atomic_store_n(kept, series, __ATOMIC_RELEASE);
  return series;
}

static void count(const RpcExchange *exchange, EvsCode code, double seconds)
{
  series_add(exchange->server->metrics.in_flight, -1);
  series_add(answered(exchange, code), 1);
  series_observe(durations(exchange), seconds);
}

/* Liveness probes call quick methods for ever: that all is well is no news. */
static LogLevel level_of(const RpcExchange *exchange, EvsCode code)
{
  if (is_fault(code))
    return LOG_LEVEL_ERROR;
  gboolean quick = exchange->entry && exchange->entry->method->quick;
  return quick && code == EVS_CODE_OK ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

void rpc_log_end(const RpcExchange *exchange, EvsCode code, const char *text, guint joined)
{
  gint64 us = clock_now_us() - exchange->started_us;
  count(exchange, code, (double)us / G_USEC_PER_SEC);
  LogLevel level = level_of(exchange, code);
  if (!log_enabled(level))
    return;
  LogField fields[RPC_N_IDS + 7];
  gsize n = 0;
  fields[n++] = LOG_TEXT("method", exchange->entry ? exchange->entry->method->name : exchange->path);
  for (int i = 0; i < RPC_N_IDS; i++)
    if (exchange->ids[i])
      fields[n++] = LOG_TEXT(rpc_id_names[i], exchange->ids[i]);
  fields[n++] = LOG_TEXT("code", evs_code_name(code));
  fields[n++] = LOG_NUMBER("ms", us / 1000);
  if (joined > 1)
    fields[n++] = LOG_NUMBER("joined", joined);
  if (text)
    fields[n++] = LOG_TEXT("error", text);
  if (exchange->request_text)
    fields[n++] = LOG_TEXT("request", exchange->request_text);
  fields[n] = (LogField){.key = NULL};
  log_write(level, "call", fields);
}
