#include "node/format.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "node/intent.h"
#include "node/meter.h"
#include "node/spawn.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>

/* A file system that is smaller than its disk by less than this was not shrunk: mkfs rounds to its own units. */
enum { GROW_SLACK_BYTES = 16 * 1024 * 1024 };

gboolean format_decide(const ProbeResult *found, const DiskFacts *facts, const char *wanted,
                       const char *by_default, gboolean reader_only, gboolean edges_zero,
                       FormatDecision *ret_decision, const Filesystem **ret_filesystem, GError **error)
{
  gboolean may_make = facts->blank || facts->if_empty;
  gboolean marked = found->kind == PROBE_FILESYSTEM && g_str_equal(found->label, FILESYSTEM_LABEL);
  const char *asked = *wanted ? wanted : "any file system";
  if (found->kind == PROBE_OTHER)
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "the disk holds '%s', but %s was asked for: refusing to touch it", found->type,
                         asked);
  if (found->kind == PROBE_EMPTY || marked) {
    const char *what = marked ? "an unfinished file system" : "no file system";
    if (!may_make)
      return evs_error_set(
        error, EVS_CODE_FAILED_PRECONDITION,
        "the disk holds %s, but %s was asked for, and it is not known to be a new disk: not "
        "formatting (a static volume may say volumeAttributes format: if-empty)",
        what, asked);
    if (reader_only)
      return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                           "the disk holds %s and is asked for read-only", what);
    if (!marked && !edges_zero)
      return evs_error_set(
        error, EVS_CODE_FAILED_PRECONDITION,
        "the disk holds no known signature, but its first and last MiB are not all zero: not "
        "formatting what may be data (clear it with blkdiscard -z if it is not)");
    *ret_decision = FORMAT_MAKE;
    *ret_filesystem = filesystem_find(*wanted ? wanted : by_default);
    return TRUE;
  }
  if (*wanted && !g_str_equal(found->type, wanted))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "the disk holds '%s', but '%s' was asked for",
                         found->type, wanted);
  *ret_decision = FORMAT_TAKE;
  *ret_filesystem = filesystem_find(found->type);
  if (!*ret_filesystem)
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "the disk holds '%s', which is not one of ext4, ext3, xfs, btrfs", found->type);
  return TRUE;
}

/* The table's mkfs with the options of the volume behind its name. Owned by the array, which ends with NULL. */
static GPtrArray *make_command(const FormatJob *job, const Filesystem *filesystem, GError **error)
{
  guint64 values[MKFS_N_OPTIONS] = {0};
  if (!mkfs_options_parse(filesystem->name, (const char *const *)job->facts->mkfs, values, error)) {
    g_prefix_error(error, "volume_context: ");
    return NULL;
  }
  GPtrArray *command = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(command, g_strdup(filesystem->make[0]));
  for (int i = 0; i < MKFS_N_OPTIONS; i++) {
    if (!values[i])
      continue;
    g_ptr_array_add(command, g_strdup(filesystem->make_options[i].flag));
    g_ptr_array_add(command,
                    g_strdup_printf("%s%" G_GUINT64_FORMAT, filesystem->make_options[i].prefix, values[i]));
  }
  for (guint i = 1; filesystem->make[i]; i++)
    g_ptr_array_add(command, g_strdup(filesystem->make[i]));
  g_ptr_array_add(command, NULL);
  return command;
}

/* Runs a command of the table with its placeholders filled in. */
static gboolean run(const FormatJob *job, const char *const *command, const char *mount_point,
                    SpawnResult *ret_result, GError **error)
{
  const char *argv[SPAWN_MAX_ARGUMENTS + 1] = {NULL};
  g_autofree char *device = g_strdup_printf("/proc/self/fd/%d", SPAWN_DEVICE_FD);
  for (guint i = 0; i < SPAWN_MAX_ARGUMENTS && command[i]; i++) {
    argv[i] = command[i];
    if (g_str_equal(command[i], FILESYSTEM_DEVICE))
      argv[i] = device;
    if (g_str_equal(command[i], FILESYSTEM_MOUNT))
      argv[i] = mount_point;
  }
  SpawnRequest request = {
    .argv = argv,
    .errors_only =
      !g_str_equal(command[0], "e2fsck"), /* findings are its output; others only chatter there */
    .device_fd = job->device->fd,
    .deadline_us = job->deadline_us,
    .stopping = job->stopping,
    .data = job->data,
  };
  gboolean good = ret_result ? spawn_run(&request, ret_result, error) : spawn_check(&request, error);
  if (!good)
    g_prefix_error(error, "disk '%s': ", job->device->node);
  return good;
}

