#include "controller/volume_health.h"

typedef struct {
  const char *status; /* ends in '*': a prefix. The first that fits counts */
  Csi__V1__VolumeHealthErrorType type;
  const char *reason, *message;
} Finding;

#define HEALTH(name) CSI__V1__VOLUME_HEALTH_ERROR_TYPE__##name

static const Finding findings[] = {
  {"error", HEALTH(INACCESSIBLE), "CreationFailed", "the disk could not be created; delete the volume"},
  {"error_restoring", HEALTH(DATA_LOSS), "RestoreFailed",
   "restoring a backup onto the disk failed: its content is undefined; restore again"},
  {"error_rollbacking", HEALTH(DATA_LOSS), "RollbackFailed",
   "rolling back to a snapshot failed: the content is undefined; roll back again"},
  {"error_extending", HEALTH(DEGRADED), "ExpansionFailed",
   "an expansion failed: data and size are as before, but the disk takes no further change"},
  {"error_deleting", HEALTH(INACCESSIBLE), "DeletionFailed", "the disk could not be deleted"},
  {"error*", HEALTH(DEGRADED), "CloudError", "the cloud reports an error of the disk"},
  {"restoring-backup", HEALTH(INACCESSIBLE), "Restoring", "a backup is being restored onto the disk"},
  {"rollbacking", HEALTH(INACCESSIBLE), "RollingBack", "the disk is being rolled back to a snapshot"},
  {"awaiting-transfer", HEALTH(INACCESSIBLE), "AwaitingTransfer",
   "the disk is offered to another project; accept or delete the transfer"},
  {"deleting", HEALTH(INACCESSIBLE), "Deleting", "the disk is being deleted"},
};

static gboolean fits(const Finding *finding, const char *status)
{
  gsize length = strlen(finding->status);
  if (finding->status[length - 1] == '*')
    return strncmp(finding->status, status, length - 1) == 0;
  return g_str_equal(finding->status, status);
}

static void add(Csi__V1__VolumeHealth *health, Csi__V1__VolumeHealthErrorType type, const char *reason,
                char *message)
{
  Csi__V1__VolumeHealth__VolumeHealthEntry *entry = g_new0(Csi__V1__VolumeHealth__VolumeHealthEntry, 1);
  csi__v1__volume_health__volume_health_entry__init(entry);
  entry->status = type;
  entry->reason = g_strdup(reason);
  entry->message = message;
  health->health_statuses = g_renew(Csi__V1__VolumeHealth__VolumeHealthEntry *, health->health_statuses,
                                    health->n_health_statuses + 1);
  health->health_statuses[health->n_health_statuses++] = entry;
}

Csi__V1__VolumeHealth *volume_health_new(const EvsDisk *disk)
{
  Csi__V1__VolumeHealth *health = g_new0(Csi__V1__VolumeHealth, 1);
  csi__v1__volume_health__init(health);
  health->volume_id = g_strdup(disk->id);
  for (gsize i = 0; i < G_N_ELEMENTS(findings); i++) {
    if (!fits(&findings[i], disk->status))
      continue;
    add(health, findings[i].type, findings[i].reason,
        g_strdup_printf("%s (status '%s')", findings[i].message, disk->status));
    break;
  }
  if (disk->frozen)
    add(health, HEALTH(INACCESSIBLE), "Frozen",
        g_strdup("the cloud has frozen the disk, as it does for an account in arrears"));
  return health;
}
