/* Field tables of the OpenStack face: reference 7.1; evs-facts 4.2-4.6, 4.10. Snapshots: snapshot_record.c. */
#include "evsclient/cinder.h"
#include "evsclient/records.h"

static gboolean check_update(const void *value, GError **error)
{
  const EvsCinderVolumeUpdate *update = value;
  return update->name || update->description || update->display_name || update->display_description ||
         update->metadata ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "one of 'name', 'description' and 'metadata' is expected");
}

static const EvsField update_fields[] = {
  EVS_FIELD(EvsCinderVolumeUpdate, name, TEXT, "volume/name", .most = 64, .help = "the new name"),
  EVS_FIELD(EvsCinderVolumeUpdate, description, TEXT, "volume/description", .most = 85,
            .help = "the new description"),
  EVS_FIELD(EvsCinderVolumeUpdate, display_name, TEXT, "volume/display_name", .most = 64,
            .help = "the new name, if --name is not given"),
  EVS_FIELD(EvsCinderVolumeUpdate, display_description, TEXT, "volume/display_description", .most = 85,
            .help = "the new description, if --description is not given"),
  EVS_FIELD(EvsCinderVolumeUpdate, metadata, MAP, "volume/metadata", .most = 255,
            .help = "metadata to add or change"),
};
const EvsRecord evs_record_cinder_volume_update =
  EVS_RECORD("update", EvsCinderVolumeUpdate, update_fields, .check = check_update);

static const EvsField delete_fields[] = {
  EVS_FIELD(EvsCinderVolumeDelete, cascade, BOOL, "cascade", .help = "with all its snapshots"),
};
const EvsRecord evs_record_cinder_volume_delete = EVS_RECORD("query", EvsCinderVolumeDelete, delete_fields);

static const char *const sort_keys[] = {"created_at", "id", "status", "size", NULL};
static const char *const sort_directions[] = {"desc", "asc", NULL};

static const EvsField query_fields[] = {
  EVS_FIELD(EvsCinderVolumeFilter, limit, INT, "limit", .least = 1, .most = 1000, .help = "disks per page"),
  EVS_FIELD(EvsCinderVolumeFilter, name, TEXT, "name", .least = 1, .most = 64, .help = "of this name"),
  EVS_FIELD(EvsCinderVolumeFilter, status, TEXT, "status", .least = 1, .most = 64, .help = "in this status"),
  EVS_FIELD(EvsCinderVolumeFilter, availability_zone, TEXT, "availability_zone", .least = 1, .most = 64,
            .help = "in this availability zone", .flag = "zone"),
  EVS_FIELD(EvsCinderVolumeFilter, metadata, MAP, "metadata", .most = 255, .help = "with this metadata"),
  EVS_FIELD(EvsCinderVolumeFilter, sort_key, TEXT, "sort_key", .choices = sort_keys, .help = "sort by this"),
  EVS_FIELD(EvsCinderVolumeFilter, sort_dir, TEXT, "sort_dir", .choices = sort_directions,
            .help = "sort order"),
  EVS_FIELD(EvsCinderVolumeFilter, offset, INT, "offset", .least = 0, .most = G_MAXINT32,
            .help = "disks to skip"),
  EVS_FIELD(EvsCinderVolumeFilter, marker, TEXT, "marker", .flags = EVS_FIELD_UUID,
            .help = "start behind the disk with this id"),
};
const EvsRecord evs_record_cinder_volume_query = EVS_RECORD("filter", EvsCinderVolumeFilter, query_fields);

static const EvsField bootable_fields[] = {
  EVS_FIELD(EvsCinderSwitch, on, BOOL, "os-set_bootable/bootable", .flags = EVS_FIELD_REQUIRED,
            .help = "whether servers can be started from it"),
};
const EvsRecord evs_record_set_bootable = EVS_RECORD("request", EvsCinderSwitch, bootable_fields);

static const EvsField readonly_fields[] = {
  EVS_FIELD(EvsCinderSwitch, on, BOOL, "os-update_readonly_flag/readonly", .flags = EVS_FIELD_REQUIRED,
            .help = "whether it is read-only"),
};
const EvsRecord evs_record_set_readonly = EVS_RECORD("request", EvsCinderSwitch, readonly_fields);

/* ---- images ---- */

static const char *const container_formats[] = {"bare", "ami", "ari", "aki", "ovf", NULL};
static const char *const disk_formats[] = {"vhd", "zvhd", "zvhd2", "raw", "qcow2", NULL};
static const char *const os_types[] = {"linux", "windows", NULL};

