#include "tests/integration/transfer_support.h"

#include "base/clock.h"
#include "evsclient/transfer.h"
#include "ownership/owner.h"
#include "transfer/eligibility.h"

#define BETA_DISKS 3
#define HOUR_US ((gint64)3600 * G_USEC_PER_SEC)

/* Beta has less quota, and is not offered the type ESSD. */
static const char accounts_text[] =
  "{'format':1,'cloud':'sim.test','region':'sim-1','zones':["
  "{'name':'sim-1a','types':['SSD','GPSSD']},{'name':'sim-1b','types':['SSD']}],'accounts':["
  "{'name':'alpha','domain_id':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',"
  "'projects':[{'id':'" ALPHA_PROJECT "','name':'sim-1'}],"
  "'users':[{'name':'a','password':'pw','keys':[{'ak':'AKALPHA','sk':'SKALPHA'}],'actions':['*']}],"
  "'servers':[{'name':'a-%d','count':1,'project':'sim-1','zone':'sim-1a','bus':'virtio'}]},"
  "{'name':'beta','domain_id':'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',"
  "'projects':[{'id':'" BETA_PROJECT "','name':'sim-1','quota':{'volumes':" G_STRINGIFY(
    BETA_DISKS) ",'gigabytes':100}}],"
                "'users':@USERS@,"
                "'servers':[{'name':'b-%d','count':1,'project':'sim-1','zone':'sim-1a','bus':'virtio'}]}]}";

static const char beta_user[] = "[{\"name\":\"b\",\"password\":\"pw\",\"keys\":[{\"ak\":\"AKBETA\",\"sk\":"
                                "\"SKBETA\"}],\"actions\":[\"*\"]}]";

char *accounts_write_config(Accounts *accounts, const char *name, const char *access_key,
                            const char *secret_key, const char *project)
{
  const char *url = accounts->sim->url;
  g_autofree char *text =
    g_strdup_printf("[Global]\ncloud=sim.test\nregion=sim-1\nproject-id=%s\naccess-key=AK%s\nsecret-key=%s\n"
                    "auth-url=%s/iam/v3\nendpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\n",
                    project, access_key, secret_key, url, url, url, url);
  return harness_write_file(accounts->harness, name, text);
}

static EvsClient *connect_to(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsConfig) config = evs_config_load(path, &error);
  if (!config)
    fail_msg("%s", error->message);
  return evs_client_new(config, NULL);
}

Accounts *accounts_open(Harness *harness, const char *profile)
{
  return accounts_open_with(harness, profile, beta_user);
}

Accounts *accounts_open_with(Harness *harness, const char *profile, const char *beta_users)
{
  Accounts *accounts = g_new0(Accounts, 1);
  g_auto(GStrv) parts = g_strsplit(accounts_text, "'", -1);
  g_autofree char *quoted = g_strjoinv("\"", parts);
  g_auto(GStrv) around = g_strsplit(quoted, "@USERS@", 2);
  g_autofree char *text = g_strjoinv(beta_users, around);
  const SimOptions options = {.accounts = text, .profile = profile};
  accounts->harness = harness;
  accounts->sim = sim_start(harness, &options);
  accounts->alpha_config = accounts_write_config(accounts, "alpha.conf", "ALPHA", "SKALPHA", ALPHA_PROJECT);
  accounts->beta_config = accounts_write_config(accounts, "beta.conf", "BETA", "SKBETA", BETA_PROJECT);
  accounts->alpha = connect_to(accounts->alpha_config);
  accounts->beta = connect_to(accounts->beta_config);
  accounts->watcher = evs_watcher_new(accounts->alpha);
  accounts->context = (EvsContext){.deadline_us = clock_deadline_in_ms(HARNESS_WAIT_MS)};
  return accounts;
}

void accounts_close(Accounts *accounts)
{
  evs_watcher_free(accounts->watcher);
  evs_client_free(accounts->alpha);
  evs_client_free(accounts->beta);
  g_free(accounts->alpha_config);
  g_free(accounts->beta_config);
  g_free(accounts);
}

