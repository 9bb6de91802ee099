/* Field tables of disks: reference 6.1, evs-facts 2 (VolumeDetail), 4.1-4.6. */
#include "evsclient/disk.h"
#include "evsclient/records.h"

static const EvsField attachment_fields[] = {
  EVS_FIELD(EvsAttachment, server_id, TEXT, "server_id"),
  EVS_FIELD(EvsAttachment, attachment_id, TEXT, "attachment_id"),
  EVS_FIELD(EvsAttachment, device, TEXT, "device"),
  EVS_FIELD(EvsAttachment, attached_at, TEXT, "attached_at"),
  EVS_FIELD(EvsAttachment, volume_id, TEXT, "volume_id|id"),
  EVS_FIELD(EvsAttachment, host_name, TEXT, "host_name"),
};
static const EvsRecord attachment_record =
  EVS_RECORD("attachment", EvsAttachment, attachment_fields, .key = "server_id");

static const EvsField disk_fields[] = {
  EVS_FIELD(EvsDisk, id, TEXT, "id", .flags = EVS_FIELD_UUID),
  EVS_FIELD(EvsDisk, name, TEXT, "name"),
  EVS_FIELD(EvsDisk, status, TEXT, "status"),
  EVS_FIELD(EvsDisk, description, TEXT, "description"),
  EVS_FIELD(EvsDisk, availability_zone, TEXT, "availability_zone"),
  EVS_FIELD(EvsDisk, volume_type, TEXT, "volume_type"),
  EVS_FIELD(EvsDisk, size_gib, INT, "size"),
  EVS_FIELD(EvsDisk, iops, INT, "iops/total_val|iops"),
  EVS_FIELD(EvsDisk, throughput, INT, "throughput/total_val|throughput"),
  EVS_FIELD(EvsDisk, frozen, BOOL, "iops/frozened"), /* the misspelling is the cloud's */
  EVS_FIELD(EvsDisk, throughput_frozen, BOOL, "throughput/frozened"),
  EVS_FIELD(EvsDisk, multiattach, BOOL, "multiattach"),
  EVS_FIELD(EvsDisk, bootable, BOOL, "bootable"),
  EVS_FIELD(EvsDisk, encrypted, BOOL, "encrypted"),
  EVS_FIELD(EvsDisk, attachments, LIST, "attachments", .record = &attachment_record),
  EVS_FIELD(EvsDisk, metadata, MAP, "metadata"),
  EVS_FIELD(EvsDisk, tags, MAP, "tags"),
  EVS_FIELD(EvsDisk, snapshot_id, TEXT, "snapshot_id"),
  EVS_FIELD(EvsDisk, image, MAP, "volume_image_metadata"),
  EVS_FIELD(EvsDisk, image_id, TEXT, "volume_image_metadata/image_id", .flags = EVS_FIELD_DERIVED),
  EVS_FIELD(EvsDisk, backup_id, TEXT, "backup_id"),
  EVS_FIELD(EvsDisk, source_volume_id, TEXT, "source_volid"),
  EVS_FIELD(EvsDisk, wwn, TEXT, "wwn"),
  EVS_FIELD(EvsDisk, serial_number, TEXT, "serial_number"),
  EVS_FIELD(EvsDisk, created_at, TEXT, "created_at"),
  EVS_FIELD(EvsDisk, updated_at, TEXT, "updated_at"),
  EVS_FIELD(EvsDisk, service_type, TEXT, "service_type"),
  EVS_FIELD(EvsDisk, enterprise_project_id, TEXT, "enterprise_project_id"),
  EVS_FIELD(EvsDisk, dedicated_storage_id, TEXT, "dedicated_storage_id"),
  EVS_FIELD(EvsDisk, dedicated_storage_name, TEXT, "dedicated_storage_name"),
  EVS_FIELD(EvsDisk, project_id, TEXT, "os-vol-tenant-attr:tenant_id"),
  EVS_FIELD(EvsDisk, user_id, TEXT, "user_id"),
  EVS_FIELD(EvsDisk, links, LIST, "links", .record = &evs_record_link),
  EVS_FIELD(EvsDisk, lock_scene, TEXT, "os-vendor-extended:lock_scene"),
  EVS_FIELD(EvsDisk, lock_source_id, TEXT, "os-vendor-extended:lock_source_id"),
  EVS_FIELD(EvsDisk, lock_source_service, TEXT, "os-vendor-extended:lock_source_service"),
  EVS_FIELD(EvsDisk, lock_check_endpoint, TEXT, "os-vendor-extended:lock_check_endpoint"),
  EVS_FIELD(EvsDisk, shareable, TEXT, "shareable"),
  EVS_FIELD(EvsDisk, host, TEXT, "os-vol-host-attr:host"),
  EVS_FIELD(EvsDisk, replication_status, TEXT, "replication_status"),
  EVS_FIELD(EvsDisk, replication_extended_status, TEXT, "os-volume-replication:extended_status"),
  EVS_FIELD(EvsDisk, migration_status, TEXT, "os-vol-mig-status-attr:migstat"),
  EVS_FIELD(EvsDisk, migration_name_id, TEXT, "os-vol-mig-status-attr:name_id"),
  EVS_FIELD(EvsDisk, consistency_group_id, TEXT, "consistencygroup_id"),
  EVS_FIELD(EvsDisk, storage_cluster_id, TEXT, "storage_cluster_id"),
  EVS_FIELD(EvsDisk, root_resource_type, TEXT, "root_resource_type"),
  EVS_FIELD(EvsDisk, root_resource_id, TEXT, "root_resource_id"),
  EVS_FIELD(EvsDisk, parent_resource_type, TEXT, "parent_resource_type"),
  EVS_FIELD(EvsDisk, parent_resource_id, TEXT, "parent_resource_id"),
};

