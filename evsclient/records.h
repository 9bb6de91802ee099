/* The field tables of all queries, requests and replies, for the rows of operations.c. Inside of the library and of
 * evsctl; programs use the structs of the public headers. Sorted by section of the reference. */
#pragma once

#include "evsclient/record.h"

/* Requests and queries that public calls take as plain arguments. */
typedef struct {
  const char *const *volume_ids;
} EvsDiskUnsubscribe;
typedef struct {
  gint64 iops, throughput;
} EvsDiskQos;
typedef struct {
  char *volume_id;
} EvsRolledBack;
typedef struct {
  gboolean cascade;
} EvsCinderVolumeDelete;
typedef struct {
  gboolean on;
} EvsCinderSwitch;
typedef struct {
  const char *attachment_id;
} EvsCinderDetach;
typedef struct {
  gint64 delete_flag; /* 1: forced */
} EvsServerDetach;

extern const EvsRecord evs_record_link;     /* EvsLink */
extern const EvsRecord evs_record_accepted; /* EvsAccepted */

extern const EvsRecord evs_record_version; /* 5.1, 5.2, 7.7: EvsVersion */

extern const EvsRecord evs_record_disk;              /* EvsDisk */
extern const EvsRecord evs_record_disk_create;       /* 6.1.1: EvsDiskCreate */
extern const EvsRecord evs_record_disk_update;       /* 6.1.2: EvsDiskUpdate */
extern const EvsRecord evs_record_disk_query;        /* 6.1.3: EvsDiskFilter */
extern const EvsRecord evs_record_disk_extend;       /* 6.1.5: EvsDiskExtend */
extern const EvsRecord evs_record_disk_create_v2;    /* 6.1.7: EvsDiskCreate */
extern const EvsRecord evs_record_disk_short_query;  /* 6.1.8: EvsDiskFilter */
extern const EvsRecord evs_record_disk_extend_v2;    /* 6.1.9: EvsDiskExtend */
extern const EvsRecord evs_record_unsubscribe;       /* 6.1.10: EvsDiskUnsubscribe */
extern const EvsRecord evs_record_unsubscribed;      /* EvsUnsubscribed */
extern const EvsRecord evs_record_vendor_disk_query; /* 6.1.11: EvsDiskFilter */
extern const EvsRecord evs_record_qos;               /* 6.1.13: EvsDiskQos */

extern const EvsRecord evs_record_snapshot;        /* EvsSnapshot */
extern const EvsRecord evs_record_snapshot_create; /* 6.2.1: EvsSnapshotCreate */
extern const EvsRecord evs_record_snapshot_update; /* 6.2.3, 7.2.3: EvsSnapshotUpdate */
extern const EvsRecord evs_record_snapshot_query;  /* 6.2.4: EvsSnapshotFilter */
extern const EvsRecord evs_record_rollback;        /* 6.2.6, 6.2.7: EvsRollback */
extern const EvsRecord evs_record_rolled_back;     /* EvsRolledBack */

extern const EvsRecord evs_record_tag;         /* EvsTag */
extern const EvsRecord evs_record_tag_add;     /* 6.3.1 */
extern const EvsRecord evs_record_tag_remove;  /* 6.3.2 */
extern const EvsRecord evs_record_tag_index;   /* 6.3.3 */
extern const EvsRecord evs_record_disk_tags;   /* 6.3.4: EvsDiskTags */
extern const EvsRecord evs_record_tag_filter;  /* 6.3.5: EvsTagFilter */
extern const EvsRecord evs_record_tagged_disk; /* EvsTaggedDisk */

extern const EvsRecord evs_record_job; /* 6.4.1, ecs.job: EvsJob */

extern const EvsRecord evs_record_cinder_volume_create; /* 7.1.1: EvsDiskCreate */
extern const EvsRecord evs_record_cinder_volume_delete; /* 7.1.2: EvsCinderVolumeDelete */
extern const EvsRecord evs_record_cinder_volume_update; /* 7.1.3: EvsCinderVolumeUpdate */
extern const EvsRecord evs_record_cinder_volume_query;  /* 7.1.6, 7.1.8: EvsCinderVolumeFilter */
extern const EvsRecord evs_record_cinder_extend;        /* 7.1.10: EvsDiskExtend */
extern const EvsRecord evs_record_set_bootable;         /* 7.1.11: EvsCinderSwitch */
extern const EvsRecord evs_record_set_readonly;         /* 7.1.12: EvsCinderSwitch */
extern const EvsRecord evs_record_image_export;         /* 7.1.13: EvsImageExport */
extern const EvsRecord evs_record_exported_image;       /* EvsExportedImage */
extern const EvsRecord evs_record_cinder_attach;        /* 7.1.14: EvsCinderAttach */
extern const EvsRecord evs_record_cinder_detach;        /* 7.1.15: EvsCinderDetach */
extern const EvsRecord evs_record_cinder_reserve;       /* 7.1.16 */
extern const EvsRecord evs_record_cinder_unreserve;     /* 7.1.17 */

extern const EvsRecord evs_record_disk_type; /* 7.1.4, 7.1.5: EvsDiskType */
extern const EvsRecord evs_record_extension; /* 7.1.9: EvsExtension */

extern const EvsRecord evs_record_cinder_snapshot_create;      /* 7.2.1: EvsSnapshotCreate */
extern const EvsRecord evs_record_cinder_snapshot_short_query; /* 7.2.4: EvsCinderSnapshotFilter */
extern const EvsRecord evs_record_cinder_snapshot_query;       /* 7.2.5: EvsCinderSnapshotFilter */

extern const EvsRecord evs_record_quota_query; /* 7.3.1 */
extern const EvsRecord evs_record_quota;       /* EvsQuota */

extern const EvsRecord evs_record_transfer_create; /* 7.4.1: EvsTransferCreate */
extern const EvsRecord evs_record_transfer_accept; /* 7.4.2 */
extern const EvsRecord evs_record_transfer_filter; /* 7.4.5, 7.4.6: EvsTransferFilter */
extern const EvsRecord evs_record_transfer;        /* 7.4: EvsTransfer */

extern const EvsRecord evs_record_metadata_pairs; /* 7.5.1, 7.5.4, 7.6.1, 7.6.4 */
extern const EvsRecord evs_record_metadata_pair;  /* 7.5.3, 7.6.3 */
extern const EvsRecord evs_record_metadata;       /* all answers of 7.5, 7.6 */

extern const EvsRecord evs_record_zone; /* 7.8.1: EvsZone */

extern const EvsRecord evs_record_retype;       /* retype: EvsDiskRetype */
extern const EvsRecord evs_record_extend_batch; /* batch.extend: EvsDiskExtendBatch */

extern const EvsRecord evs_record_recycle_filter;     /* recycle.list: EvsRecycleFilter */
extern const EvsRecord evs_record_recycled_disk;      /* recycle.list, recycle.get: EvsRecycledDisk */
extern const EvsRecord evs_record_recycle_policy;     /* recycle.policy: EvsRecyclePolicy */
extern const EvsRecord evs_record_recycle_policy_set; /* recycle.policy.set: EvsRecyclePolicy */

extern const EvsRecord evs_record_server;        /* ecs.server: EvsServer */
extern const EvsRecord evs_record_server_attach; /* ecs.attach: EvsServerAttach */
extern const EvsRecord evs_record_server_detach; /* ecs.detach: EvsServerDetach */
extern const EvsRecord evs_record_block_device;  /* ecs.block_devices: EvsBlockDevice */

extern const EvsRecord evs_record_project_filter; /* iam.projects */
extern const EvsRecord evs_record_project;        /* EvsProject */
