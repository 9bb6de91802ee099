/* EVS disks (reference 6.1): the record as GET and the lists give it, and the calls on it; disk_change.h grows and
 * retypes them. Sizes in GiB, throughput in MiB/s.
 *
 * All calls block, any thread; the context ends them (see client.h). Ids that are no UUIDs are NOT_FOUND, requests that
 * the reference does not accept INVALID_ARGUMENT: neither is sent (EVS_OUTCOME_UNSENT). A mutation that is not
 * idempotent is never repeated when it may have been taken: EVS_OUTCOME_UNKNOWN. */
#pragma once

#include "evsclient/iterator.h"
#include "evsclient/job.h"
#include "evsclient/link.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct {
  char *server_id;     /* never NULL nor "" */
  char *attachment_id; /* "" if the cloud gave none */
  char *device;        /* console name, not the guest's; "" if none */
  char *attached_at;   /* UTC as the cloud wrote it */
  char *volume_id;     /* the disk itself */
  char *host_name;     /* the physical host's */
} EvsAttachment;

/* Strings are never NULL ("" where the cloud gave none or null), nor are tables and arrays. The Cinder calls (cinder.h)
 * give the same record without wwn, serial_number, tags, service_type, dedicated_storage_*, enterprise_project_id. */
typedef struct {
  char *id, *name, *status, *description;
  char *availability_zone, *volume_type;
  gint64 size_gib;
  gboolean multiattach, bootable;
  gboolean encrypted; /* what the cloud says; the metadata key __system__encrypted is what counts */
  gboolean frozen;    /* by the cloud, as for arrears; only types with iops of their own show it */
  gboolean throughput_frozen;
  char *snapshot_id, *image_id,
    *backup_id;           /* source marks: snapshot_id, volume_image_metadata.image_id, backup_id */
  char *source_volume_id; /* documented, never used by the cloud */
  char *wwn;              /* lower case, without blanks */
  char *serial_number;    /* of some SCSI disks: what the guest sees */
  char *service_type, *enterprise_project_id, *dedicated_storage_id, *dedicated_storage_name;
  char *project_id, *user_id;
  char *created_at, *updated_at; /* UTC as the cloud wrote them */
  gint64 iops, throughput;       /* 0: the type has none */
  GHashTable *metadata;          /* string -> string; numbers and booleans as text */
  GHashTable *tags;              /* string -> string */
  GHashTable *image;             /* string -> string: volume_image_metadata */
  GPtrArray *attachments;        /* of EvsAttachment* */
  GPtrArray *links;              /* of EvsLink* */
  /* What locks the disk; 6.1.11 and 6.1.12 tell it. */
  char *lock_scene, *lock_source_id, *lock_source_service, *lock_check_endpoint;
  /* Reserved by the reference: shown, never to be relied on. */
  char *shareable, *host, *replication_status, *replication_extended_status, *migration_status,
    *migration_name_id, *consistency_group_id, *storage_cluster_id, *root_resource_type, *root_resource_id,
    *parent_resource_type, *parent_resource_id;
} EvsDisk;

/* NULL is fine. */
void evs_disk_free(EvsDisk *disk);
/* Shares nothing: the copy may go to another thread. */
EvsDisk *evs_disk_copy(const EvsDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsDisk, evs_disk_free)

/* "" if the key is absent. */
const char *evs_disk_metadata(const EvsDisk *disk, const char *key);
/* The attachment to this server, or NULL. */
const EvsAttachment *evs_disk_attachment(const EvsDisk *disk, const char *server_id);

/* Request of 6.1.1, 6.1.7 and 7.1.1. NULL strings and 0 numbers are left out of the body. Accepted: zone and type always;
 * a size (10 to 32768, from an image from 1) but from a backup; at most one of snapshot_id, image_id, backup_id; iops
 * and throughput for GPSSD2, iops for ESSD2, none for other types; no encryption or passthrough keys with a snapshot or
 * an image; periods for prePaid only. */
typedef struct {
  const char *name, *description; /* <= 64, <= 85 characters */
  const char *availability_zone, *volume_type;
  gint64 size_gib;
  gint64 count; /* 1-100 disks at once, named name-0001 ...; 6.1.1, 6.1.7 */
  const char *snapshot_id, *image_id;
  const char *backup_id; /* 6.1.1, 6.1.7 */
  gboolean multiattach;
  gint64 iops, throughput; /* 6.1.1, 7.1.1 */
  const char *enterprise_project_id, *dedicated_storage_id;
  GHashTable *metadata; /* string -> string, or NULL */
  GHashTable *tags; /* string -> string, or NULL; <= 10, key <= 36, value <= 43 characters; 6.1.1, 6.1.7 */
  const char *server_id; /* attach to it once made; 6.1.1 */
  /* Payment, 6.1.1. */
  const char *charging_mode; /* postPaid, prePaid */
  gboolean auto_pay, auto_renew;
  const char *period_type; /* month, year */
  gint64 period_count;     /* 1-9 months, 1 year */
  const char *console_url; /* where the order page leads back to */
} EvsDiskCreate;

