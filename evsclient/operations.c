#include "evsclient/operations.h"

const EvsOperation evs_op_disk_create = {
  .id = "6.1.1",
  .what = "create disk",
  .service = EVS_SERVICE_EVS,
  .method = "POST",
  .path = "/v2.1/{project}/cloudvolumes",
  .repeat = EVS_REPEAT_NEVER,
  .due = "job_id",
};
const EvsOperation evs_op_disk_get = {
  .id = "6.1.4",
  .what = "get disk",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v2/{project}/cloudvolumes/{1}",
  .due = "volume",
};
const EvsOperation evs_op_disk_list = {
  .id = "6.1.3",
  .what = "list disks",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v2/{project}/cloudvolumes/detail",
  .due = "volumes",
};
const EvsOperation evs_op_disk_delete = {
  .id = "6.1.6",
  .what = "delete disk",
  .service = EVS_SERVICE_EVS,
  .method = "DELETE",
  .path = "/v2/{project}/cloudvolumes/{1}",
  .audited = "disk",
};
const EvsOperation evs_op_job_get = {
  .id = "6.4.1",
  .what = "get job",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v1/{project}/jobs/{1}",
  .due = "status",
};
const EvsOperation evs_op_type_list = {
  .id = "7.1.4",
  .what = "list disk types",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v2/{project}/types",
  .due = "volume_types",
};
const EvsOperation evs_op_zone_list = {
  .id = "7.8.1",
  .what = "list availability zones",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v2/{project}/os-availability-zone",
};
const EvsOperation evs_op_server_get = {
  .id = "ecs.server",
  .what = "get server",
  .service = EVS_SERVICE_ECS,
  .method = "GET",
  .path = "/v1/{project}/cloudservers/{1}",
  .due = "server",
};
const EvsOperation evs_op_attach = {
  .id = "ecs.attach",
  .what = "attach disk",
  .service = EVS_SERVICE_ECS,
  .method = "POST",
  .path = "/v1/{project}/cloudservers/{1}/attachvolume",
  .repeat = EVS_REPEAT_NEVER,
  .due = "job_id",
};
const EvsOperation evs_op_detach = {
  .id = "ecs.detach",
  .what = "detach disk",
  .service = EVS_SERVICE_ECS,
  .method = "DELETE",
  .path = "/v1/{project}/cloudservers/{1}/detachvolume/{2}",
  .audited = "disk",
  .due = "job_id",
};
const EvsOperation evs_op_block_devices = {
  .id = "ecs.block_devices",
  .what = "list the server's disks",
  .service = EVS_SERVICE_ECS,
  .method = "GET",
  .path = "/v1/{project}/cloudservers/{1}/block_device",
  .due = "volumeAttachments",
};
const EvsOperation evs_op_ecs_job_get = {
  .id = "ecs.job",
  .what = "get job",
  .service = EVS_SERVICE_ECS,
  .method = "GET",
  .path = "/v1/{project}/jobs/{1}",
  .due = "status",
};
const EvsOperation evs_op_projects = {
  .id = "iam.projects",
  .what = "look up the project",
  .service = EVS_SERVICE_IAM,
  .method = "GET",
  .path = "/v3/projects",
  .due = "projects",
};
const EvsOperation evs_op_disk_extend = {
  .id = "6.1.5",
  .what = "expand disk",
  .service = EVS_SERVICE_EVS,
  .method = "POST",
  .path = "/v2.1/{project}/cloudvolumes/{1}/action",
  .repeat = EVS_REPEAT_NEVER,
};
const EvsOperation evs_op_disk_qos = {
  .id = "6.1.13",
  .what = "change the disk's performance",
  .service = EVS_SERVICE_EVS,
  .method = "PUT",
  .path = "/v5/{project}/cloudvolumes/{1}/qos",
  .repeat = EVS_REPEAT_NEVER,
};
const EvsOperation evs_op_disk_retype = {
  .id = "retype",
  .what = "change the disk's type",
  .service = EVS_SERVICE_EVS,
  .method = "POST",
  .path = "/v2/{project}/volumes/{1}/retype",
  .repeat = EVS_REPEAT_NEVER,
};
const EvsOperation evs_op_snapshot_create = {
  .id = "6.2.1",
  .what = "create snapshot",
  .service = EVS_SERVICE_EVS,
  .method = "POST",
  .path = "/v2/{project}/cloudsnapshots",
  .repeat = EVS_REPEAT_NEVER,
  .due = "snapshot",
  .final_quota_remedy = "delete snapshots (a disk has at most 7) or have the quota of snapshots raised",
};
const EvsOperation evs_op_snapshot_get = {
  .id = "6.2.5",
  .what = "get snapshot",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v2/{project}/cloudsnapshots/{1}",
  .due = "snapshot",
};
const EvsOperation evs_op_snapshot_list = {
  .id = "6.2.4",
  .what = "list snapshots",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v2/{project}/cloudsnapshots/detail",
  .due = "snapshots",
};
const EvsOperation evs_op_snapshot_delete = {
  .id = "6.2.2",
  .what = "delete snapshot",
  .service = EVS_SERVICE_EVS,
  .method = "DELETE",
  .path = "/v2/{project}/cloudsnapshots/{1}",
  .audited = "snapshot",
};
const EvsOperation evs_op_quota_get = {
  .id = "7.3.1",
  .what = "get quotas",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v2/{project}/os-quota-sets/{project}",
  .due = "quota_set",
};
const EvsOperation evs_op_recycle_get = {
  .id = "recycle.get",
  .what = "look into the recycle bin",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v3/{project}/recycle-bin-volumes/{1}",
  .due = "volume",
};
const EvsOperation evs_op_recycle_policy = {
  .id = "recycle.policy",
  .what = "get the recycle bin's policy",
  .service = EVS_SERVICE_EVS,
  .method = "GET",
  .path = "/v3/{project}/recycle-bin-volumes/policy",
};
