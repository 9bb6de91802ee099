#include "controller/take_over.h"

#include "base/clock.h"
#include "base/log.h"
#include "controller/find_disk.h"
#include "controller/volume_id.h"
#include "transfer/accept.h"

#define SECRET_HANDOVER "handover"
#define SECRET_PASSPHRASE "passphrase"

/* ---- the request and the handover ---- */

static Handover *read_secret(const Csi__V1__CreateVolumeRequest *message, GError **error)
{
  StringMap secrets = STRING_MAP(message, secrets);
  const char *text = string_map_get(secrets, SECRET_HANDOVER);
  if (!text) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                  "parameter 'transfer' needs a secret with the key '" SECRET_HANDOVER
                  "': the text of a handover file; accepted too: '" SECRET_PASSPHRASE "'");
    if (error)
      evs_error_set_remedy(*error,
                           "create the secret that 'csi.storage.k8s.io/provisioner-secret-name' names");
    return NULL;
  }
  const char *given = string_map_get(secrets, SECRET_PASSPHRASE);
  char *passphrase =
    given ? g_strndup(given, strcspn(given, "\r\n")) : NULL; /* a file's line, as evsctl takes it */
  Handover *handover = handover_read(text, strlen(text), passphrase, error);
  handover_text_free(passphrase);
  if (!handover)
    g_prefix_error(error, "secret of the provisioner: ");
  return handover;
}

static gboolean check_size(const VolumeSize *size, const char *volume_id, gint64 has_gib, const char *what,
                           GError **error)
{
  if (has_gib >= size->least_gib && has_gib <= size->most_gib)
    return TRUE;
  gboolean small = has_gib < size->least_gib;
  return evs_error_set(
    error, EVS_CODE_OUT_OF_RANGE,
    "disk '%s'%s has %" G_GINT64_FORMAT " GiB, the request wants at %s %" G_GINT64_FORMAT " GiB", volume_id,
    what, has_gib, small ? "least" : "most", small ? size->least_gib : size->most_gib);
}

static gboolean has_zone(const CreateRequest *request, const char *zone)
{
  return request->zones->len == 0 ||
         g_ptr_array_find_with_equal_func(request->zones, zone, g_str_equal, NULL);
}

static gboolean check_mode(const CreateRequest *request, const Handover *handover, GError **error)
{
  gboolean is_block = g_str_equal(handover->volume_mode, "Block");
  if (is_block ? !request->needs.mount : !request->needs.block)
    return TRUE;
  return evs_error_set(
    error, EVS_CODE_INVALID_ARGUMENT,
    "field 'volume_capabilities' asks for %s, but disk '%s' is handed over as volume mode '%s'",
    is_block ? "a file system" : "raw block", handover->volume_id, handover->volume_mode);
}

static gboolean check_file_system(const Csi__V1__CreateVolumeRequest *message, const Handover *handover,
                                  GError **error)
{
  for (gsize i = 0; *handover->fs_type && i < message->n_volume_capabilities; i++) {
    const Csi__V1__VolumeCapability *capability = message->volume_capabilities[i];
    if (capability->access_type_case != CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT)
      continue;
    const char *wanted = capability->mount->fs_type; /* "": whatever is there */
    if (*wanted && !g_str_equal(wanted, handover->fs_type))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "field 'volume_capabilities' asks for file system '%s', but disk '%s' is handed "
                           "over with '%s'",
                           wanted, handover->volume_id, handover->fs_type);
  }
  return TRUE;
}

gboolean take_over_check(const CreateRequest *request, const Csi__V1__CreateVolumeRequest *message,
                         const Handover *handover, GError **error)
{
  const char *type = request->parameters.type;
  if (!check_mode(request, handover, error) || !check_file_system(message, handover, error))
    return FALSE;
  if (type && !g_str_equal(type, handover->volume_type))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "parameter 'type' is '%s', but disk '%s', which is handed over, has type '%s'", type,
                         handover->volume_id, handover->volume_type);
  if (!check_size(&request->size, handover->volume_id, handover->size_gib, ", which is handed over,", error))
    return FALSE;
  if (!has_zone(request, handover->availability_zone))
    return evs_error_set(
      error, EVS_CODE_RESOURCE_EXHAUSTED,
      "disk '%s', which is handed over, is in availability zone '%s', the request wants '%s'",
      handover->volume_id, handover->availability_zone, (char *)request->zones->pdata[0]);
  return TRUE;
}