/* Creates one disk (6.1.1, asks for create_for_volume_id). client_token: UUID sent as X-Client-Token, or NULL. The body
 * is canonical: sorted keys, the same bytes for the same request. A POST whose answer was lost fails with
 * EVS_OUTCOME_UNKNOWN, token or not (a cloud may ignore the token in silence): look for the disk by name before the next
 * POST. Throttled, refused for the moment or never sent: repeated here.
 * ret_volume_id may get NULL (older clouds): then the job names it. */
gboolean evs_disk_create(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                         const char *client_token, char **ret_job_id, char **ret_volume_id, GError **error);
/* The same for whatever the request says: many disks, an order instead of a job. Newly allocated. */
EvsAccepted *evs_disk_create_many(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                                  const char *client_token, GError **error);
/* 6.1.7. Without iops, throughput, server_id and payment. Newly allocated. */
EvsAccepted *evs_disk_create_v2(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                                GError **error) G_GNUC_DEPRECATED_FOR(evs_disk_create_many);

/* 6.1.4. NOT_FOUND (EVS.5404) when there is none. Newly allocated. */
EvsDisk *evs_disk_get(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error);
/* 6.1.12. */
EvsDisk *evs_vendor_disk_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                             GError **error) G_GNUC_DEPRECATED_FOR(evs_disk_get);

/* At least one; "" clears the description. */
typedef struct {
  const char *name, *description; /* <= 64, <= 85 characters */
} EvsDiskUpdate;

/* 6.1.2. The disk as it is now. Newly allocated. */
EvsDisk *evs_disk_update(EvsClient *client, const EvsContext *context, const char *volume_id,
                         const EvsDiskUpdate *request, GError **error);

/* 6.1.6. NOT_FOUND: there is none (any more: the call is repeated when its answer was lost). *ret_job_id may get "" where
 * the cloud gives none. Disks paid by the month or year are refused (EVS.1035): see
 * evs_disk_unsubscribe. */
gboolean evs_disk_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                         char **ret_job_id, GError **error);

typedef struct {
  char *volume_id, *order_id; /* order_id "" for an expired disk */
  char *result;               /* SUCCESS, FAIL */
  char *fail_reason;
} EvsUnsubscribed;

void evs_unsubscribed_free(EvsUnsubscribed *unsubscribed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsUnsubscribed, evs_unsubscribed_free)

/* 6.1.10: gives back disks paid by the month or year, 1-60 ids, NULL-terminated. What came of each, of EvsUnsubscribed *:
 * success of the call is not success of all. */
GPtrArray *evs_disk_unsubscribe(EvsClient *client, const EvsContext *context, const char *const *volume_ids,
                                GError **error);

/* Filters of 6.1.3 and 6.1.11; NULL, 0: none. What a call does not take is INVALID_ARGUMENT. The calls that make iterators
 * take NULL for no filter. */
typedef struct {
  const char *name; /* the cloud may match loosely: filter again */
  const char *server_id;
  const char *id;
  const char *const *ids; /* <= 60, NULL-terminated; wins over id */
  gint64 limit;           /* page size 1..1000; 0 = 1000 */
  gint64 offset;
  const char *marker;              /* id of the last disk of the page before */
  const char *sort_key, *sort_dir; /* id, status, size, created_at; asc, desc. 0: newest first */
  const char *status, *availability_zone;
  GHashTable *metadata;               /* string -> string: all of these */
  const char *bootable, *multiattach; /* "true", "false" */
  const char *service_type;           /* EVS, DSS, DESS */
  const char *dedicated_storage_id, *dedicated_storage_name, *volume_type_id;
  const char *enterprise_project_id; /* "all_granted_eps": of all that are permitted */
  const char *root_resource_type, *root_resource_id, *parent_resource_type, *parent_resource_id;
  const char *changes_since; /* 6.1.11, administrators only */
} EvsDiskFilter;

/* 6.1.3. One page, newest first, of EvsDisk*. */
GPtrArray *evs_disk_list_page(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                              GError **error);
/* All pages (by marker). */
GPtrArray *evs_disk_list(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                         GError **error);
/* The same one by one, page for page as they are asked for: EvsDisk. */
EvsIterator *evs_disk_iterate(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter);
/* 6.1.11: EvsDisk. */
EvsIterator *evs_vendor_disk_iterate(EvsClient *client, const EvsContext *context,
                                     const EvsDiskFilter *filter) G_GNUC_DEPRECATED_FOR(evs_disk_iterate);
/* 6.1.8: EvsDisk with id, name and links only. Takes name, status, availability_zone, limit, marker and the order. */
EvsIterator *evs_disk_iterate_short(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter)
  G_GNUC_DEPRECATED_FOR(evs_disk_iterate);

#pragma GCC visibility pop
G_END_DECLS
