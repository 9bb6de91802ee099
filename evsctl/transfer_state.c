#include "evsctl/transfer_state.h"

#include "base/clock.h"
#include "ownership/owner.h"
#include "transfer/accept.h"

const char *transfer_state_name(TransferState state)
{
  static const char *const names[] = {
    [TRANSFER_PENDING] = "pending",     [TRANSFER_EXPIRED] = "expired", [TRANSFER_ACCEPTED] = "accepted",
    [TRANSFER_CANCELLED] = "cancelled", [TRANSFER_FOREIGN] = "foreign",
  };
  return names[state];
}

gboolean transfer_world_read(Session *session, TransferWorld *world, GError **error)
{
  *world = (TransferWorld){.client = session_client(session, error), .now_wall_us = clock_wall_us()};
  world->context = session_context(session);
  return world->client && (world->project_id = evs_client_project_id(world->client, world->context, error)) &&
         (world->transfers = evs_transfer_list(world->client, world->context, NULL, error));
}

void transfer_world_clear(TransferWorld *world)
{
  g_clear_pointer(&world->project_id, g_free);
  g_clear_pointer(&world->transfers, g_ptr_array_unref);
}

const EvsTransfer *transfer_world_find(const TransferWorld *world, const char *id)
{
  for (guint i = 0; i < world->transfers->len; i++) {
    const EvsTransfer *transfer = world->transfers->pdata[i];
    if (g_ascii_strcasecmp(transfer->id, id) == 0 || g_ascii_strcasecmp(transfer->volume_id, id) == 0)
      return transfer;
  }
  return NULL;
}

TransferState transfer_state_of_listed(const TransferWorld *world, const EvsTransfer *transfer,
                                       gint64 *ret_expires_wall_us)
{
  *ret_expires_wall_us = 0;
  if (!transfer_name_parse(transfer->name, ret_expires_wall_us))
    return TRANSFER_FOREIGN;
  return *ret_expires_wall_us > world->now_wall_us ? TRANSFER_PENDING : TRANSFER_EXPIRED;
}

static TransferState judge_sender(const TransferWorld *world, const Handover *handover, const EvsDisk *disk,
                                  const char **ret_note)
{
  gboolean is_over = handover->expires_wall_us <= world->now_wall_us;
  const EvsTransfer *listed = transfer_world_find(world, handover->transfer_id);
  if (listed) {
    *ret_note = is_over ? "may still be accepted: evsctl transfer expire calls it off" : NULL;
    return is_over ? TRANSFER_EXPIRED : TRANSFER_PENDING;
  }
  if (!disk)
    return TRANSFER_ACCEPTED;
  if (g_str_equal(disk->status, "awaiting-transfer"))
    *ret_note = "the disk is offered by another transfer";
  return is_over ? TRANSFER_EXPIRED : TRANSFER_CANCELLED;
}

static TransferState judge_receiver(const TransferWorld *world, const Handover *handover, const EvsDisk *disk,
                                    const char **ret_note)
{
  if (disk) {
    g_autofree char *mark = transfer_source_mark(handover);
    if (g_ascii_strcasecmp(evs_disk_metadata(disk, OWNER_KEY_SOURCE), mark) != 0)
      *ret_note = "not marked yet: call evsctl transfer accept again";
    return TRANSFER_ACCEPTED;
  }
  if (handover->expires_wall_us <= world->now_wall_us)
    return TRANSFER_EXPIRED;
  *ret_note = "or cancelled: only the sender can tell";
  return TRANSFER_PENDING;
}

gboolean transfer_state_of_handover(const TransferWorld *world, const Handover *handover,
                                    TransferState *ret_state, const char **ret_note, GError **error)
{
  g_autoptr(EvsDisk) disk = NULL;
  *ret_note = NULL;
  if (!transfer_find_disk(world->client, world->context, handover, &disk, error))
    return FALSE;
  gboolean is_sender = g_ascii_strcasecmp(world->project_id, handover->project_id) == 0;
  *ret_state = (is_sender ? judge_sender : judge_receiver)(world, handover, disk, ret_note);
  return TRUE;
}
