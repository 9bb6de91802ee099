#include "base/process_metrics.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_STAT_BYTES = 4096, MAX_FDS = 1 << 20 };

/* Fields of /proc/self/stat behind the program's name, counted from 0 (proc(5) 3 is the first). */
enum { STAT_UTIME = 11, STAT_STIME = 12, STAT_START = 19, STAT_VSIZE = 20, STAT_RSS = 21, STAT_FIELDS = 22 };

static MetricFamily *cpu, *resident, *virtual_memory, *open_fds, *max_fds, *start_time;
static double cpu_shown; /* with the collectors' lock held */

static gboolean read_stat(gint64 values[STAT_FIELDS])
{
  g_autofree char *text = NULL;
  if (!text_read_file("/proc/self/stat", MAX_STAT_BYTES, &text, NULL, NULL))
    return FALSE;
  char *at = strrchr(text, ')'); /* the name may hold anything, brackets too */
  if (!at || !at[1])
    return FALSE;
  g_auto(GStrv) fields = g_strsplit(g_strchug(at + 1), " ", STAT_FIELDS + 1);
  if (g_strv_length(fields) < STAT_FIELDS)
    return FALSE;
  for (int i = 0; i < STAT_FIELDS; i++)
    values[i] = g_ascii_strtoll(fields[i], NULL, 10);
  return TRUE;
}

static int count_fds(void)
{
  DIR *directory = opendir("/proc/self/fd");
  if (!directory)
    return -1;
  int count = -1; /* the directory's own */
  const struct dirent *entry;
  while ((entry = readdir(directory)) && count < MAX_FDS)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

/* When the machine booted, on the wall clock. */
static double boot_time(void)
{
  struct timespec since_boot;
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return (double)clock_wall_us() / G_USEC_PER_SEC -
         ((double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9);
}

static void collect(void *data)
{
  (void)data;
  gint64 stat[STAT_FIELDS];
  if (read_stat(stat)) {
    double used = (double)(stat[STAT_UTIME] + stat[STAT_STIME]) / (double)sysconf(_SC_CLK_TCK);
    metric_add(cpu, used - cpu_shown);
    cpu_shown = used;
    metric_set(virtual_memory, (double)stat[STAT_VSIZE]);
    metric_set(resident, (double)stat[STAT_RSS] * (double)sysconf(_SC_PAGESIZE));
  }
  int fds = count_fds();
  if (fds >= 0)
    metric_set(open_fds, fds);
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    metric_set(max_fds, (double)limit.rlim_cur);
}

void process_metrics_declare(void)
{
  cpu = metrics_counter("process_cpu_seconds_total", "CPU time of the process, user and system.", NULL);
  virtual_memory = metrics_gauge("process_virtual_memory_bytes", "Address space.", NULL);
  resident = metrics_gauge("process_resident_memory_bytes", "Resident memory.", NULL);
  open_fds = metrics_gauge("process_open_fds", "Open file descriptors.", NULL);
  max_fds = metrics_gauge("process_max_fds", "Limit of open file descriptors.", NULL);
  start_time = metrics_gauge("process_start_time_seconds", "When the process started.", NULL);
  gint64 stat[STAT_FIELDS];
  if (read_stat(stat)) /* once: the wall clock may be set later */
    metric_set(start_time, boot_time() + (double)stat[STAT_START] / (double)sysconf(_SC_CLK_TCK));
  metrics_collect(collect, NULL);
}
