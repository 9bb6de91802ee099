#include "evssim/accounts.h"

#include "base/error.h"
#include "base/text.h"
#include "evssim/jsonread.h"

enum {
  ACCOUNTS_MAX = 1000,
  ITEMS_MAX = 1000, /* projects, users, agencies, server groups of one account */
  TYPES_MAX = 50,
  NAME_MAX_BYTES = 64,
};

static void access_key_free(AccessKey *key)
{
  g_free(key->ak);
  g_free(key->sk);
  g_free(key);
}

static void user_free(User *user)
{
  g_free(user->name);
  g_free(user->password);
  g_ptr_array_unref(user->keys);
  g_strfreev(user->actions);
  g_free(user);
}

static void agency_free(Agency *agency)
{
  g_free(agency->name);
  g_strfreev(agency->actions);
  g_free(agency);
}

static void project_free(Project *project)
{
  g_free(project->id);
  g_free(project->name);
  g_hash_table_unref(project->quota);
  g_free(project);
}

void account_free(Account *account)
{
  g_free(account->name);
  g_free(account->domain_id);
  g_ptr_array_unref(account->projects);
  g_ptr_array_unref(account->users);
  g_ptr_array_unref(account->agencies);
  g_free(account);
}

void zone_free(Zone *zone)
{
  g_free(zone->name);
  g_strfreev(zone->types);
  g_strfreev(zone->sold_out);
  g_free(zone);
}

static gboolean invalid(GError **error, const char *where, const char *text)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: %s", where, text);
}

static gboolean is_hex_id(const char *id)
{
  return strlen(id) == SIM_ID_HEX && strspn(id, "0123456789abcdef") == SIM_ID_HEX;
}

/* A name that stands in file names and in Host headers. */
static gboolean read_label(const json_t *object, const char *where, const char *key, const char *fallback,
                           const char **ret_value, GError **error)
{
  if (!jsonread_name(object, where, key, fallback, ret_value, error))
    return FALSE;
  if (!text_is_label(*ret_value, NAME_MAX_BYTES))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: '%s' must be 1-%d of [A-Za-z0-9._-]", where,
                         key, NAME_MAX_BYTES);
  return TRUE;
}

static gboolean load_zone(Sim *sim, const json_t *item, const char *where, GError **error)
{
  static const char *const keys[] = {"name", "types", "sold_out", NULL};
  const char *name;
  if (!jsonread_known(item, where, keys, error) || !read_label(item, where, "name", NULL, &name, error))
    return FALSE;
  if (sim_zone(sim, name))
    return invalid(error, where, "a zone of this name exists");
  Zone *zone = g_new0(Zone, 1);
  zone->name = g_strdup(name);
  g_ptr_array_add(sim->zones, zone);
  return jsonread_strings(item, where, "types", TYPES_MAX, &zone->types, error) &&
         jsonread_strings(item, where, "sold_out", TYPES_MAX, &zone->sold_out, error);
}

static gboolean load_quota(Project *project, const json_t *quota, const char *where, GError **error)
{
  static const char *const kinds[] = {
    "volumes", "gigabytes", "snapshots", "backups", "backup_gigabytes", "per_volume_gigabytes", NULL};
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)quota, key, value)
  {
    gboolean of_type = g_str_has_prefix(key, "volumes_") || g_str_has_prefix(key, "gigabytes_") ||
                       g_str_has_prefix(key, "snapshots_");
    gint64 limit;
    if (!of_type && !g_strv_contains(kinds, key))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: unknown quota '%s'", where, key);
    if (!jsonread_integer(quota, where, key, -1, G_MAXINT32, -1, &limit, error))
      return FALSE;
    g_hash_table_insert(project->quota, g_strdup(key), g_memdup2(&limit, sizeof limit));
  }
  return TRUE;
}

static gboolean load_project(Sim *sim, Account *account, const json_t *item, const char *where,
                             GError **error)
{
  static const char *const keys[] = {"id", "name", "quota", NULL};
  const char *id, *name;
  json_t *quota;
  if (!jsonread_known(item, where, keys, error) || !jsonread_name(item, where, "id", NULL, &id, error) ||
      !read_label(item, where, "name", sim->region, &name, error) ||
      !jsonread_object(item, where, "quota", &quota, error))
    return FALSE;
  if (!is_hex_id(id))
    return invalid(error, where, "'id' must be 32 lower-case hexadecimal digits");
  if (sim_project(sim, id) || account_project(account, name))
    return invalid(error, where, "a project of this id or name exists");
  Project *project = g_new0(Project, 1);
  project->account = account;
  project->id = g_strdup(id);
  project->name = g_strdup(name);
  project->quota = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_ptr_array_add(account->projects, project);
  return load_quota(project, quota, where, error);
}

