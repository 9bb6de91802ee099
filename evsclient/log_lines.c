#include "evsclient/log_lines.h"

#include "base/log.h"

G_STATIC_ASSERT((int)EVS_LOG_ERROR == (int)LOG_LEVEL_ERROR && (int)EVS_LOG_DEBUG == (int)LOG_LEVEL_DEBUG);

static EvsLogSink public_sink;

static void pass_on(LogLevel level, const char *line, void *data)
{
  public_sink((EvsLogLevel)level, line, data);
}

void evs_log_to(EvsLogLevel level, gboolean json, EvsLogSink sink, void *data)
{
  log_init(json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT, (LogLevel)level);
  public_sink = sink;
  log_set_sink(sink ? pass_on : NULL, data);
}
