#include "bench/process_watch.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

enum { PERIOD_MS = 100, STATUS_BYTES_MAX = 1 << 16 };

typedef struct {
  gint64 rss_kb, anonymous_kb;
} Memory;

typedef struct {
  int pid;
  Memory before, peak;
  gint64 cpu_before_ms;
} Watched;

struct ProcessWatch {
  Watched watched[PROCESSES_MAX];
  guint count;
  Thread thread;
  Mutex lock;
  Cond stop;
  gboolean stopping;
};

static gint64 field_kb(const char *text, const char *key)
{
  const char *line = strstr(text, key);
  return line ? g_ascii_strtoll(line + strlen(key), NULL, 10) : 0;
}

gboolean process_memory(int pid, gint64 *ret_rss_kb, gint64 *ret_anonymous_kb, GError **error)
{
  g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
  g_autofree char *text = NULL;
  if (!text_read_file(path, STATUS_BYTES_MAX, &text, NULL, error))
    return FALSE;
  *ret_rss_kb = field_kb(text, "VmRSS:");
  *ret_anonymous_kb = field_kb(text, "RssAnon:");
  return TRUE;
}

static Memory memory_of(int pid)
{
  Memory memory = {0, 0};
  process_memory(pid, &memory.rss_kb, &memory.anonymous_kb, NULL);
  return memory;
}

/* User and system time: fields 14 and 15 of /proc/PID/stat, counted behind the name's closing parenthesis. */
static gint64 cpu_ms_of(int pid)
{
  enum { USER_TIME = 12, SYSTEM_TIME = 13 };
  g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  if (!text_read_file(path, STATUS_BYTES_MAX, &text, NULL, NULL))
    return 0;
  const char *behind = strrchr(text, ')');
  if (!behind)
    return 0;
  g_auto(GStrv) fields = g_strsplit(behind, " ", -1);
  if (g_strv_length(fields) <= SYSTEM_TIME)
    return 0;
  gint64 ticks =
    g_ascii_strtoll(fields[USER_TIME], NULL, 10) + g_ascii_strtoll(fields[SYSTEM_TIME], NULL, 10);
  return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

static void look(ProcessWatch *watch)
{
  for (guint i = 0; i < watch->count; i++) {
    Watched *watched = &watch->watched[i];
    Memory now = memory_of(watched->pid);
    watched->peak.rss_kb = MAX(watched->peak.rss_kb, now.rss_kb);
    watched->peak.anonymous_kb = MAX(watched->peak.anonymous_kb, now.anonymous_kb);
  }
}

static void *run(void *argument)
{
  ProcessWatch *watch = argument;
  MUTEX_HOLD(&watch->lock);
  while (!watch->stopping) {
    look(watch);
    cond_wait_until(&watch->stop, &watch->lock, clock_deadline_in_ms(PERIOD_MS));
  }
  return NULL;
}

ProcessWatch *process_watch_start(const int *pids, guint count)
{
  ProcessWatch *watch = g_new0(ProcessWatch, 1);
  watch->count = MIN(count, PROCESSES_MAX);
  for (guint i = 0; i < watch->count; i++) {
    Watched *watched = &watch->watched[i];
    watched->pid = pids[i];
    watched->before = watched->peak = memory_of(pids[i]);
    watched->cpu_before_ms = cpu_ms_of(pids[i]);
  }
  mutex_init(&watch->lock);
  cond_init(&watch->stop);
  watch->thread = thread_start("memory", run, watch);
  return watch;
}

json_t *process_watch_stop(ProcessWatch *watch)
{
  {
    MUTEX_HOLD(&watch->lock);
    watch->stopping = TRUE;
    cond_signal(&watch->stop);
  }
  thread_join(watch->thread);
  look(watch);
  json_t *list = json_array();
  for (guint i = 0; i < watch->count; i++) {
    const Watched *watched = &watch->watched[i];
    Memory after = memory_of(watched->pid);
    json_array_append_new(list, json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "pid", watched->pid,
                                          "rss_before_kb", (json_int_t)watched->before.rss_kb, "rss_peak_kb",
                                          (json_int_t)watched->peak.rss_kb, "rss_after_kb",
                                          (json_int_t)after.rss_kb, "anonymous_before_kb",
                                          (json_int_t)watched->before.anonymous_kb, "anonymous_peak_kb",
                                          (json_int_t)watched->peak.anonymous_kb, "anonymous_after_kb",
                                          (json_int_t)after.anonymous_kb, "cpu_ms",
                                          (json_int_t)(cpu_ms_of(watched->pid) - watched->cpu_before_ms)));
  }
  cond_destroy(&watch->stop);
  mutex_destroy(&watch->lock);
  g_free(watch);
  return list;
}
