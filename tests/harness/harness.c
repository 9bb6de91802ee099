#include "tests/harness/harness_private.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <ftw.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { POLL_US = 2000, MAX_MOUNTINFO = 4 << 20 };

typedef struct {
  void (*run)(void *data);
  void *data;
} EndHook;

struct Harness {
  char *dir;
  char *log_dir;
  GPtrArray *processes; /* Process, oldest first */
  GArray *end_hooks;    /* EndHook */
};

static char *program_name(void)
{
  g_autofree char *path = g_file_read_link("/proc/self/exe", NULL);
  return g_path_get_basename(path ? path : "unknown");
}

static char *make_log_dir(void)
{
  static int count;
  const char *root = g_getenv("EVS_LOG_DIR");
  g_autofree char *program = program_name();
  g_autofree char *number = g_strdup_printf("%d", ++count);
  char *dir = g_build_filename(root ? root : EVS_DEFAULT_LOG_DIR, program, number, NULL);
  assert_int_equal(g_mkdir_with_parents(dir, 0755), 0);
  return dir;
}

int harness_setup(void **state)
{
  Harness *harness = g_new0(Harness, 1);
  g_autoptr(GError) error = NULL;
  harness->dir = g_dir_make_tmp("evs-XXXXXX", &error);
  if (!harness->dir)
    fail_msg("no temporary directory: %s", error->message);
  harness->log_dir = make_log_dir();
  harness->processes = g_ptr_array_new_with_free_func((GDestroyNotify)process_free);
  harness->end_hooks = g_array_new(FALSE, FALSE, sizeof(EndHook));
  *state = harness;
  return 0;
}

/* Mount points below dir, newest first, so that they can be unmounted in this order. */
static GPtrArray *mounts_below(const char *dir)
{
  GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *text = NULL;
  if (!text_read_file("/proc/self/mountinfo", MAX_MOUNTINFO, &text, NULL, NULL))
    return found;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autofree char *prefix = g_strconcat(dir, "/", NULL);
  for (char **line = lines; *line; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, " ", 6);
    if (g_strv_length(fields) == 6 && g_str_has_prefix(fields[4], prefix))
      g_ptr_array_insert(found, 0, g_strcompress(fields[4]));
  }
  return found;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
  (void)info;
  (void)kind;
  (void)walk;
  return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

static gboolean remove_tree(const char *dir)
{
  enum { MAX_OPEN_DIRS = 16 };
  return nftw(dir, remove_entry, MAX_OPEN_DIRS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0;
}

/* Ends all processes; the first complaint is returned (newly allocated), NULL when each ended well. */
static char *end_processes(Harness *harness)
{
  char *complaint = NULL;
  for (guint i = harness->processes->len; i-- > 0;) {
    Process *process = g_ptr_array_index(harness->processes, i);
    char *why = process_end(process);
    if (why && !complaint)
      complaint = g_steal_pointer(&why);
    g_free(why);
  }
  return complaint;
}

int harness_teardown(void **state)
{
  Harness *harness = *state;
  if (!harness)
    return 0;
  *state = NULL;
  g_autofree char *complaint = end_processes(harness);
  g_autoptr(GPtrArray) mounts = mounts_below(harness->dir);
  for (guint i = 0; i < mounts->len; i++)
    umount2(g_ptr_array_index(mounts, i), MNT_DETACH);
  for (guint i = harness->end_hooks->len; i-- > 0;) {
    EndHook *hook = &g_array_index(harness->end_hooks, EndHook, i);
    hook->run(hook->data);
  }
  if (!remove_tree(harness->dir))
    print_message("cannot remove '%s': %s\n", harness->dir, g_strerror(errno));
  if (complaint)
    print_error("teardown: %s\nlogs: %s\n", complaint, harness->log_dir);
  g_array_free(harness->end_hooks, TRUE);
  g_ptr_array_free(harness->processes, TRUE);
  g_free(harness->log_dir);
  g_free(harness->dir);
  g_free(harness);
  return complaint ? -1 : 0;
}

const char *harness_dir(Harness *harness)
{
  return harness->dir;
}

const char *harness_log_dir(Harness *harness)
{
  return harness->log_dir;
}

char *harness_path(Harness *harness, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *name = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return g_build_filename(harness->dir, name, NULL);
}

char *harness_write_file(Harness *harness, const char *name, const char *text)
{
  char *path = harness_path(harness, "%s", name);
  g_autoptr(GError) error = NULL;
  if (!g_file_set_contents(path, text, -1, &error))
    fail_msg("%s", error->message);
  return path;
}

void harness_at_end(Harness *harness, void (*run)(void *data), void *data)
{
  EndHook hook = {.run = run, .data = data};
  g_array_append_val(harness->end_hooks, hook);
}

GPtrArray *harness_processes(Harness *harness)
{
  return harness->processes;
}

gboolean wait_until(gboolean (*predicate)(void *data), void *data, gint64 ms)
{
  gint64 deadline = clock_deadline_in_ms(ms);
  while (!predicate(data)) {
    if (clock_now_us() >= deadline)
      return FALSE;
    clock_sleep_until(clock_now_us() + POLL_US);
  }
  return TRUE;
}