static gboolean flush(const FormatJob *job, GError **error)
{
  if (fsync(job->device->fd) == 0)
    return TRUE;
  return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot write '%s' back", job->device->node);
}

static gboolean make(const FormatJob *job, const Filesystem *filesystem, GError **error)
{
  gint64 started_us = clock_now_us();
  g_autoptr(GPtrArray) command = make_command(job, filesystem, error);
  if (!command)
    return FALSE;
  log_info("making a file system", LOG_TEXT("disk", job->device->node),
           LOG_TEXT("filesystem", filesystem->name));
  /* The order is the point: the note before the first write of mkfs, all of the file system on the disk before the
   * marks go, the note before the label. */
  if (!intent_write(job->device, INTENT_MKFS, error) ||
      !run(job, (const char *const *)command->pdata, NULL, NULL, error) || !flush(job, error) ||
      !intent_clear(job->device, INTENT_MKFS, error))
    return FALSE;
  if (!run(job, filesystem->clear_label, NULL, NULL, error) || !flush(job, error))
    return FALSE;
  g_auto(ProbeResult) after = {0};
  if (!probe_disk(job->device->fd, job->device->node, &after, error))
    return FALSE;
  if (after.kind != PROBE_FILESYSTEM || !g_str_equal(after.type, filesystem->name) || *after.label)
    return evs_error_set(error, EVS_CODE_INTERNAL, "mkfs.%s left '%s' with label '%s' on disk '%s'",
                         filesystem->name, after.type, after.label, job->device->node);
  node_meter_format(filesystem->name, started_us);
  return TRUE;
}

gboolean format_ensure(const FormatJob *job, const Filesystem **ret_filesystem, gboolean *ret_made,
                       GError **error)
{
  g_auto(ProbeResult) found = {0};
  gboolean zero = FALSE;
  FormatDecision decision = FORMAT_TAKE;
  if (!probe_edges(job->device->fd, job->device->node, job->device->size, &zero, error) ||
      !probe_disk(job->device->fd, job->device->node, &found, error))
    return FALSE;
  zero = zero || intent_is_present(job->device, INTENT_MKFS);
  if (!format_decide(&found, job->facts, job->wanted, job->by_default, job->reader_only, zero, &decision,
                     ret_filesystem, error)) {
    g_prefix_error(error, "disk '%s': ", job->device->node);
    return FALSE;
  }
  *ret_made = decision == FORMAT_MAKE;
  return decision == FORMAT_TAKE || make(job, *ret_filesystem, error);
}

/* *ret_repaired: it found and corrected errors. */
static gboolean try_check(const FormatJob *job, const char *const *command, gboolean *ret_repaired,
                          GError **error)
{
  g_auto(SpawnResult) result = {0};
  if (!run(job, command, NULL, &result, error))
    return FALSE;
  if (result.signal)
    return evs_error_set(error, EVS_CODE_ABORTED, "disk '%s': %s was killed by signal %d", job->device->node,
                         command[0], result.signal);
  g_autofree char *words = spawn_last_words(result.output);
  *ret_repaired = result.exit_code != 0;
  if (filesystem_judge_check(result.exit_code, words, error))
    return TRUE;
  g_prefix_error(error, "disk '%s': ", job->device->node);
  return FALSE;
}

/* One of the commands of this file system; repaired: what it is called when it corrected something. */
static gboolean run_check(const FormatJob *job, const Filesystem *filesystem, const char *const *command,
                          NodeCheckResult repaired, GError **error)
{
  gint64 started_us = clock_now_us();
  gboolean changed = FALSE;
  gboolean good = try_check(job, command, &changed, error);
  node_meter_check(filesystem->name,
                   !good     ? NODE_CHECK_FAILED
                   : changed ? repaired
                             : NODE_CHECK_CLEAN,
                   started_us);
  return good;
}