static void assert_good(gboolean good, const GError *error)
{
  if (!good)
    fail_msg("%s", error ? error->message : "failed without an error");
}

GHashTable *accounts_marks(const char *cluster, const char *volume_name)
{
  GHashTable *metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const Owner owner = {cluster, OWNER_DEFAULT_DRIVER};
  owner_mark(&owner, volume_name, metadata);
  owner_note(metadata, OWNER_KEY_PV_NAME, volume_name);
  return metadata;
}

char *accounts_make_disk(Accounts *accounts, GHashTable *metadata)
{
  const EvsDiskCreate request = {.name = "alphas-disk",
                                 .availability_zone = "sim-1a",
                                 .volume_type = "SSD",
                                 .size_gib = 10,
                                 .metadata = metadata};
  g_autoptr(GError) error = NULL;
  g_autofree char *job = NULL;
  char *id = NULL;
  gboolean good = evs_disk_create(accounts->alpha, &accounts->context, &request, NULL, &job, &id, &error) &&
                  evs_watch_create(accounts->watcher, &accounts->context, id, job, NULL, &error);
  assert_good(good, error);
  g_clear_pointer(&metadata, g_hash_table_unref);
  return id;
}

void accounts_fill_beta(Accounts *accounts)
{
  const EvsDiskCreate request = {
    .name = "full", .availability_zone = "sim-1a", .volume_type = "SSD", .size_gib = 10, .count = BETA_DISKS};
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsAccepted) accepted =
    evs_disk_create_many(accounts->beta, &accounts->context, &request, NULL, &error);
  assert_good(accepted != NULL, error);
}

Handover *accounts_offer(Accounts *accounts, const char *volume_id)
{
  g_autoptr(GError) error = NULL;
  Handover *handover = g_new0(Handover, 1);
  g_autoptr(EvsDisk) disk = evs_disk_get(accounts->alpha, &accounts->context, volume_id, &error);
  assert_good(disk != NULL, error);
  transfer_describe_disk(disk, handover);
  handover->created_wall_us = clock_wall_us();
  handover->expires_wall_us = handover->created_wall_us + HOUR_US;
  handover->region = g_strdup("sim-1");
  handover->volume_mode = g_strdup("Filesystem");
  g_autofree char *name = transfer_name_new(handover->expires_wall_us);
  const EvsTransferCreate request = {.volume_id = volume_id, .name = name};
  g_autoptr(EvsTransfer) transfer =
    evs_transfer_create(accounts->alpha, &accounts->context, &request, &error);
  assert_good(transfer != NULL, error);
  handover->transfer_id = g_strdup(transfer->id);
  handover->auth_key = g_strdup(transfer->auth_key);
  char *text = handover_write(handover, NULL, &error);
  assert_good(text != NULL, error);
  handover_free(handover);
  handover = handover_read(text, strlen(text), NULL, &error);
  assert_good(handover != NULL, error);
  handover_text_free(text);
  return handover;
}

Handover *accounts_with_key(const Handover *handover, const char *key)
{
  Handover changed = *handover;
  changed.auth_key = (char *)key;
  char *text = handover_write(&changed, NULL, NULL);
  Handover *copy = handover_read(text, strlen(text), NULL, NULL);
  handover_text_free(text);
  return copy;
}

char *accounts_expect_disk(const Accounts *accounts, const char *volume_id, const char *account,
                           const char *status, const char *metadata_key)
{
  sim_wait_disk_status(accounts->sim, volume_id, status);
  json_t *disk = sim_disk(accounts->sim, volume_id);
  assert_string_equal(json_string_value(json_object_get(disk, "account")), account);
  const char *value = json_string_value(json_object_get(json_object_get(disk, "metadata"), metadata_key));
  char *copy = g_strdup(value ? value : "");
  json_decref(disk);
  return copy;
}