static gboolean ak_taken(const Sim *sim, const char *ak)
{
  for (guint a = 0; a < sim->accounts->len; a++) {
    const Account *account = g_ptr_array_index(sim->accounts, a);
    for (guint u = 0; u < account->users->len; u++) {
      const User *user = g_ptr_array_index(account->users, u);
      for (guint k = 0; k < user->keys->len; k++)
        if (g_str_equal(((AccessKey *)g_ptr_array_index(user->keys, k))->ak, ak))
          return TRUE;
    }
  }
  return FALSE;
}

static gboolean load_keys(Sim *sim, User *user, const json_t *array, const char *where, GError **error)
{
  static const char *const known[] = {"ak", "sk", NULL};
  for (gsize i = 0; i < json_array_size(array); i++) {
    g_autofree char *at = g_strdup_printf("%s.keys[%zu]", where, i);
    const json_t *item = json_array_get(array, i);
    const char *ak, *sk;
    if (!json_is_object(item))
      return invalid(error, at, "must be an object");
    if (!jsonread_known(item, at, known, error) || !read_label(item, at, "ak", NULL, &ak, error) ||
        !jsonread_name(item, at, "sk", NULL, &sk, error))
      return FALSE;
    if (ak_taken(sim, ak))
      return invalid(error, at, "this 'ak' is taken");
    AccessKey *key = g_new0(AccessKey, 1);
    key->ak = g_strdup(ak);
    key->sk = g_strdup(sk);
    g_ptr_array_add(user->keys, key);
  }
  return TRUE;
}

static gboolean load_user(Sim *sim, Account *account, const json_t *item, const char *where, GError **error)
{
  static const char *const known[] = {"name", "password", "keys", "actions", NULL};
  const char *name, *password;
  json_t *keys;
  if (!jsonread_known(item, where, known, error) || !read_label(item, where, "name", NULL, &name, error) ||
      !jsonread_string(item, where, "password", "", &password, error) ||
      !jsonread_array(item, where, "keys", ITEMS_MAX, &keys, error))
    return FALSE;
  for (guint i = 0; i < account->users->len; i++)
    if (g_str_equal(((User *)g_ptr_array_index(account->users, i))->name, name))
      return invalid(error, where, "a user of this name exists");
  User *user = g_new0(User, 1);
  user->account = account;
  user->name = g_strdup(name);
  user->password = g_strdup(password);
  user->keys = g_ptr_array_new_with_free_func((GDestroyNotify)access_key_free);
  g_ptr_array_add(account->users, user);
  return jsonread_strings(item, where, "actions", ITEMS_MAX, &user->actions, error) &&
         load_keys(sim, user, keys, where, error);
}

static gboolean load_agency(Sim *sim, Account *account, const json_t *item, const char *where, GError **error)
{
  static const char *const known[] = {"name", "actions", NULL};
  const char *name;
  (void)sim;
  if (!jsonread_known(item, where, known, error) || !read_label(item, where, "name", NULL, &name, error))
    return FALSE;
  if (account_agency(account, name))
    return invalid(error, where, "an agency of this name exists");
  Agency *agency = g_new0(Agency, 1);
  agency->account = account;
  agency->name = g_strdup(name);
  g_ptr_array_add(account->agencies, agency);
  return jsonread_strings(item, where, "actions", ITEMS_MAX, &agency->actions, error);
}

/* "node-%d" -> "node-3". The one %d is checked by the caller. */
static char *numbered(const char *pattern, gint64 number)
{
  const char *mark = strstr(pattern, "%d");
  if (!mark)
    return g_strdup(pattern);
  return g_strdup_printf("%.*s%" G_GINT64_FORMAT "%s", (int)(mark - pattern), pattern, number, mark + 2);
}

static gboolean load_servers(Sim *sim, Account *account, const json_t *item, const char *where,
                             GError **error)
{
  static const char *const known[] = {"name",  "count",  "project", "zone", "bus",
                                      "slots", "agency", "id",      NULL};
  static const char *const buses[] = {"virtio", "scsi", NULL};
  const char *name, *project_name, *zone, *agency, *id;
  gint64 count, slots;
  int bus;
  if (!jsonread_known(item, where, known, error) || !jsonread_name(item, where, "name", NULL, &name, error) ||
      !jsonread_name(item, where, "project", sim->region, &project_name, error) ||
      !jsonread_name(item, where, "zone", NULL, &zone, error) ||
      !jsonread_string(item, where, "agency", "", &agency, error) ||
      !jsonread_string(item, where, "id", "", &id, error) ||
      !jsonread_integer(item, where, "count", 1, SIM_SERVERS_MAX, 1, &count, error) ||
      !jsonread_integer(item, where, "slots", 1, SIM_SLOTS_MAX, 24, &slots, error) ||
      !jsonread_choice(item, where, "bus", buses, SIM_BUS_VIRTIO, &bus, error))
    return FALSE;
  if (count > 1 && (!strstr(name, "%d") || *id))
    return invalid(error, where, "'count' above 1 needs a '%d' in 'name' and no 'id'");
  Project *project = account_project(account, project_name);
  if (!project)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: no project '%s' in this account", where,
                         project_name);
  for (gint64 i = 1; i <= count; i++) {
    g_autofree char *one = numbered(name, i);
    if (!sim_server_add(sim, project, one, zone, (SimBus)bus, (int)slots, *agency ? agency : NULL,
                        *id ? id : NULL, error)) {
      g_prefix_error(error, "%s: ", where);
      return FALSE;
    }
  }
  return TRUE;
}

