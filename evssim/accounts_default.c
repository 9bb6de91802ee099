/* What evs-sim offers when nobody says what it should: a document for accounts_load() and a cloud-config. */
#include "evssim/accounts.h"

char *accounts_uuid(gint64 seed, const char *name)
{
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "/%s", seed, name);
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
  guint8 bytes[20];
  gsize length = sizeof bytes;
  g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
  g_checksum_get_digest(sum, bytes, &length);
  bytes[6] = (guint8)((bytes[6] & 0x0f) | 0x50);
  bytes[8] = (guint8)((bytes[8] & 0x3f) | 0x80);
  GString *uuid = g_string_sized_new(36);
  for (int i = 0; i < 16; i++)
    g_string_append_printf(uuid, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
  return g_string_free(uuid, FALSE);
}

/* length characters that follow from the seed and the name. */
static char *derived(gint64 seed, const char *name, gsize length, gboolean upper)
{
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "/%s", seed, name);
  char *digits = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
  digits[length] = '\0';
  for (char *c = digits; upper && *c; c++)
    *c = g_ascii_toupper(*c);
  return digits;
}

json_t *accounts_default(gint64 seed)
{
  g_autofree char *domain = derived(seed, "demo/domain", SIM_ID_HEX, FALSE);
  g_autofree char *project = derived(seed, "demo/project", SIM_ID_HEX, FALSE);
  g_autofree char *ak = derived(seed, "demo/ak", 20, TRUE);
  g_autofree char *sk = derived(seed, "demo/sk", 40, FALSE);
  g_autofree char *password = derived(seed, "demo/password", 16, FALSE);
  static const char types[] = "[\"SAS\",\"SSD\",\"GPSSD\",\"ESSD\",\"GPSSD2\",\"ESSD2\"]";
  g_autofree char *text =
    g_strdup_printf("{\"format\":1,\"cloud\":\"sim.test\",\"region\":\"sim-1\",\"zones\":["
                    "{\"name\":\"sim-1a\",\"types\":%s,\"sold_out\":[\"SATA\"]},{\"name\":\"sim-1b\","
                    "\"types\":%s,\"sold_out\":[\"SATA\"]}],"
                    "\"accounts\":[{\"name\":\"demo\",\"domain_id\":\"%s\",\"projects\":[{\"id\":\"%s\","
                    "\"name\":\"sim-1\",\"quota\":"
                    "{\"volumes\":2000,\"gigabytes\":200000,\"snapshots\":500}}],"
                    "\"users\":[{\"name\":\"csi\",\"password\":\"%s\",\"keys\":[{\"ak\":\"%s\",\"sk\":\"%s\"}"
                    "],\"actions\":[\"*\"]}],"
                    "\"agencies\":[{\"name\":\"node\",\"actions\":[\"evs:*\",\"ecs:*\"]}],\"servers\":["
                    "{\"name\":\"node-%%d\",\"count\":3,\"zone\":\"sim-1a\",\"agency\":\"node\"},"
                    "{\"name\":\"other-%%d\",\"count\":1,\"zone\":\"sim-1b\",\"agency\":\"node\"},"
                    "{\"name\":\"scsi-%%d\",\"count\":1,\"zone\":\"sim-1a\",\"bus\":\"scsi\",\"slots\":60,"
                    "\"agency\":\"node\"}]}]}",
                    types, types, domain, project, password, ak, sk);
  return json_loads(text, 0, NULL);
}

char *accounts_cloud_config(const Sim *sim, const char *ca_file)
{
  const Account *account = g_ptr_array_index(sim->accounts, 0);
  for (guint i = 0; i < account->users->len && account->projects->len; i++) {
    const User *user = g_ptr_array_index(account->users, i);
    if (user->keys->len == 0)
      continue;
    const AccessKey *key = g_ptr_array_index(user->keys, 0);
    const Project *project = g_ptr_array_index(account->projects, 0);
    g_autofree char *ca_line = ca_file ? g_strdup_printf("ca-file=%s\n", ca_file) : g_strdup("");
    return g_strdup_printf("[Global]\n"
                           "cloud=%s\nregion=%s\nproject-id=%s\n"
                           "access-key=%s\nsecret-key=%s\n"
                           "auth-url=%s/iam/v3\n"
                           "endpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\n%s",
                           sim->cloud, sim->region, project->id, key->ak, key->sk, sim->base_url,
                           sim->base_url, sim->base_url, sim->base_url, ca_line);
  }
  return NULL;
}

char *accounts_openrc(const Sim *sim, const char *ca_file)
{
  const Account *account = g_ptr_array_index(sim->accounts, 0);
  if (account->users->len == 0 || account->projects->len == 0)
    return NULL;
  const User *user = g_ptr_array_index(account->users, 0);
  const Project *project = g_ptr_array_index(account->projects, 0);
  const struct {
    const char *name, *value;
  } variables[] = {{"OS_USERNAME", user->name},
                   {"OS_PASSWORD", user->password},
                   {"OS_USER_DOMAIN_NAME", account->name},
                   {"OS_PROJECT_DOMAIN_NAME", account->name},
                   {"OS_PROJECT_NAME", project->name},
                   {"OS_REGION_NAME", sim->region},
                   {"OS_IDENTITY_API_VERSION", "3"},
                   {"OS_VOLUME_API_VERSION", "3"},
                   {"OS_CACERT", ca_file}};
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "export OS_AUTH_URL=%s/iam/v3\n", sim->base_url);
  for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
    g_autofree char *quoted = variables[i].value ? g_shell_quote(variables[i].value) : NULL;
    if (quoted)
      g_string_append_printf(text, "export %s=%s\n", variables[i].name, quoted);
  }
  return g_string_free(text, FALSE);
}
