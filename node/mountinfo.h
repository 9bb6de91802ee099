/* What is mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5)): the judge of every stage and publish.
 *
 * Own bounded parser: the file's content is partly chosen by whoever may mount (paths, sources), so every field is
 * taken by position, escapes are decoded, and a line that does not fit is an error, not a guess. */
#pragma once

#include <glib.h>
#include <sys/types.h>

enum {
  MOUNTINFO_MAX_BYTES = 16 * 1024 * 1024,
  MOUNTINFO_MAX_ENTRIES = 65536,
};

/* The texts belong to the table. */
typedef struct {
  dev_t number;     /* st_dev of its files; an anonymous one (major 0) for btrfs and virtual file systems */
  const char *root; /* directory of that file system which forms the mount; "/" for a whole one */
  const char *mount_point;
  const char *options; /* per mount: "rw,nosuid,relatime" */
  const char *fs_type;
  const char *source; /* as given to mount(2): "/dev/vdb" */
  const char *super_options;
} MountEntry;

typedef struct {
  MountEntry *entries; /* in the kernel's order: of two on one path the later covers the earlier */
  gsize count;
  char *text; /* what was read, cut into the entries' fields */
} MountTable;

void mount_table_free(MountTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MountTable, mount_table_free)

/* Parses the text of a mountinfo file. INTERNAL naming the line for a malformed one, RESOURCE_EXHAUSTED beyond
 * MOUNTINFO_MAX_ENTRIES. */
MountTable *mount_table_parse(const char *text, GError **error);

/* Reads and parses this process's table. Kernels before 5.8 leave out lines when the table changes under a reader: there it
 * is read until two reads agree. */
MountTable *mount_table_read(GError **error);

typedef enum { MOUNT_TOP_UNKNOWN, MOUNT_TOP_NO, MOUNT_TOP_YES } MountTop;

/* Does a mount begin at what fd stands for (O_PATH will do)? *ret_number: st_dev of what is there, if it is known. The kernel
 * tells of one directory in a hundredth of the time that the table takes; before 5.8 it cannot: MOUNT_TOP_UNKNOWN. */
MountTop mount_top_ask(int fd, dev_t *ret_number);

/* As mount_top_ask for what was opened at `path`, where no link is; reads the table if the kernel cannot tell. */
gboolean mount_is_top(int fd, const char *path, gboolean *ret_top, GError **error);

/* What one sees at this path: the last mount on it; NULL if it is no mount point. */
const MountEntry *mount_table_at(const MountTable *table, const char *path);

/* Is this the file system of the disk `number`, whole or in part? btrfs shows an anonymous number: its source counts,
 * if it is a node of that disk. */
gboolean mount_entry_is_of(const MountEntry *entry, dev_t number);

/* The number of the disk the file system lies on; FALSE if it lies on none. */
gboolean mount_entry_disk(const MountEntry *entry, dev_t *ret_number);

/* A mount of the disk, wherever it is; NULL if it is not mounted. */
const MountEntry *mount_table_of(const MountTable *table, dev_t number);

/* TRUE if `option` is one of the comma-separated words. */
gboolean mount_options_have(const char *options, const char *option);