/* Samples of wwn have a leading blank and either case. */
static void settle_disk(void *value)
{
  EvsDisk *disk = value;
  g_strstrip(disk->wwn);
  for (char *at = disk->wwn; *at; at++)
    *at = g_ascii_tolower(*at);
  disk->frozen |= disk->throughput_frozen;
}

const EvsRecord evs_record_disk =
  EVS_RECORD("volume", EvsDisk, disk_fields, .key = "id", .settle = settle_disk);

static const EvsField unsubscribed_fields[] = {
  EVS_FIELD(EvsUnsubscribed, volume_id, TEXT, "volume_id"),
  EVS_FIELD(EvsUnsubscribed, order_id, TEXT, "order_id"),
  EVS_FIELD(EvsUnsubscribed, result, TEXT, "result"),
  EVS_FIELD(EvsUnsubscribed, fail_reason, TEXT, "fail_reason"),
};
const EvsRecord evs_record_unsubscribed =
  EVS_RECORD("result", EvsUnsubscribed, unsubscribed_fields, .key = "volume_id");

/* ---- queries ---- */

static const char *const sort_keys[] = {"created_at", "id", "status", "size", NULL};
static const char *const sort_directions[] = {"desc", "asc", NULL};
static const char *const service_types[] = {"EVS", "DSS", "DESS", NULL};
static const char *const booleans[] = {"true", "false", NULL};

/* Of every list of disks. */
#define LIMIT_FIELD                                                                                          \
  EVS_FIELD(EvsDiskFilter, limit, INT, "limit", .least = 1, .most = 1000, .help = "disks per page")
#define POSITION_FIELDS                                                                                      \
  EVS_FIELD(EvsDiskFilter, offset, INT, "offset", .least = 0, .most = G_MAXINT32, .help = "disks to skip"),  \
    EVS_FIELD(EvsDiskFilter, marker, TEXT, "marker", .flags = EVS_FIELD_UUID,                                \
              .help = "start behind the disk with this id")
#define COMMON_FIELDS                                                                                        \
  EVS_FIELD(EvsDiskFilter, name, TEXT, "name", .least = 1, .most = 64, .help = "of this name"),              \
    EVS_FIELD(EvsDiskFilter, status, TEXT, "status", .least = 1, .most = 64, .help = "in this status"),      \
    EVS_FIELD(EvsDiskFilter, availability_zone, TEXT, "availability_zone", .least = 1, .most = 64,           \
              .help = "in this availability zone", .flag = "zone"),                                          \
    EVS_FIELD(EvsDiskFilter, sort_key, TEXT, "sort_key", .choices = sort_keys, .help = "sort by this"),      \
    EVS_FIELD(EvsDiskFilter, sort_dir, TEXT, "sort_dir", .choices = sort_directions, .help = "sort order")
