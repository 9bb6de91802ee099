/* What can be seen before a disk is accepted: does it fit into the receiver's region, zones, types and quota? */
#include "base/clock.h"
#include "evsclient/catalog.h"
#include "evsclient/quota.h"
#include "transfer/accept.h"

static void judge_place(EvsClient *client, const Handover *handover, const GPtrArray *zones, GPtrArray *types,
                        GPtrArray *problems)
{
  g_autofree char *region = evs_client_region(client);
  const char *zone = handover->availability_zone, *type = handover->volume_type;
  if (*handover->region && region && !g_str_equal(region, handover->region)) {
    transfer_problem_add(problems, "region", "accept it with an account and project of that region",
                         "disk '%s' is in region '%s', this configuration is for '%s'", handover->volume_id,
                         handover->region, region);
    return;
  }
  if (!g_ptr_array_find_with_equal_func((GPtrArray *)zones, zone, g_str_equal, NULL)) {
    transfer_problem_add(problems, "zone", "ask the sender for a disk in a zone that both accounts have",
                         "disk '%s' is in availability zone '%s', which this project does not have",
                         handover->volume_id, zone);
    return;
  }
  EvsOffer offer = evs_disk_type_offer(types, type, zone);
  if (offer == EVS_OFFER_NO_TYPE || offer == EVS_OFFER_NOT_IN_ZONE)
    transfer_problem_add(problems, "type", "ask the sender for a disk of a type that both accounts have",
                         "disk '%s' has type '%s', which this project is not offered in zone '%s'",
                         handover->volume_id, type, zone);
}

static void judge_quota(const Handover *handover, const EvsQuota *quota, GPtrArray *problems)
{
  g_autofree char *of_type = g_strconcat("volumes_", handover->volume_type, NULL);
  g_autofree char *gib_of_type = g_strconcat("gigabytes_", handover->volume_type, NULL);
  const struct {
    const char *name, *unit;
    gint64 needed;
  } items[] = {
    {"volumes", "disk", 1},
    {of_type, "disk", 1},
    {"gigabytes", "GiB", handover->size_gib},
    {gib_of_type, "GiB", handover->size_gib},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
    gint64 left = evs_quota_left(quota, items[i].name);
    if (left < items[i].needed)
      transfer_problem_add(problems, "quota", "delete disks, or have the quota raised",
                           "disk '%s' needs %" G_GINT64_FORMAT " %s of quota '%s', %" G_GINT64_FORMAT " left",
                           handover->volume_id, items[i].needed, items[i].unit, items[i].name, left);
  }
}

GPtrArray *transfer_check_receiver(EvsClient *client, const EvsContext *context, const Handover *handover,
                                   gint64 now_wall_us, GError **error)
{
  g_autoptr(GPtrArray) zones = evs_zone_list(client, context, error);
  g_autoptr(GPtrArray) types = zones ? evs_disk_type_list(client, context, error) : NULL;
  GError *local = NULL;
  g_autoptr(EvsQuota) quota = types ? evs_quota_get(client, context, &local) : NULL;
  if (evs_error_is(local, EVS_CODE_PERMISSION_DENIED)) /* reading it is optional: then the cloud refuses */
    g_clear_error(&local);
  if (local)
    g_propagate_error(error, local);
  if (!types || local) {
    g_prefix_error(error, "before accepting disk '%s': ", handover->volume_id);
    return NULL;
  }
  GPtrArray *problems = g_ptr_array_new_with_free_func(transfer_problem_free);
  g_autoptr(GError) expired = NULL;
  if (!handover_check_expiry(handover, now_wall_us, &expired))
    transfer_problem_add(problems, "expiry", "ask the sender for a new one: evsctl transfer create", "%s",
                         expired->message);
  judge_place(client, handover, zones, types, problems);
  if (quota)
    judge_quota(handover, quota, problems);
  return problems;
}
