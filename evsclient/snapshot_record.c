/* Field tables of snapshots: reference 6.2, 7.2; evs-facts 2, 4.8. */
#include "evsclient/cinder.h"
#include "evsclient/records.h"
#include "evsclient/snapshot.h"

static const EvsField snapshot_fields[] = {
  EVS_FIELD(EvsSnapshot, id, TEXT, "id", .flags = EVS_FIELD_UUID),
  EVS_FIELD(EvsSnapshot, name, TEXT, "name"),
  EVS_FIELD(EvsSnapshot, status, TEXT, "status"),
  EVS_FIELD(EvsSnapshot, description, TEXT, "description"),
  EVS_FIELD(EvsSnapshot, volume_id, TEXT, "volume_id"),
  EVS_FIELD(EvsSnapshot, size_gib, INT, "size"),
  EVS_FIELD(EvsSnapshot, created_at, TEXT, "created_at"),
  EVS_FIELD(EvsSnapshot, created_wall_us, TIME, "created_at", .flags = EVS_FIELD_DERIVED),
  EVS_FIELD(EvsSnapshot, updated_at, TEXT, "updated_at"),
  EVS_FIELD(EvsSnapshot, metadata, MAP, "metadata"),
  EVS_FIELD(EvsSnapshot, project_id, TEXT, "os-extended-snapshot-attributes:project_id"),
  EVS_FIELD(EvsSnapshot, progress, TEXT, "os-extended-snapshot-attributes:progress"),
  EVS_FIELD(EvsSnapshot, service_type, TEXT, "service_type"),
  EVS_FIELD(EvsSnapshot, dedicated_storage_id, TEXT, "dedicated_storage_id"),
  EVS_FIELD(EvsSnapshot, dedicated_storage_name, TEXT, "dedicated_storage_name"),
};
const EvsRecord evs_record_snapshot = EVS_RECORD("snapshot", EvsSnapshot, snapshot_fields, .key = "id");

static const EvsField create_fields[] = {
  EVS_FIELD(EvsSnapshotCreate, volume_id, TEXT, "snapshot/volume_id",
            .flags = EVS_FIELD_REQUIRED | EVS_FIELD_UUID, .help = "the disk", .flag = "volume"),
  EVS_FIELD(EvsSnapshotCreate, name, TEXT, "snapshot/name", .most = 64, .help = "name"),
  EVS_FIELD(EvsSnapshotCreate, description, TEXT, "snapshot/description", .most = 85, .help = "description"),
  EVS_FIELD(EvsSnapshotCreate, force, BOOL, "snapshot/force", .help = "also while the disk is attached"),
  EVS_FIELD(EvsSnapshotCreate, metadata, MAP, "snapshot/metadata", .most = 255, .help = "metadata"),
};
const EvsRecord evs_record_snapshot_create = EVS_RECORD("request", EvsSnapshotCreate, create_fields);
const EvsRecord evs_record_cinder_snapshot_create = EVS_RECORD("request", EvsSnapshotCreate, create_fields);

static gboolean check_update(const void *value, GError **error)
{
  const EvsSnapshotUpdate *update = value;
  return update->name || update->description ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "one of 'name' and 'description' is expected");
}

static const EvsField update_fields[] = {
  EVS_FIELD(EvsSnapshotUpdate, name, TEXT, "snapshot/name", .most = 64, .help = "the new name"),
  EVS_FIELD(EvsSnapshotUpdate, description, TEXT, "snapshot/description", .most = 85,
            .help = "the new description"),
};
const EvsRecord evs_record_snapshot_update =
  EVS_RECORD("update", EvsSnapshotUpdate, update_fields, .check = check_update);

static const EvsField rollback_fields[] = {
  EVS_FIELD(EvsRollback, volume_id, TEXT, "rollback/volume_id", .flags = EVS_FIELD_REQUIRED | EVS_FIELD_UUID,
            .help = "the snapshot's own disk", .flag = "volume"),
  EVS_FIELD(EvsRollback, name, TEXT, "rollback/name", .most = 64, .help = "the disk's name"),
};
const EvsRecord evs_record_rollback = EVS_RECORD("request", EvsRollback, rollback_fields);

static const EvsField rolled_back_fields[] = {
  EVS_FIELD(EvsRolledBack, volume_id, TEXT, "volume_id"),
};
const EvsRecord evs_record_rolled_back = EVS_RECORD("rollback", EvsRolledBack, rolled_back_fields);

