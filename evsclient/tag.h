/* Tags of disks (reference 6.3). A disk has at most 10. A key has 1 to 36 characters, a value 1 to 43: letters, digits, '_'
 * and '-'. Tags that others have set may hold more.
 *
 * All calls block, any thread; the context ends them (see client.h). Ids that are no UUIDs are NOT_FOUND, requests
 * that the reference does not accept INVALID_ARGUMENT: neither is sent (EVS_OUTCOME_UNSENT). What they return is newly
 * allocated.
 */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/iterator.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct {
  char *key, *value;
} EvsTag;

/* 6.3.1: string -> string; tags of the same key are overwritten. */
gboolean evs_tag_add(EvsClient *client, const EvsContext *context, const char *volume_id, GHashTable *tags,
                     GError **error);
/* 6.3.2: NULL-terminated. */
gboolean evs_tag_remove(EvsClient *client, const EvsContext *context, const char *volume_id,
                        const char *const *keys, GError **error);

/* 6.3.3: all keys in use in the project -> their values (char **). The caller's (g_hash_table_unref). */
GHashTable *evs_tag_list(EvsClient *client, const EvsContext *context, GError **error);

typedef struct {
  GPtrArray *tags;     /* of EvsTag* */
  GPtrArray *sys_tags; /* the cloud's own, of EvsTag* */
} EvsDiskTags;

void evs_disk_tags_free(EvsDiskTags *tags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsDiskTags, evs_disk_tags_free)

/* 6.3.4. NOT_FOUND when there is no such disk. */
EvsDiskTags *evs_tag_get(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error);

typedef struct {
  const char *key;
  const char *const *values; /* any of these, at most 10, NULL-terminated; NULL or none: any value */
} EvsTagValues;

typedef struct {
  const char *key;   /* "resource_name" (matched loosely) or "service_type" */
  const char *value; /* at most 255 characters */
} EvsTagMatch;

typedef struct {
  GPtrArray *tags;    /* required: of EvsTagValues*, 1 to 10; a disk must have all of these keys */
  GPtrArray *matches; /* of EvsTagMatch*; NULL: none */
  gint64 limit;       /* of one page: 1 to 1000; 0: 1000 */
  gint64 offset;      /* so many are left out */
} EvsTagFilter;

typedef struct {
  char *id, *name;
  EvsDisk *disk;   /* NULL if the cloud gave none */
  GPtrArray *tags; /* of EvsTag* */
} EvsTaggedDisk;

void evs_tagged_disk_free(EvsTaggedDisk *tagged);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsTaggedDisk, evs_tagged_disk_free)

/* 6.3.5: the disks with these tags: EvsTaggedDisk. */
EvsIterator *evs_tag_find(EvsClient *client, const EvsContext *context, const EvsTagFilter *filter);

#pragma GCC visibility pop
G_END_DECLS
