/* EVS disks (reference 6.1): the record as GET and the lists give it, and the calls on it. Sizes in GiB. */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct {
  char *server_id;     /* never NULL */
  char *attachment_id; /* "" if the cloud gave none */
  char *device;        /* console name, not the guest's; "" if none */
} EvsAttachment;

/* Strings are never NULL ("" where the cloud gave none or null). */
typedef struct {
  char *id, *name, *status, *description;
  char *availability_zone, *volume_type;
  gint64 size_gib;
  gboolean multiattach, bootable;
  gboolean frozen; /* by the cloud, as for arrears; only types with iops of their own show it */
  char *snapshot_id, *image_id,
    *backup_id; /* source marks: snapshot_id, volume_image_metadata.image_id, backup_id */
  char *wwn, *service_type, *enterprise_project_id, *dedicated_storage_id;
  char *created_at;
  gint64 iops, throughput; /* 0: the type has none */
  GHashTable *metadata;    /* string -> string; numbers and booleans as text */
  GHashTable *tags;        /* string -> string */
  GPtrArray *attachments;  /* of EvsAttachment* */
} EvsDisk;

void evs_disk_free(EvsDisk *disk);
EvsDisk *evs_disk_copy(const EvsDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsDisk, evs_disk_free)

/* "" if the key is absent. */
const char *evs_disk_metadata(const EvsDisk *disk, const char *key);
/* The attachment to this server, or NULL. */
const EvsAttachment *evs_disk_attachment(const EvsDisk *disk, const char *server_id);

/* Request of 6.1.1. NULL strings and 0 numbers are left out of the body. */
typedef struct {
  const char *name, *description, *availability_zone, *volume_type;
  gint64 size_gib;
  const char *snapshot_id;
  gboolean multiattach;
  gint64 iops, throughput;
  const char *enterprise_project_id, *dedicated_storage_id;
  GHashTable *metadata; /* string -> string, or NULL */
  GHashTable *tags;     /* string -> string, or NULL */
} EvsDiskCreate;

/* Creates a disk (POST v2.1 cloudvolumes, asks for create_for_volume_id). client_token: UUID sent as X-Client-Token,
 * or NULL. The body is canonical: sorted keys, the same bytes for the same request. A POST whose answer was lost fails
 * with EVS_OUTCOME_UNKNOWN, token or not (a cloud may ignore the token in silence): look for the disk by name before
 * the next POST. Throttled, refused for the moment or never sent: repeated here.
 * ret_volume_id may get NULL (older clouds): then the job names it. */
gboolean evs_disk_create(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                         const char *client_token, char **ret_job_id, char **ret_volume_id, GError **error);

/* NOT_FOUND (EVS.5404) when there is none. */
EvsDisk *evs_disk_get(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error);

/* *ret_job_id may get "" where the cloud gives none. */
gboolean evs_disk_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                         char **ret_job_id, GError **error);

/* Filters of 6.1.3; NULL: none. */
typedef struct {
  const char *name; /* the cloud may match loosely: filter again */
  const char *server_id;
  const char *const *ids; /* <= 60, NULL-terminated */
  guint limit;            /* page size 1..1000; 0 = 1000 */
  gint64 offset;
  const char *marker; /* id of the last disk of the page before */
} EvsDiskFilter;

/* One page, newest first, of EvsDisk*. */
GPtrArray *evs_disk_list_page(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                              GError **error);
/* All pages (by marker). */
GPtrArray *evs_disk_list(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                         GError **error);

#pragma GCC visibility pop
G_END_DECLS