static gboolean check_export(const void *value, GError **error)
{
  const EvsImageExport *request = value;
  for (const char *at = request->image_name; *at; at++)
    if (!g_ascii_isalnum(*at) && !strchr("-._ ", *at))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "'image_name' is '%s': letters, digits, '-', '.', '_' and blanks are expected",
                           request->image_name);
  return TRUE;
}

static const EvsField export_fields[] = {
  EVS_FIELD(EvsImageExport, image_name, TEXT, "os-volume_upload_image/image_name",
            .flags = EVS_FIELD_REQUIRED, .least = 1, .most = 128, .help = "name of the image"),
  EVS_FIELD(EvsImageExport, force, BOOL, "os-volume_upload_image/force", .help = "also of a disk in use"),
  EVS_FIELD(EvsImageExport, container_format, TEXT, "os-volume_upload_image/container_format",
            .choices = container_formats, .help = "container format"),
  EVS_FIELD(EvsImageExport, disk_format, TEXT, "os-volume_upload_image/disk_format", .choices = disk_formats,
            .help = "disk format"),
  EVS_FIELD(EvsImageExport, os_type, TEXT, "os-volume_upload_image/__os_type", .choices = os_types,
            .help = "operating system on it"),
};
const EvsRecord evs_record_image_export =
  EVS_RECORD("request", EvsImageExport, export_fields, .check = check_export);

static const EvsField exported_fields[] = {
  EVS_FIELD(EvsExportedImage, image_id, TEXT, "image_id"),
  EVS_FIELD(EvsExportedImage, image_name, TEXT, "image_name"),
  EVS_FIELD(EvsExportedImage, volume_id, TEXT, "id"),
  EVS_FIELD(EvsExportedImage, status, TEXT, "status"),
  EVS_FIELD(EvsExportedImage, size_gib, INT, "size"),
  EVS_FIELD(EvsExportedImage, volume_type, TEXT, "volume_type/name|volume_type"),
  EVS_FIELD(EvsExportedImage, container_format, TEXT, "container_format"),
  EVS_FIELD(EvsExportedImage, disk_format, TEXT, "disk_format"),
  EVS_FIELD(EvsExportedImage, description, TEXT, "display_description"),
  EVS_FIELD(EvsExportedImage, updated_at, TEXT, "updated_at"),
};
const EvsRecord evs_record_exported_image = EVS_RECORD("image", EvsExportedImage, exported_fields);

/* ---- status flips, deprecated ---- */

static const char *const modes[] = {"rw", "ro", NULL};

static const EvsField attach_fields[] = {
  EVS_FIELD(EvsCinderAttach, server_id, TEXT, "os-attach/instance_uuid",
            .flags = EVS_FIELD_REQUIRED | EVS_FIELD_UUID, .help = "the server", .flag = "server"),
  EVS_FIELD(EvsCinderAttach, mountpoint, TEXT, "os-attach/mountpoint", .flags = EVS_FIELD_REQUIRED,
            .most = 255, .help = "device name, /dev/vdb"),
  EVS_FIELD(EvsCinderAttach, mode, TEXT, "os-attach/mode", .choices = modes,
            .help = "read-write or read-only"),
  EVS_FIELD(EvsCinderAttach, host_name, TEXT, "os-attach/host_name", .most = 64, .help = "physical host"),
};
const EvsRecord evs_record_cinder_attach = EVS_RECORD("request", EvsCinderAttach, attach_fields);

static const EvsField detach_fields[] = {
  {.name = "os-detach", .kind = EVS_FIELD_MAP, .fixed = ""},
  EVS_FIELD(EvsCinderDetach, attachment_id, TEXT, "os-detach/attachment_id", .flags = EVS_FIELD_UUID,
            .help = "which attachment, if there are several"),
};
const EvsRecord evs_record_cinder_detach = EVS_RECORD("request", EvsCinderDetach, detach_fields);

typedef struct {
  char nothing;
} Nothing;
static const EvsField reserve_fields[] = {{.name = "os-reserve", .kind = EVS_FIELD_MAP, .fixed = ""}};
static const EvsField unreserve_fields[] = {{.name = "os-unreserve", .kind = EVS_FIELD_MAP, .fixed = ""}};
const EvsRecord evs_record_cinder_reserve = EVS_RECORD("request", Nothing, reserve_fields);
const EvsRecord evs_record_cinder_unreserve = EVS_RECORD("request", Nothing, unreserve_fields);