/* ---- queries ---- */

static const char *const service_types[] = {"EVS", "DSS", "DESS", NULL};

static const EvsField query_fields[] = {
  EVS_FIELD(EvsSnapshotFilter, limit, INT, "limit", .least = 1, .most = 1000, .help = "snapshots per page"),
  EVS_FIELD(EvsSnapshotFilter, name, TEXT, "name", .least = 1, .most = 64, .help = "of this name"),
  EVS_FIELD(EvsSnapshotFilter, volume_id, TEXT, "volume_id", .flags = EVS_FIELD_UUID, .help = "of this disk",
            .flag = "volume"),
  EVS_FIELD(EvsSnapshotFilter, status, TEXT, "status", .least = 1, .most = 64, .help = "in this status"),
  EVS_FIELD(EvsSnapshotFilter, availability_zone, TEXT, "availability_zone", .least = 1, .most = 64,
            .help = "in this availability zone", .flag = "zone"),
  EVS_FIELD(EvsSnapshotFilter, id, TEXT, "id", .flags = EVS_FIELD_UUID, .help = "with this id"),
  EVS_FIELD(EvsSnapshotFilter, ids, TEXTS, "id", .flags = EVS_FIELD_UUID | EVS_FIELD_REPEATED, .least = 1,
            .most = 60, .help = "with one of these ids", .flag = "ids"),
  EVS_FIELD(EvsSnapshotFilter, dedicated_storage_id, TEXT, "dedicated_storage_id", .least = 1, .most = 64,
            .help = "on this dedicated storage"),
  EVS_FIELD(EvsSnapshotFilter, dedicated_storage_name, TEXT, "dedicated_storage_name", .least = 1,
            .most = 255, .help = "on the dedicated storage of this name"),
  EVS_FIELD(EvsSnapshotFilter, service_type, TEXT, "service_type", .choices = service_types,
            .help = "of this service"),
  EVS_FIELD(EvsSnapshotFilter, enterprise_project_id, TEXT, "enterprise_project_id", .least = 1, .most = 36,
            .help = "of this enterprise project; all_granted_eps: of all"),
  EVS_FIELD(EvsSnapshotFilter, offset, INT, "offset", .least = 0, .most = G_MAXINT32,
            .help = "snapshots to skip"),
};
const EvsRecord evs_record_snapshot_query = EVS_RECORD("filter", EvsSnapshotFilter, query_fields);

#define CINDER_FIELDS                                                                                        \
  EVS_FIELD(EvsCinderSnapshotFilter, limit, INT, "limit", .least = 1, .most = 1000,                          \
            .help = "snapshots per page"),                                                                   \
    EVS_FIELD(EvsCinderSnapshotFilter, name, TEXT, "name", .least = 1, .most = 85,                           \
              .help = "of exactly this name"),                                                               \
    EVS_FIELD(EvsCinderSnapshotFilter, status, TEXT, "status", .least = 1, .most = 64,                       \
              .help = "in this status"),                                                                     \
    EVS_FIELD(EvsCinderSnapshotFilter, volume_id, TEXT, "volume_id", .flags = EVS_FIELD_UUID,                \
              .help = "of this disk", .flag = "volume"),                                                     \
    EVS_FIELD(EvsCinderSnapshotFilter, offset, INT, "offset", .least = 0, .most = G_MAXINT32,                \
              .help = "snapshots to skip"),                                                                  \
    EVS_FIELD(EvsCinderSnapshotFilter, marker, TEXT, "marker", .flags = EVS_FIELD_UUID,                      \
              .help = "start behind the snapshot with this id")

static const EvsField cinder_query_fields[] = {
  CINDER_FIELDS,
  EVS_FIELD(EvsCinderSnapshotFilter, availability_zone, TEXT, "availability_zone", .least = 1, .most = 64,
            .help = "in this availability zone", .flag = "zone"),
};
static const EvsField cinder_short_query_fields[] = {CINDER_FIELDS};
const EvsRecord evs_record_cinder_snapshot_query =
  EVS_RECORD("filter", EvsCinderSnapshotFilter, cinder_query_fields);
const EvsRecord evs_record_cinder_snapshot_short_query = EVS_RECORD(
  "filter", EvsCinderSnapshotFilter, cinder_short_query_fields, .wider = &evs_record_cinder_snapshot_query);
