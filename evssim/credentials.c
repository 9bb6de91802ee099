#include "evssim/credentials.h"

#include "evssim/iam.h"

#include <sys/random.h>

#define KIND "credential"

enum {
  TOKEN_BYTES = 192, /* random; the text is twice as long */
  KEY_BYTES = 10,
  SECRET_BYTES = 20,
};

struct Credentials {
  Sim *sim;
  GHashTable *by_id; /* id -> Credential* */
  GQueue order;      /* of Credential*, oldest first */
};

static void credential_free(gpointer data)
{
  Credential *credential = data;
  g_free(credential->id);
  g_free(credential->secret);
  g_free(credential->security_token);
  g_free(credential);
}

/* prefix and so many random bytes in upper-case hexadecimal. */
static char *random_text(const char *prefix, gsize bytes)
{
  guint8 raw[TOKEN_BYTES];
  g_assert(bytes <= sizeof raw);
  gssize got = getrandom(raw, bytes, 0); /* up to 256 bytes never come short */
  g_assert(got == (gssize)bytes);
  GString *text = g_string_new(prefix);
  for (gsize i = 0; i < bytes; i++)
    g_string_append_printf(text, "%02X", raw[i]);
  return g_string_free(text, FALSE);
}

gboolean principal_of_user(Account *account, const char *name, Project *project, Principal *ret_principal)
{
  for (guint i = 0; i < account->users->len; i++) {
    const User *user = account->users->pdata[i];
    if (strcmp(user->name, name) != 0)
      continue;
    *ret_principal = (Principal){account, user->name, (const char *const *)user->actions, project};
    return TRUE;
  }
  return FALSE;
}

gboolean principal_of_agency(Account *account, const char *name, Project *project, Principal *ret_principal)
{
  const Agency *agency = account_agency(account, name);
  if (!agency)
    return FALSE;
  *ret_principal = (Principal){account, agency->name, (const char *const *)agency->actions, project};
  return TRUE;
}

char *credential_time_text(const Sim *sim, gint64 virtual_us)
{
  gint64 wall_us = sim_cloud_of_virtual(sim, virtual_us);
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);
  g_autofree char *seconds = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf("%s.%06dZ", seconds, (int)(wall_us % G_USEC_PER_SEC));
}

gboolean credential_is_expired(const Sim *sim, const Credential *credential)
{
  return sim_virtual_us(sim) >= credential->expires_us;
}

static void keep(Credentials *credentials, Credential *credential)
{
  while (credentials->order.length >= CREDENTIALS_MAX) {
    Credential *oldest = g_queue_pop_head(&credentials->order);
    state_remove(credentials->sim, KIND, oldest->id);
    g_hash_table_remove(credentials->by_id, oldest->id);
  }
  g_hash_table_insert(credentials->by_id, credential->id, credential);
  g_queue_push_tail(&credentials->order, credential);
}

static json_t *record_of(const Credential *credential)
{
  const Principal *principal = &credential->principal;
  return json_pack("{s:s, s:s, s:b, s:s*, s:s*, s:s*, s:I}", "account", principal->account->name, "name",
                   principal->name, "agency", credential->of_agency, "project",
                   principal->project ? principal->project->id : NULL, "secret", credential->secret, "token",
                   credential->security_token, "expires_us", (json_int_t)credential->expires_us);
}

static const Credential *issue(Credentials *credentials, Credential *credential, const Principal *principal,
                               gboolean of_agency, gint64 seconds)
{
  credential->principal = *principal;
  credential->of_agency = of_agency;
  credential->expires_us = sim_virtual_us(credentials->sim) + seconds * G_USEC_PER_SEC;
  keep(credentials, credential);
  state_put(credentials->sim, KIND, credential->id, record_of(credential));
  return credential;
}

const Credential *credentials_issue_token(Credentials *credentials, const Principal *principal,
                                          gboolean of_agency)
{
  Credential *credential = g_new0(Credential, 1);
  credential->id = random_text("MII", TOKEN_BYTES);
  return issue(credentials, credential, principal, of_agency, CREDENTIAL_TOKEN_SECONDS);
}

const Credential *credentials_issue_key(Credentials *credentials, const Principal *principal,
                                        gboolean of_agency, gint64 seconds)
{
  Credential *credential = g_new0(Credential, 1);
  credential->id = random_text("HST", KEY_BYTES);
  credential->secret = random_text("", SECRET_BYTES);
  credential->security_token = random_text("gQpjbi1ub3J0aC0x", TOKEN_BYTES);
  return issue(credentials, credential, principal, of_agency, seconds);
}

const Credential *credentials_find(const Credentials *credentials, const char *id)
{
  return g_hash_table_lookup(credentials->by_id, id);
}

/* A record whose user, agency or project is no longer in the accounts is dropped: it would be worth nothing. */
static void load(Sim *sim, const char *id, json_t *record)
{
  const char *account_name, *name, *project_id = NULL, *secret = NULL, *token = NULL;
  int of_agency = 0;
  json_int_t expires_us = 0;
  if (json_unpack(record, "{s:s, s:s, s:b, s?s, s?s, s?s, s:I}", "account", &account_name, "name", &name,
                  "agency", &of_agency, "project", &project_id, "secret", &secret, "token", &token,
                  "expires_us", &expires_us) != 0)
    return;
  Account *account = sim_account(sim, account_name);
  Project *project = project_id ? sim_project(sim, project_id) : NULL;
  Principal principal;
  if (!account || (project_id && !project) ||
      !(of_agency ? principal_of_agency : principal_of_user)(account, name, project, &principal))
    return;
  Credential *credential = g_new0(Credential, 1);
  credential->id = g_strdup(id);
  credential->secret = g_strdup(secret);
  credential->security_token = g_strdup(token);
  credential->principal = principal;
  credential->of_agency = of_agency;
  credential->expires_us = expires_us;
  keep(iam_credentials(sim), credential);
}

Credentials *credentials_new(Sim *sim)
{
  Credentials *credentials = g_new0(Credentials, 1);
  credentials->sim = sim;
  credentials->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, credential_free);
  g_queue_init(&credentials->order);
  state_register(sim, KIND, load);
  return credentials;
}

void credentials_free(Credentials *credentials)
{
  if (!credentials)
    return;
  g_queue_clear(&credentials->order);
  g_hash_table_unref(credentials->by_id);
  g_free(credentials);
}