/* What the handover told is what was compared: the disk itself has the last word. */
static gboolean check_disk(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  if (!check_size(&request->size, disk->id, disk->size_gib, ", which was taken over,", error))
    return FALSE;
  if (!has_zone(request, disk->availability_zone))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "disk '%s', which was taken over, is in availability zone '%s'", disk->id,
                         disk->availability_zone);
  return TRUE;
}

/* ---- the cloud ---- */

/* A disk made earlier for this name is the volume, and then there is none to take over. */
static gboolean check_name_free(Creation *creation, const Handover *handover, GError **error)
{
  g_autoptr(EvsDisk) found = NULL;
  if (!find_disk(creation->controller, &creation->to_send, creation->request, FIND_BY_CALL, &found, error))
    return FALSE;
  return !found || g_ascii_strcasecmp(found->id, handover->volume_id) == 0 ||
         evs_error_set(error, EVS_CODE_ALREADY_EXISTS,
                       "a volume of this name exists already, disk '%s'; disk '%s' is not taken over",
                       found->id, handover->volume_id);
}

static gboolean refuse_problems(const GPtrArray *problems, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL), remedies = g_string_new(NULL);
  for (guint i = 0; i < problems->len; i++) {
    const TransferProblem *problem = problems->pdata[i];
    g_string_append_printf(text, "%s%s", i ? "; " : "", problem->text);
    if (!strstr(remedies->str, problem->remedy))
      g_string_append_printf(remedies, "%s%s", i ? "; " : "", problem->remedy);
  }
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "%s", text->str);
  if (error)
    evs_error_set_remedy(*error, remedies->str);
  return FALSE;
}

/* Before a disk that is not here is accepted. */
static gboolean check_receiver(Creation *creation, const Handover *handover, GError **error)
{
  EvsClient *client = creation->controller->client;
  g_autoptr(EvsDisk) here = NULL;
  if (!transfer_find_disk(client, &creation->to_send, handover, &here, error))
    return FALSE;
  if (here)
    return TRUE;
  g_autoptr(GPtrArray) problems =
    transfer_check_receiver(client, &creation->to_send, handover, clock_wall_us(), error);
  if (!problems)
    return FALSE;
  return problems->len == 0 || refuse_problems(problems, error);
}

static GHashTable *new_notes(const VolumeParameters *parameters)
{
  GHashTable *notes = g_hash_table_new(g_str_hash, g_str_equal);
  const struct {
    const char *key, *value;
  } pairs[] = {{OWNER_KEY_PV_NAME, parameters->pv_name},
               {OWNER_KEY_PVC_NAME, parameters->pvc_name},
               {OWNER_KEY_PVC_NAMESPACE, parameters->pvc_namespace}};
  for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
    if (pairs[i].value)
      g_hash_table_insert(notes, (char *)pairs[i].key, (char *)pairs[i].value);
  return notes;
}

static gboolean accept_disk(Creation *creation, const Handover *handover, GError **error)
{
  const CreateRequest *request = creation->request;
  g_autoptr(GHashTable) notes = new_notes(&request->parameters);
  const TransferAccept wanted = {.handover = handover,
                                 .owner = &creation->controller->owner,
                                 .volume_name = request->name,
                                 .disk_name = request->evs_name,
                                 .notes = notes,
                                 .after = &creation->to_wait};
  g_autoptr(GError) local = NULL;
  if (transfer_accept(creation->controller->client, &creation->to_send, &wanted, &creation->disk, &local))
    return TRUE;
  if (evs_error_is(local, EVS_CODE_RESOURCE_EXHAUSTED))
    local->code = EVS_CODE_FAILED_PRECONDITION;
  g_propagate_error(error, g_steal_pointer(&local));
  return FALSE;
}

Step take_over(Creation *creation, const Csi__V1__CreateVolumeRequest *message, GError **error)
{
  g_autoptr(Handover) handover = read_secret(message, error);
  if (!handover || !take_over_check(creation->request, message, handover, error))
    return STEP_FAILED;
  g_autofree char *volume_id = g_ascii_strdown(handover->volume_id, -1);
  g_autofree char *resource = volume_id_resource(volume_id);
  if (!rpc_call_claim(creation->call, resource, error))
    return STEP_FAILED;
  rpc_call_note(creation->call, "disk %s is taken over by transfer %s", handover->volume_id,
                handover->transfer_id);
  if (!check_name_free(creation, handover, error) || !check_receiver(creation, handover, error) ||
      !accept_disk(creation, handover, error) || !check_disk(creation->request, creation->disk, error))
    return STEP_FAILED;
  log_info("disk taken over", LOG_TEXT("disk", handover->volume_id),
           LOG_TEXT("transfer", handover->transfer_id), LOG_TEXT("volume", creation->request->name));
  return STEP_DONE;
}
