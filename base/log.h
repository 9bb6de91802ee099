/* Structured log lines on stderr, JSON or text. A line is built in memory and written by one write(2), so that
 * threads do not interleave. Errors are logged once, at the RPC boundary and in main(): library code logs at
 * debug level at most, or a fact that no caller can report (a retry, a duplicate disk found).
 *
 *     log_info("disk created", LOG_TEXT("volume", id), LOG_NUMBER("ms", elapsed));
 *
 * Never pass a secret: the log does not redact. Any thread may log; log_init() comes before the first thread.
 */
#pragma once

#include <glib.h>

typedef enum { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG } LogLevel;
typedef enum { LOG_FORMAT_TEXT, LOG_FORMAT_JSON } LogFormat;

typedef struct {
  const char *key;  /* NULL ends the list */
  const char *text; /* NULL: number counts */
  gint64 number;
} LogField;

#define LOG_TEXT(name, value) ((LogField){.key = (name), .text = (value) ? (value) : ""})
#define LOG_NUMBER(name, value) ((LogField){.key = (name), .number = (gint64)(value)})

/* Until then: LOG_LEVEL_INFO, LOG_FORMAT_TEXT. */
void log_init(LogFormat format, LogLevel level);

/* Lines go there instead of to stderr, from any thread, each ended by a newline; NULL: to stderr again. Comes before the
 * first thread too. */
typedef void (*LogSink)(LogLevel level, const char *line, void *data);
void log_set_sink(LogSink sink, void *data);

/* "error", "warn", "info", "debug" / "text", "json"; INVALID_ARGUMENT naming what is accepted. */
gboolean log_parse_level(const char *name, LogLevel *ret_level, GError **error);
gboolean log_parse_format(const char *name, LogFormat *ret_format, GError **error);

gboolean log_enabled(LogLevel level);
void log_write(LogLevel level, const char *message, const LogField *fields);

#define LOG_AT(level, message, ...)                                                                          \
  (log_enabled(level)                                                                                        \
     ? log_write(level, message, (const LogField[]){__VA_ARGS__ __VA_OPT__(, ){.key = NULL}})                \
     : (void)0)
#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)