/* An offline growth that was cut off left it half grown. It was sound before, so there is one right repair. */
static gboolean mend(const FormatJob *job, const Filesystem *filesystem, GError **error)
{
  if (job->reader_only)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "disk '%s': growing its %s was cut off, and read-only it cannot be mended: it must be "
      "staged writable once",
      job->device->node, filesystem->name);
  log_warn("mending a file system whose growth was cut off", LOG_TEXT("disk", job->device->node));
  return run_check(job, filesystem, filesystem->mend, NODE_CHECK_MENDED, error) && flush(job, error) &&
         intent_clear(job->device, INTENT_GROW, error);
}

gboolean format_check(const FormatJob *job, const Filesystem *filesystem, GError **error)
{
  if (filesystem->mend && intent_is_present(job->device, INTENT_GROW))
    return mend(job, filesystem, error);
  return !filesystem->check || job->reader_only ||
         run_check(job, filesystem, filesystem->check, NODE_CHECK_REPAIRED, error);
}

gboolean format_part_from_twin(const FormatJob *job, const Filesystem *filesystem, GError **error)
{
  if (!filesystem->new_id || !filesystem_has_twin(filesystem, job->device->fd))
    return TRUE;
  if (job->reader_only)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "disk '%s' is a copy of a %s that is mounted on this node, and read-only it cannot get an id "
      "of its own",
      job->device->node, filesystem->name);
  log_info("giving a copy an id of its own", LOG_TEXT("disk", job->device->node));
  return run(job, filesystem->new_id, NULL, NULL, error) && flush(job, error);
}

static gboolean grow(const FormatJob *job, const Filesystem *filesystem, const char *mount_point,
                     GError **error)
{
  if (mount_point)
    return run(job, filesystem->grow, mount_point, NULL, error);
  return run_check(job, filesystem, filesystem->check_all, NODE_CHECK_REPAIRED, error) &&
         intent_write(job->device, INTENT_GROW, error) && run(job, filesystem->grow, NULL, NULL, error) &&
         flush(job, error) && intent_clear(job->device, INTENT_GROW, error);
}

gboolean format_grow(const FormatJob *job, const Filesystem *filesystem, guint64 covered,
                     const char *mount_point, GError **error)
{
  gboolean before_mount = filesystem->check_all != NULL;
  if (before_mount != (mount_point == NULL) || job->reader_only || covered == 0 ||
      job->device->size <= covered || job->device->size - covered < GROW_SLACK_BYTES)
    return TRUE;
  log_info("growing a file system", LOG_TEXT("disk", job->device->node), LOG_NUMBER("from", covered),
           LOG_NUMBER("to", job->device->size));
  gint64 started_us = clock_now_us();
  gboolean good = grow(job, filesystem, mount_point, error);
  node_meter_grow(filesystem->name, good, started_us);
  return good;
}

gboolean format_grow_mounted(const FormatJob *job, const Filesystem *filesystem, const char *mount_point,
                             GError **error)
{
  g_auto(SpawnResult) result = {0};
  gint64 started_us = clock_now_us();
  gboolean ran = run(job, filesystem->grow, mount_point, &result, error);
  node_meter_grow(filesystem->name, ran && result.exit_code == 0, started_us);
  if (!ran)
    return FALSE;
  if (result.exit_code == 0)
    return TRUE;
  /* The kernel asks whoever adds groups to a mounted ext4 for this one, root or not. */
  if (filesystem->family == FILESYSTEM_FAMILY_EXT && prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 0)
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "disk '%s': a mounted %s grows only with the capability CAP_SYS_RESOURCE, which "
                         "this container lacks: it grows when the volume is staged next",
                         job->device->node, filesystem->name);
  g_autofree char *words = spawn_last_words(result.output);
  return evs_error_set(error, EVS_CODE_INTERNAL, "disk '%s': %s failed: %s", job->device->node,
                       filesystem->grow[0], words);
}