#define CUSTOM_FIELDS                                                                                        \
  EVS_FIELD(EvsDiskFilter, id, TEXT, "id", .flags = EVS_FIELD_UUID, .help = "with this id"),                 \
    EVS_FIELD(EvsDiskFilter, ids, TEXTS, "ids", .flags = EVS_FIELD_UUID, .least = 1, .most = 60,             \
              .help = "with one of these ids"),                                                              \
    EVS_FIELD(EvsDiskFilter, metadata, MAP, "metadata", .most = 255, .help = "with this metadata"),          \
    EVS_FIELD(EvsDiskFilter, multiattach, TEXT, "multiattach", .choices = booleans,                          \
              .help = "shareable disks, or others"),                                                         \
    EVS_FIELD(EvsDiskFilter, service_type, TEXT, "service_type", .choices = service_types,                   \
              .help = "of this service"),                                                                    \
    EVS_FIELD(EvsDiskFilter, dedicated_storage_id, TEXT, "dedicated_storage_id", .least = 1, .most = 64,     \
              .help = "on this dedicated storage"),                                                          \
    EVS_FIELD(EvsDiskFilter, dedicated_storage_name, TEXT, "dedicated_storage_name", .least = 1,             \
              .most = 255, .help = "on dedicated storage with this in its name"),                            \
    EVS_FIELD(EvsDiskFilter, volume_type_id, TEXT, "volume_type_id", .flags = EVS_FIELD_UUID,                \
              .help = "of the type with this id", .flag = "type-id"),                                        \
    EVS_FIELD(EvsDiskFilter, root_resource_type, TEXT, "root_resource_type", .most = 255,                    \
              .help = "whose root resource is of this type"),                                                \
    EVS_FIELD(EvsDiskFilter, root_resource_id, TEXT, "root_resource_id", .most = 255,                        \
              .help = "with this root resource"),                                                            \
    EVS_FIELD(EvsDiskFilter, parent_resource_type, TEXT, "parent_resource_type", .most = 255,                \
              .help = "whose parent resource is of this type"),                                              \
    EVS_FIELD(EvsDiskFilter, parent_resource_id, TEXT, "parent_resource_id", .most = 255,                    \
              .help = "with this parent resource")

static const EvsField query_fields[] = {
  LIMIT_FIELD,
  COMMON_FIELDS,
  EVS_FIELD(EvsDiskFilter, server_id, TEXT, "server_id", .flags = EVS_FIELD_UUID,
            .help = "attached to this server", .flag = "server"),
  EVS_FIELD(EvsDiskFilter, bootable, TEXT, "bootable", .choices = booleans,
            .help = "bootable ones, or others"),
  EVS_FIELD(EvsDiskFilter, enterprise_project_id, TEXT, "enterprise_project_id", .least = 1, .most = 36,
            .help = "of this enterprise project; all_granted_eps: of all"),
  CUSTOM_FIELDS,
  POSITION_FIELDS,
};
static const EvsField vendor_query_fields[] = {
  LIMIT_FIELD,
  COMMON_FIELDS,
  CUSTOM_FIELDS,
  EVS_FIELD(EvsDiskFilter, changes_since, TEXT, "changessince", .least = 1, .most = 64,
            .help = "changed since this time (administrators)", .flag = "changes-since"),
  POSITION_FIELDS,
};
static const EvsField short_query_fields[] = {
  LIMIT_FIELD,
  COMMON_FIELDS,
  EVS_FIELD(EvsDiskFilter, marker, TEXT, "marker", .flags = EVS_FIELD_UUID,
            .help = "start behind the disk with this id"),
};
static const EvsField any_query_fields[] = {
  LIMIT_FIELD,
  COMMON_FIELDS,
  EVS_FIELD(EvsDiskFilter, server_id, TEXT, "server_id"),
  EVS_FIELD(EvsDiskFilter, bootable, TEXT, "bootable"),
  EVS_FIELD(EvsDiskFilter, enterprise_project_id, TEXT, "enterprise_project_id"),
  EVS_FIELD(EvsDiskFilter, changes_since, TEXT, "changessince"),
  CUSTOM_FIELDS,
  POSITION_FIELDS,
};
static const EvsRecord any_query = EVS_RECORD("filter", EvsDiskFilter, any_query_fields);
const EvsRecord evs_record_disk_query =
  EVS_RECORD("filter", EvsDiskFilter, query_fields, .wider = &any_query);
const EvsRecord evs_record_vendor_disk_query =
  EVS_RECORD("filter", EvsDiskFilter, vendor_query_fields, .wider = &any_query);
const EvsRecord evs_record_disk_short_query =
  EVS_RECORD("filter", EvsDiskFilter, short_query_fields, .wider = &any_query);

/* ---- small requests ---- */

static gboolean check_update(const void *value, GError **error)
{
  const EvsDiskUpdate *update = value;
  return update->name || update->description ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "one of 'name' and 'description' is expected");
}

static const EvsField update_fields[] = {
  EVS_FIELD(EvsDiskUpdate, name, TEXT, "volume/name", .most = 64, .help = "the new name"),
  EVS_FIELD(EvsDiskUpdate, description, TEXT, "volume/description", .most = 85,
            .help = "the new description"),
};
const EvsRecord evs_record_disk_update =
  EVS_RECORD("update", EvsDiskUpdate, update_fields, .check = check_update);

static const EvsField unsubscribe_fields[] = {
  EVS_FIELD(EvsDiskUnsubscribe, volume_ids, TEXTS, "volume_ids", .flags = EVS_FIELD_REQUIRED | EVS_FIELD_UUID,
            .least = 1, .most = 60, .help = "disks paid by the month or year", .flag = "volume"),
};
const EvsRecord evs_record_unsubscribe = EVS_RECORD("request", EvsDiskUnsubscribe, unsubscribe_fields);
