#include "evsctl/commands.h"

#define DISKS                                                                                                \
  "id name status size:GIB volume_type:TYPE availability_zone:ZONE multiattach:SHARED "                      \
  "attachments/server_id:SERVERS"
#define CINDER_DISKS                                                                                         \
  "id name status size:GIB volume_type:TYPE availability_zone:ZONE attachments/server_id:SERVERS"
#define SNAPSHOTS "id name status size:GIB volume_id:VOLUME created_at:CREATED"
#define SHORT "id name"
#define TRANSFERS "id name volume_id:VOLUME created_at:CREATED"
#define VERSIONS "id status version min_version updated"
#define TAGS "key value"
#define REPLACES                                                                                             \
  "The cloud may drop all other pairs: `metadata set` changes one, `metadata add` adds.\n"                   \
  "The marks of the CSI driver are metadata, too."

const OperationGroup operation_groups[] = {
  {"volume", "disks"},
  {"snapshot", "snapshots of disks"},
  {"tag", "tags of disks"},
  {"metadata", "metadata of disks and snapshots"},
  {"quota", "what the project may use, and uses"},
  {"type", "disk types"},
  {"zone", "availability zones"},
  {"job", "long work in the cloud"},
  {"server", "ECS servers and their disks"},
  {"transfer", "disks handed over to another account"},
  {"recycle-bin", "deleted disks that can be taken back"},
  {"version", "what the API speaks"},
  {"project", "projects of the account"},
  {NULL, NULL},
};

