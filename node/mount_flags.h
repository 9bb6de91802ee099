/* Mount flags of a volume capability (what a StorageClass's or PV's mountOptions become), sorted into the MS_* bits of
 * mount(2), the text that goes to the file system, words that mean nothing here (_netdev, nofail, x-*, defaults), and
 * words that are refused because they would move the mount, or point the file system at another device. */
#pragma once

#include <glib.h>

enum {
  MOUNT_FLAGS_MAX_WORDS = 128,
  MOUNT_FLAGS_MAX_DATA = 4000, /* mount(2) takes one page */
};

typedef struct {
  unsigned long bits; /* MS_* */
  char *data;         /* comma-separated rest for the file system, "" if none */
} MountFlags;

void mount_flags_clear(MountFlags *flags);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MountFlags, mount_flags_clear)

/* An item may hold several words separated by commas; commas within double quotes belong to the word
 * (context="system_u:object_r:container_file_t:s0:c1,c2"). Later words win over earlier ones ("ro,rw" is rw).
 * INVALID_ARGUMENT naming the word that is refused. */
gboolean mount_flags_parse(char *const *items, gsize count, MountFlags *ret_flags, GError **error);

/* The per-mount bits that a mountinfo options field shows ("ro,nosuid,noatime"): what a remount must repeat. */
unsigned long mount_flags_of_options(const char *options);

/* Appends data to data, with a comma where both have something. */
void mount_flags_add_data(MountFlags *flags, const char *data);
