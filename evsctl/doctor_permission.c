/* evsctl doctor: what the credentials permit. Each probe is a call that cannot change anything: it reads, or names a disk
 * that cannot exist, or has a body that lacks what is mandatory. Permitted, it is refused for that; not permitted, it is
 * refused with 403. */
#include "evsclient/api.h"
#include "evsctl/doctor.h"

/* No disk, snapshot or server has it: the cloud's ids are random. */
#define NOBODYS "00000000-0000-0000-0000-000000000000"

typedef struct {
  const char *action; /* of the cloud's permission system */
  gboolean is_needed;
  EvsOp op;
  const char *query, *body;
  const char *lost; /* what does not work without it */
} Probe;

static const Probe probes[] = {
  {"evs:volumes:list", TRUE, EVS_OP_DISK_LIST, "limit=1", NULL,
   "every call: disks are found and watched by lists"},
  {"evs:volumes:get", TRUE, EVS_OP_DISK_GET, NULL, NULL,
   "every call: disks are looked at before they are touched"},
  {"evs:volumes:create", TRUE, EVS_OP_DISK_CREATE, NULL, "{\"volume\":{}}", "CreateVolume"},
  {"evs:volumes:delete", TRUE, EVS_OP_DISK_DELETE, NULL, NULL, "DeleteVolume"},
  {"evs:volumes:extend", TRUE, EVS_OP_DISK_EXTEND, NULL, "{\"os-extend\":{}}", "ControllerExpandVolume"},
  {"evs:snapshots:list", TRUE, EVS_OP_SNAPSHOT_LIST, "limit=1", NULL,
   "DeleteVolume (it must know a disk's snapshots), snapshots"},
  {"evs:types:get", TRUE, EVS_OP_TYPE_LIST, NULL, NULL, "CreateVolume without a type, GetCapacity"},
  {"ecs:cloudServers:get", TRUE, EVS_OP_SERVER_GET, NULL, NULL, "attaching and detaching"},
  {"ecs:cloudServers:attach", TRUE, EVS_OP_SERVER_ATTACH, NULL, "{\"volumeAttachment\":{}}",
   "ControllerPublishVolume (needs evs:volumes:use too)"},
  {"ecs:cloudServers:detachVolume", TRUE, EVS_OP_SERVER_DETACH, NULL, NULL, "ControllerUnpublishVolume"},
  {"evs:snapshots:create", FALSE, EVS_OP_SNAPSHOT_CREATE, NULL, "{\"snapshot\":{}}",
   "CreateSnapshot, clones"},
  {"evs:snapshots:get", FALSE, EVS_OP_SNAPSHOT_GET, NULL, NULL, "CreateSnapshot, restoring, clones"},
  {"evs:snapshots:delete", FALSE, EVS_OP_SNAPSHOT_DELETE, NULL, NULL,
   "DeleteSnapshot, clones (their temporary snapshots stay)"},
  {"evs:quotas:get", FALSE, EVS_OP_QUOTA_GET, NULL, NULL, "GetCapacity knows no limit; quotas here"},
  {"evs:volumes:modifyQos", FALSE, EVS_OP_DISK_QOS, NULL, "{\"qos_modify\":{}}",
   "ControllerModifyVolume: iops, throughput"},
  {"evs:volumes:retype", FALSE, EVS_OP_DISK_RETYPE, NULL, "{\"os-retype\":{}}",
   "ControllerModifyVolume: type (--enable-retype)"},
  {"evs:volumes:update", FALSE, EVS_OP_DISK_UPDATE, NULL, "{\"volume\":{}}",
   "evsctl adopt, taking disks out of the recycle bin"},
  {"evs:snapshots:update", FALSE, EVS_OP_SNAPSHOT_UPDATE, NULL, "{\"snapshot\":{}}",
   "evsctl adopt --snapshots"},
  {"evs:transfers:list", FALSE, EVS_OP_TRANSFER_LIST, "limit=1", NULL, "evsctl explain: pending transfers"},
  {"evs:transfers:create", FALSE, EVS_OP_TRANSFER_CREATE, NULL, "{\"transfer\":{}}",
   "evsctl transfer create"},
  {"evs:transfers:accept", FALSE, EVS_OP_TRANSFER_ACCEPT, NULL, "{\"accept\":{}}", "evsctl transfer accept"},
  {"evs:transfers:delete", FALSE, EVS_OP_TRANSFER_DELETE, NULL, NULL, "evsctl transfer delete"},
};

static void judge(Doctor *doctor, const Probe *probe, const GError *error)
{
  g_autofree char *remedy = g_strdup_printf("permit %s to the user or agency", probe->action);
  if (evs_error_is(error, EVS_CODE_PERMISSION_DENIED)) {
    doctor_add(doctor, probe->action, probe->is_needed ? DOCTOR_FAIL : DOCTOR_WARN,
               g_strdup_printf("not permitted (%s, request %s); lost: %s", evs_error_cloud_code(error),
                               evs_error_request_id(error), probe->lost),
               remedy);
    return;
  }
  gboolean is_answered = !error || evs_error_http_status(error) || evs_error_cloud_code(error)[0];
  if (is_answered && !evs_error_is(error, EVS_CODE_UNAUTHENTICATED))
    doctor_add(doctor, probe->action, DOCTOR_OK, g_strdup("permitted"), NULL);
  else
    doctor_add_error(doctor, probe->action, DOCTOR_WARN, error,
                     "not known: ask again when the cloud answers");
}

void doctor_check_permissions(Doctor *doctor)
{
  EvsClient *client = session_client(doctor->session, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(probes) && !session_interrupted(); i++) {
    g_autoptr(GError) error = NULL;
    EvsContext context = doctor_context(doctor);
    const EvsCall call = {.operation = &evs_operations[probes[i].op],
                          .id = NOBODYS,
                          .second_id = NOBODYS,
                          .query = probes[i].query,
                          .body = probes[i].body};
    g_autoptr(json_t) answer = evs_api_call(client, &context, &call, &error);
    judge(doctor, &probes[i], answer ? NULL : error);
  }
}