typedef gboolean (*LoadItem)(Sim *sim, Account *account, const json_t *item, const char *where,
                             GError **error);

static gboolean load_items(Sim *sim, Account *account, const json_t *object, const char *where,
                           const char *key, LoadItem load, GError **error)
{
  json_t *array;
  if (!jsonread_array(object, where, key, ITEMS_MAX, &array, error))
    return FALSE;
  for (gsize i = 0; i < json_array_size(array); i++) {
    g_autofree char *at = g_strdup_printf("%s.%s[%zu]", where, key, i);
    if (!json_is_object(json_array_get(array, i)))
      return invalid(error, at, "must be an object");
    if (!load(sim, account, json_array_get(array, i), at, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean load_account(Sim *sim, const json_t *item, const char *where, GError **error)
{
  static const char *const known[] = {"name", "domain_id", "projects", "users", "agencies", "servers", NULL};
  const char *name, *domain_id;
  if (!jsonread_known(item, where, known, error) || !read_label(item, where, "name", NULL, &name, error) ||
      !jsonread_name(item, where, "domain_id", NULL, &domain_id, error))
    return FALSE;
  if (!is_hex_id(domain_id))
    return invalid(error, where, "'domain_id' must be 32 lower-case hexadecimal digits");
  if (sim_account(sim, name) || sim_account_by_domain(sim, domain_id))
    return invalid(error, where, "an account of this name or domain_id exists");
  Account *account = g_new0(Account, 1);
  account->name = g_strdup(name);
  account->domain_id = g_strdup(domain_id);
  account->projects = g_ptr_array_new_with_free_func((GDestroyNotify)project_free);
  account->users = g_ptr_array_new_with_free_func((GDestroyNotify)user_free);
  account->agencies = g_ptr_array_new_with_free_func((GDestroyNotify)agency_free);
  g_ptr_array_add(sim->accounts, account);
  return load_items(sim, account, item, where, "projects", load_project, error) &&
         load_items(sim, account, item, where, "users", load_user, error) &&
         load_items(sim, account, item, where, "agencies", load_agency, error) &&
         load_items(sim, account, item, where, "servers", load_servers, error);
}

gboolean accounts_load(Sim *sim, const json_t *document, const char *where, GError **error)
{
  static const char *const known[] = {"format", "cloud", "region", "zones", "accounts", NULL};
  const char *cloud, *region;
  gint64 format;
  json_t *zones, *accounts;
  if (!jsonread_known(document, where, known, error) ||
      !jsonread_integer(document, where, "format", 1, 1, 1, &format, error) ||
      !read_label(document, where, "cloud", "sim.test", &cloud, error) ||
      !read_label(document, where, "region", "sim-1", &region, error) ||
      !jsonread_array(document, where, "zones", ITEMS_MAX, &zones, error) ||
      !jsonread_array(document, where, "accounts", ACCOUNTS_MAX, &accounts, error))
    return FALSE;
  if (json_array_size(zones) == 0 || json_array_size(accounts) == 0)
    return invalid(error, where, "'zones' and 'accounts' must each have an item");
  sim->cloud = g_strdup(cloud);
  sim->region = g_strdup(region);
  for (gsize i = 0; i < json_array_size(zones) + json_array_size(accounts); i++) {
    gboolean is_zone = i < json_array_size(zones);
    gsize index = is_zone ? i : i - json_array_size(zones);
    const json_t *item = json_array_get(is_zone ? zones : accounts, index);
    g_autofree char *at = g_strdup_printf("%s: %s[%zu]", where, is_zone ? "zones" : "accounts", index);
    if (!json_is_object(item))
      return invalid(error, at, "must be an object");
    if (is_zone ? !load_zone(sim, item, at, error) : !load_account(sim, item, at, error))
      return FALSE;
  }
  return TRUE;
}