/* One row per operation: group, verb, variant, operation; then what differs from the defaults. */
// clang-format off
const OperationCommand operation_commands[] = {
  {"volume", "create", NULL, EVS_OP_DISK_CREATE, .columns = DISKS, .look = EVS_OP_DISK_GET, .subject = "volume_ids",
   .summary = "create disks"},
  {"volume", "create", "cinder", EVS_OP_CINDER_VOLUME_CREATE, .look = EVS_OP_CINDER_VOLUME_GET, .subject = "id"},
  {"volume", "create", "v2", EVS_OP_DISK_CREATE_V2, .columns = DISKS, .look = EVS_OP_DISK_GET, .subject = "volume_ids",
   .summary = "create disks"},
  {"volume", "list", NULL, EVS_OP_DISK_LIST, .columns = DISKS},
  {"volume", "list", "cinder", EVS_OP_CINDER_VOLUME_LIST, .columns = CINDER_DISKS},
  {"volume", "list", "cinder-short", EVS_OP_CINDER_VOLUME_LIST_SHORT, .columns = SHORT},
  {"volume", "list", "short", EVS_OP_DISK_LIST_SHORT, .columns = SHORT},
  {"volume", "list", "vendor", EVS_OP_VENDOR_DISK_LIST, .columns = DISKS},
  {"volume", "show", NULL, EVS_OP_DISK_GET, .many = TRUE, .columns = DISKS},
  {"volume", "show", "cinder", EVS_OP_CINDER_VOLUME_GET, .many = TRUE, .columns = CINDER_DISKS},
  {"volume", "show", "vendor", EVS_OP_VENDOR_DISK_GET, .many = TRUE, .columns = DISKS},
  {"volume", "update", NULL, EVS_OP_DISK_UPDATE, .summary = "change a disk's name and description"},
  {"volume", "update", "cinder", EVS_OP_CINDER_VOLUME_UPDATE, .summary = "change a disk's name, description and metadata"},
  {"volume", "extend", NULL, EVS_OP_DISK_EXTEND, .rest = "size:[GIB]", .look = EVS_OP_DISK_GET},
  {"volume", "extend", "cinder", EVS_OP_CINDER_VOLUME_EXTEND, .rest = "size:[GIB]", .look = EVS_OP_CINDER_VOLUME_GET},
  {"volume", "extend", "v2", EVS_OP_DISK_EXTEND_V2, .rest = "size:[GIB]", .look = EVS_OP_DISK_GET},
  {"volume", "extend-many", NULL, EVS_OP_DISK_EXTEND_BATCH, .rest = "volume:VOLUME=GIB...", .look = NO_OP,
   .summary = "expand several disks in one job"},
  {"volume", "delete", NULL, EVS_OP_DISK_DELETE, .many = TRUE, .look = NO_OP},
  {"volume", "delete", "cinder", EVS_OP_CINDER_VOLUME_DELETE, .many = TRUE, .look = EVS_OP_CINDER_VOLUME_GET},
  {"volume", "unsubscribe", NULL, EVS_OP_DISK_UNSUBSCRIBE, .rest = "volume:VOLUME...", .columns = "volume_id result order_id fail_reason",
   .summary = "give up disks that are paid by the year or month",
   .description = "The cloud takes the call even if it cannot give up every disk: look at each result."},
  {"volume", "set-qos", NULL, EVS_OP_DISK_QOS, .look = EVS_OP_DISK_GET, .summary = "change a disk's iops and throughput"},
  {"volume", "retype", NULL, EVS_OP_DISK_RETYPE, .rest = "type:[TYPE]", .look = EVS_OP_DISK_GET,
   .description = "Only to a faster type. It takes hours and cannot be undone: --no-wait returns at once."},
  {"volume", "set-bootable", NULL, EVS_OP_CINDER_VOLUME_SET_BOOTABLE, .rest = "bootable:true|false"},
  {"volume", "set-readonly", NULL, EVS_OP_CINDER_VOLUME_SET_READONLY, .rest = "readonly:true|false"},
  {"volume", "export-image", NULL, EVS_OP_CINDER_VOLUME_EXPORT_IMAGE, .rest = "image-name:[NAME]", .look = EVS_OP_CINDER_VOLUME_GET},
  {"volume", "mark-attached", NULL, EVS_OP_CINDER_VOLUME_ATTACH,
   .description = "Changes the disk's status and nothing else: `evsctl server attach` attaches disks."},
  {"volume", "mark-detached", NULL, EVS_OP_CINDER_VOLUME_DETACH,
   .description = "Changes the disk's status and nothing else: `evsctl server detach` detaches disks."},
  {"volume", "reserve", NULL, EVS_OP_CINDER_VOLUME_RESERVE, .summary = "reserve disk"},
  {"volume", "unreserve", NULL, EVS_OP_CINDER_VOLUME_UNRESERVE, .summary = "unreserve disk"},

  {"snapshot", "create", NULL, EVS_OP_SNAPSHOT_CREATE, .rest = "volume:[VOLUME]", .look = EVS_OP_SNAPSHOT_GET, .subject = "id"},
  {"snapshot", "create", "cinder", EVS_OP_CINDER_SNAPSHOT_CREATE, .rest = "volume:[VOLUME]", .look = EVS_OP_CINDER_SNAPSHOT_GET, .subject = "id"},
  {"snapshot", "list", NULL, EVS_OP_SNAPSHOT_LIST, .columns = SNAPSHOTS},
  {"snapshot", "list", "cinder", EVS_OP_CINDER_SNAPSHOT_LIST, .columns = SNAPSHOTS},
  {"snapshot", "list", "cinder-short", EVS_OP_CINDER_SNAPSHOT_LIST_SHORT, .columns = SNAPSHOTS},
  {"snapshot", "show", NULL, EVS_OP_SNAPSHOT_GET, .many = TRUE, .columns = SNAPSHOTS},
  {"snapshot", "show", "cinder", EVS_OP_CINDER_SNAPSHOT_GET, .many = TRUE, .columns = SNAPSHOTS},
  {"snapshot", "update", NULL, EVS_OP_SNAPSHOT_UPDATE, .summary = "change a snapshot's name and description"},
  {"snapshot", "update", "cinder", EVS_OP_CINDER_SNAPSHOT_UPDATE, .summary = "change a snapshot's name and description"},
  {"snapshot", "delete", NULL, EVS_OP_SNAPSHOT_DELETE, .many = TRUE, .look = EVS_OP_SNAPSHOT_GET, .subject = "snapshot_id"},
  {"snapshot", "delete", "cinder", EVS_OP_CINDER_SNAPSHOT_DELETE, .many = TRUE, .look = EVS_OP_CINDER_SNAPSHOT_GET, .subject = "snapshot_id"},
  {"snapshot", "rollback", NULL, EVS_OP_SNAPSHOT_ROLLBACK, .rest = "volume:[VOLUME]", .look = EVS_OP_DISK_GET,
   .summary = "write a snapshot back to its disk",
   .description = "What was written to the disk since the snapshot is lost. The disk must not be attached."},
  {"snapshot", "rollback", "vendor", EVS_OP_VENDOR_SNAPSHOT_ROLLBACK, .rest = "volume:[VOLUME]", .look = EVS_OP_DISK_GET,
   .summary = "write a snapshot back to its disk"},

  {"tag", "add", NULL, EVS_OP_TAG_ADD, .rest = "tag:KEY=VALUE...", .summary = "set tags of a disk"},
  {"tag", "remove", NULL, EVS_OP_TAG_REMOVE, .rest = "tag:KEY...", .summary = "remove tags of a disk"},
  {"tag", "list", NULL, EVS_OP_TAG_LIST, .columns = "name:KEY value:VALUES", .summary = "list the tags of all disks with their values"},
  {"tag", "show", NULL, EVS_OP_TAG_GET, .columns = TAGS, .summary = "show the tags of a disk"},
  {"tag", "find", NULL, EVS_OP_TAG_FIND, .rest = "tag:KEY[=VALUE,VALUE]...", .columns = "resource_id:VOLUME resource_name:NAME tags"},

  {"metadata", "list", NULL, EVS_OP_DISK_METADATA_LIST, .summary = "list a disk's metadata"},
  {"metadata", "list", "v3", EVS_OP_DISK_METADATA_LIST_V3, .summary = "list a disk's metadata, by the newer path"},
  {"metadata", "list", "snapshot", EVS_OP_SNAPSHOT_METADATA_LIST, .summary = "list a snapshot's metadata"},
  {"metadata", "get", NULL, EVS_OP_DISK_METADATA_GET, .summary = "show one pair of a disk's metadata"},
  {"metadata", "get", "snapshot", EVS_OP_SNAPSHOT_METADATA_GET, .summary = "show one pair of a snapshot's metadata"},
  {"metadata", "add", NULL, EVS_OP_DISK_METADATA_ADD, .rest = "metadata:KEY=VALUE...", .summary = "add metadata to a disk"},
  {"metadata", "add", "snapshot", EVS_OP_SNAPSHOT_METADATA_ADD, .rest = "metadata:KEY=VALUE...", .summary = "add metadata to a snapshot"},
  {"metadata", "set", NULL, EVS_OP_DISK_METADATA_SET, .rest = "meta:VALUE", .summary = "change one pair of a disk's metadata"},
  {"metadata", "set", "snapshot", EVS_OP_SNAPSHOT_METADATA_SET, .rest = "meta:VALUE", .summary = "change one pair of a snapshot's metadata"},
  {"metadata", "update", NULL, EVS_OP_DISK_METADATA_UPDATE, .rest = "metadata:KEY=VALUE...", .summary = "change several pairs of a disk's metadata",
   .description = REPLACES},
  {"metadata", "update", "snapshot", EVS_OP_SNAPSHOT_METADATA_UPDATE, .rest = "metadata:KEY=VALUE...",
   .summary = "change several pairs of a snapshot's metadata", .description = REPLACES},
  {"metadata", "remove", NULL, EVS_OP_DISK_METADATA_REMOVE, .summary = "remove one pair of a disk's metadata"},
  {"metadata", "remove", "snapshot", EVS_OP_SNAPSHOT_METADATA_REMOVE, .summary = "remove one pair of a snapshot's metadata"},

  {"quota", "show", NULL, EVS_OP_QUOTA_GET, .columns = "name in_use:USED reserved limit"},
  {"type", "list", NULL, EVS_OP_TYPE_LIST,
   .columns = "name id extra_specs/RESKEY:availability_zones:ZONES "
              "extra_specs/os-vendor-extended:sold_out_availability_zones:SOLD_OUT"},
  {"type", "show", NULL, EVS_OP_TYPE_GET, .many = TRUE},
  {"zone", "list", NULL, EVS_OP_ZONE_LIST, .columns = "zoneName:NAME zoneState/available:AVAILABLE"},
  {"job", "show", NULL, EVS_OP_JOB_GET, .many = TRUE, .columns = "job_id job_type status begin_time end_time error_code fail_reason"},
  {"job", "show", "server", EVS_OP_SERVER_JOB_GET, .many = TRUE, .columns = "job_id job_type status begin_time end_time error_code fail_reason",
   .summary = "get job of ECS"},

  {"server", "show", NULL, EVS_OP_SERVER_GET, .many = TRUE},
  {"server", "disks", NULL, EVS_OP_SERVER_DISKS, .columns = "volumeId:VOLUME device size:GIB bus bootIndex:BOOT pciAddress:PCI"},
  {"server", "attach", NULL, EVS_OP_SERVER_ATTACH, .rest = "volume:[VOLUME]", .look = EVS_OP_DISK_GET, .subject = "volumeId"},
  {"server", "detach", NULL, EVS_OP_SERVER_DETACH, .look = EVS_OP_DISK_GET,
   .description = "Unmount the disk in the server first. --delete-flag=1 forces it off."},

  {"transfer", "create", "raw", EVS_OP_TRANSFER_CREATE, .secret = TRUE, .rest = "volume:[VOLUME] name:[NAME]",
   .description = "The transfer's id and its key let anybody with an account take the disk. The cloud tells the key this once."},
  {"transfer", "accept", "raw", EVS_OP_TRANSFER_ACCEPT, .summary = "take over a disk"},
  {"transfer", "delete", NULL, EVS_OP_TRANSFER_DELETE, .many = TRUE, .summary = "call a transfer off"},
  {"transfer", "show", "raw", EVS_OP_TRANSFER_GET, .many = TRUE, .columns = TRANSFERS},
  {"transfer", "list", "raw", EVS_OP_TRANSFER_LIST, .columns = TRANSFERS},
  {"transfer", "list", "short", EVS_OP_TRANSFER_LIST_SHORT, .columns = "id name volume_id:VOLUME"},

  {"recycle-bin", "list", NULL, EVS_OP_RECYCLE_LIST, .columns = "id name status size:GIB volume_type:TYPE availability_zone:ZONE plan_delete_at:DELETED_AT"},
  {"recycle-bin", "show", NULL, EVS_OP_RECYCLE_GET, .many = TRUE},
  {"recycle-bin", "delete", NULL, EVS_OP_RECYCLE_DELETE, .many = TRUE},
  {"recycle-bin", "restore", NULL, EVS_OP_RECYCLE_REVERT, .many = TRUE},
  {"recycle-bin", "policy", NULL, EVS_OP_RECYCLE_POLICY, .summary = "show the recycle bin's policy"},
  {"recycle-bin", "set-policy", NULL, EVS_OP_RECYCLE_POLICY_SET, .summary = "set the recycle bin's policy"},

  {"version", "list", NULL, EVS_OP_VERSION_LIST, .columns = VERSIONS},
  {"version", "list", "cinder", EVS_OP_CINDER_VERSION_LIST, .columns = VERSIONS},
  {"version", "show", NULL, EVS_OP_VERSION_GET, .columns = VERSIONS},
  {"version", "show", "cinder", EVS_OP_CINDER_VERSION_GET, .columns = VERSIONS},
  {"version", "extensions", NULL, EVS_OP_EXTENSION_LIST, .columns = "alias name updated description"},

  {"project", "list", NULL, EVS_OP_PROJECT_LIST, .columns = "id name enabled", .summary = "list the projects of the region"},
};
// clang-format on
const gsize operation_command_count = G_N_ELEMENTS(operation_commands);
