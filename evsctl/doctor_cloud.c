/* evsctl doctor: how much of the quota is left, and what this cloud can do. */
#include "evsclient/api.h"
#include "evsclient/quota.h"
#include "evsclient/recycle_bin.h"
#include "evsctl/doctor.h"

enum { QUOTA_WARN_PERCENT = 90 };

/* ---- quota ---- */

static void check_item(Doctor *doctor, const char *name, const EvsQuotaItem *item)
{
  g_autofree char *check = g_strconcat("quota ", name, NULL);
  gint64 used = item->in_use + item->reserved;
  if (item->limit < 0) {
    doctor_add(doctor, check, DOCTOR_OK, g_strdup_printf("%" G_GINT64_FORMAT " used, no limit", used), NULL);
    return;
  }
  gint64 left = MAX(0, item->limit - used);
  gboolean is_tight = item->limit > 0 ? used * 100 >= item->limit * QUOTA_WARN_PERCENT : TRUE;
  doctor_add(doctor, check,
             left == 0 && item->limit > 0 ? DOCTOR_FAIL
             : is_tight                   ? DOCTOR_WARN
                                          : DOCTOR_OK,
             g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " used, %" G_GINT64_FORMAT " left",
                             used, item->limit, left),
             "have the quota raised, or delete what is not needed (evsctl orphans)");
}

static int compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(a, b);
}

void doctor_check_quota(Doctor *doctor)
{
  static const char *const wanted[] = {"volumes", "gigabytes", "snapshots", NULL};
  g_autoptr(GError) error = NULL;
  EvsContext context = doctor_context(doctor);
  g_autoptr(EvsQuota) quota = evs_quota_get(session_client(doctor->session, NULL), &context, &error);
  if (!quota) {
    doctor_add_error(doctor, "quota", DOCTOR_WARN, error, NULL);
    return;
  }
  g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(quota->items), compare_names);
  for (GList *at = names; at; at = at->next) {
    const EvsQuotaItem *item = evs_quota_item(quota, at->data);
    gboolean is_of_type = strchr(at->data, '_') != NULL && item->limit >= 0; /* "gigabytes_SSD" */
    if (item &&
        (g_strv_contains(wanted, at->data) || (is_of_type && (g_str_has_prefix(at->data, "volumes_") ||
                                                              g_str_has_prefix(at->data, "gigabytes_")))))
      check_item(doctor, at->data, item);
  }
}

/* ---- what the cloud can do ---- */

/* A token that is no UUID is refused as such where tokens are known, and looked at nowhere else. */
static void check_tokens(Doctor *doctor)
{
  g_autoptr(GError) error = NULL;
  EvsContext context = doctor_context(doctor);
  const EvsCall call = {.operation = &evs_operations[EVS_OP_DISK_CREATE],
                        .body = "{\"volume\":{}}",
                        .client_token = "evsctl-doctor"};
  json_decref(evs_api_call(session_client(doctor->session, NULL), &context, &call, &error));
  if (evs_error_is_cloud(error, "EVS.2218"))
    doctor_add(doctor, "idempotency tokens", DOCTOR_OK,
               g_strdup("known: a volume is created once, whatever happens"), NULL);
  else if (evs_error_is_cloud(error, "EVS.2223"))
    doctor_add(doctor, "idempotency tokens", DOCTOR_WARN,
               g_strdup("not switched on in this region (EVS.2223)"),
               "run one controller at a time (leader election), and look for duplicates: evsctl orphans");
  else if (evs_error_is(error, EVS_CODE_PERMISSION_DENIED))
    doctor_add(doctor, "idempotency tokens", DOCTOR_SKIPPED, g_strdup("creating is not permitted"), NULL);
  else
    doctor_add(doctor, "idempotency tokens", DOCTOR_WARN,
               g_strdup("the cloud does not look at X-Client-Token, as older ones do"),
               "run one controller at a time (leader election), and look for duplicates: evsctl orphans");
}

static void check_recycle_bin(Doctor *doctor)
{
  g_autoptr(GError) error = NULL;
  EvsContext context = doctor_context(doctor);
  gboolean is_on = FALSE;
  if (!evs_recycle_bin_policy(session_client(doctor->session, NULL), &context, &is_on, &error))
    doctor_add_error(doctor, "recycle bin", DOCTOR_WARN, error, NULL);
  else
    doctor_add(
      doctor, "recycle bin", DOCTOR_OK,
      g_strdup(
        is_on ? "on: deleted disks can be taken back for some days, are paid for, and count against the quota"
              : "off: a deleted disk is gone"),
      NULL);
}

void doctor_check_features(Doctor *doctor)
{
  check_tokens(doctor);
  check_recycle_bin(doctor);
}
