#include "evssim/standing.h"

#include "base/error.h"
#include "evssim/control.h"
#include "evssim/disks.h"
#include "evssim/jsonread.h"

static const char *const statuses[] = {"normal", "frozen", "suspended", NULL};

/* In the order of kms_moods. */
enum { KMS_OK };

static const struct {
  const char *name;
  int status;
  const char *code, *message;
  KmsUse use;
} kms_moods[] = {
  [KMS_OK] = {.name = "ok"},
  {"no_role", 400, "EVS.2055", "can not create encrypt volume because hasn't xrole.", KMS_CREATE},
  {"no_agency", 401, "EVS.2143", "You need to create an agency for this project for the first time ever",
   KMS_CREATE},
  {"unreachable", 404, "EVS.2044", "Failed to check the role of kms.", KMS_CREATE},
  {"key_disabled", 400, "EVS.2040", "The status of encrypt Key is not enable!", KMS_CREATE},
  {"key_failed", 500, "EVS.2042", "Failed to create cmk.", KMS_CREATE},
  {"key_gone", 500, "EVS.2105",
   "Volume can not be reverted, because the encrypt volume's __system__cmkid is not exist!", KMS_ROLLBACK},
};

/* Of one account. */
typedef struct {
  int status, kms; /* indices */
} Standing;

static Standing standing_of(const Sim *sim, const Account *account)
{
  const Standing *standing = account ? g_hash_table_lookup(sim->standings, account->name) : NULL;
  return standing ? *standing : (Standing){0};
}

gboolean standing_check(Request *request)
{
  static const struct {
    const char *code, *message;
  } refusals[] = {{NULL, NULL},
                  {"EVS.2144", "Your account is frozen and resources cannot be used."},
                  {"EVS.2145", "Your account is suspended and resources cannot be used."}};
  Standing standing = standing_of(request->sim, request->principal.account);
  if (standing.status == 0 || g_str_equal(request->method, "GET"))
    return TRUE;
  if (request->route->service == SIM_SERVICE_EVS)
    reply_error(request, 403, refusals[standing.status].code, "%s", refusals[standing.status].message);
  else if (request->route->service == SIM_SERVICE_ECS)
    reply_error(request, 403, "Ecs.0003", "The account is %s.", statuses[standing.status]);
  else
    return TRUE;
  return FALSE;
}

gboolean standing_kms(Request *request, KmsUse use)
{
  int kms = standing_of(request->sim, request->project->account).kms;
  if (kms == KMS_OK || kms_moods[kms].use != use)
    return TRUE;
  reply_error(request, kms_moods[kms].status, kms_moods[kms].code, "%s", kms_moods[kms].message);
  return FALSE;
}

/* ---- PUT /_sim/accounts/NAME ---- */

static gboolean read_standing(const json_t *body, Standing *standing, GError **error)
{
  const char *names[G_N_ELEMENTS(kms_moods) + 1] = {NULL};
  for (gsize i = 0; i < G_N_ELEMENTS(kms_moods); i++)
    names[i] = kms_moods[i].name;
  return jsonread_choice(body, "account", "status", statuses, standing->status, &standing->status, error) &&
         jsonread_choice(body, "account", "kms", names, standing->kms, &standing->kms, error);
}

static void standing_set(Sim *sim, const char *account, Standing standing)
{
  g_hash_table_replace(sim->standings, g_strdup(account), g_memdup2(&standing, sizeof standing));
}

void standing_handle_put(Request *request)
{
  static const char *const keys[] = {"status", "kms", NULL};
  const json_t *body = control_body(request, keys);
  const char *name = request_path(request, "account");
  g_autoptr(GError) error = NULL;
  Standing standing = standing_of(request->sim, sim_account(request->sim, name));
  if (!body)
    return;
  if (!sim_account(request->sim, name))
    evs_error_set(&error, EVS_CODE_NOT_FOUND, "there is no account '%s'", name);
  if (error || !read_standing(body, &standing, &error)) {
    control_reply_error(request, error);
    return;
  }
  standing_set(request->sim, name, standing);
  state_put(
    request->sim, "standing", name,
    json_pack("{s:s, s:s}", "status", statuses[standing.status], "kms", kms_moods[standing.kms].name));
  reply_json(request, 200,
             json_pack("{s:s, s:s, s:s}", "name", name, "status", statuses[standing.status], "kms",
                       kms_moods[standing.kms].name));
}

static void standing_load(Sim *sim, const char *id, json_t *record)
{
  Standing standing = {0};
  if (read_standing(record, &standing, NULL))
    standing_set(sim, id, standing);
}

void standing_start(Sim *sim)
{
  sim->standings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  state_register(sim, "standing", standing_load);
}

void standing_stop(Sim *sim)
{
  g_clear_pointer(&sim->standings, g_hash_table_unref);
}
