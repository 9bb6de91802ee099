#include "base/log.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <errno.h>

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const format_names[] = {"text", "json"};

static LogFormat log_format = LOG_FORMAT_TEXT;
static LogLevel log_level = LOG_LEVEL_INFO;
static LogSink log_sink;
static void *log_sink_data;

void log_init(LogFormat format, LogLevel level)
{
  log_format = format;
  log_level = level;
}

void log_set_sink(LogSink sink, void *data)
{
  log_sink = sink;
  log_sink_data = data;
}

static int index_of(const char *name, const char *const *names, int count)
{
  for (int i = 0; i < count; i++)
    if (g_str_equal(name, names[i]))
      return i;
  return -1;
}

gboolean log_parse_level(const char *name, LogLevel *ret_level, GError **error)
{
  int index = index_of(name, level_names, G_N_ELEMENTS(level_names));
  if (index < 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "log level '%s' is not one of error, warn, info, debug", name);
  *ret_level = (LogLevel)index;
  return TRUE;
}

gboolean log_parse_format(const char *name, LogFormat *ret_format, GError **error)
{
  int index = index_of(name, format_names, G_N_ELEMENTS(format_names));
  if (index < 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "log format '%s' is not one of text, json", name);
  *ret_format = (LogFormat)index;
  return TRUE;
}

gboolean log_enabled(LogLevel level)
{
  return level <= log_level;
}

static void append_json(GString *line, const char *time, LogLevel level, const char *message,
                        const LogField *fields)
{
  g_string_append_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":", time, level_names[level]);
  text_append_json(line, message);
  for (; fields->key; fields++) {
    g_string_append_printf(line, ",\"%s\":", fields->key);
    if (fields->text)
      text_append_json(line, fields->text);
    else
      g_string_append_printf(line, "%" G_GINT64_FORMAT, fields->number);
  }
  g_string_append(line, "}\n");
}

static void append_text(GString *line, const char *time, LogLevel level, const char *message,
                        const LogField *fields)
{
  g_autofree char *printable = g_strescape(message, NULL);
  g_string_append_printf(line, "%s %-5s %s", time, level_names[level], printable);
  for (; fields->key; fields++) {
    g_string_append_printf(line, " %s=", fields->key);
    if (!fields->text)
      g_string_append_printf(line, "%" G_GINT64_FORMAT, fields->number);
    else if (*fields->text && !strpbrk(fields->text, " \"=\\\n\t"))
      g_string_append(line, fields->text);
    else
      text_append_json(line, fields->text);
  }
  g_string_append_c(line, '\n');
}

void log_write(LogLevel level, const char *message, const LogField *fields)
{
  int saved_errno = errno;
  g_autofree char *time = clock_format_rfc3339(clock_wall_us());
  g_autoptr(GString) line = g_string_sized_new(256);
  (log_format == LOG_FORMAT_JSON ? append_json : append_text)(line, time, level, message, fields);
  if (log_sink)
    log_sink(level, line->str, log_sink_data);
  else
    (void)!TEMP_FAILURE_RETRY(write(STDERR_FILENO, line->str, line->len));
  errno = saved_errno;
}
