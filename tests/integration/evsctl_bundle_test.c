/* evsctl support-bundle: what is in it, that it is whole for tar, and that no planted secret is. */
#include "tests/harness/plugin.h"
#include "tests/integration/controller_support.h"
#include "tests/integration/operator_support.h"

#include "base/text.h"

#include <sys/stat.h>

enum { MAX_FILE = 64 << 20 };

/* Unpacks into a new directory; all files' contents by their names without the first directory. */
static GHashTable *unpack(Harness *harness, const char *archive)
{
  g_autofree char *directory = harness_path(harness, "unpacked");
  assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
  Process *tar = process_start_list(harness, "tar", "-xzvf", archive, "-C", directory, NULL);
  assert_int_equal(process_wait_exit(tar, HARNESS_WAIT_MS), 0);
  g_autofree char *names = process_stdout(tar);
  g_auto(GStrv) lines = g_strsplit(names, "\n", -1);
  GHashTable *files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (char **line = lines; **line; line++) {
    g_autofree char *path = g_build_filename(directory, *line, NULL);
    char *text = NULL;
    struct stat status;
    assert_true(text_read_file(path, MAX_FILE, &text, NULL, NULL));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(g_str_has_prefix(*line, "evs-support-"));
    g_hash_table_insert(files, g_strdup(strchr(*line, '/') + 1), text);
  }
  return files;
}

static void expect_file(GHashTable *files, const char *name, const char *text)
{
  const char *found = g_hash_table_lookup(files, name);
  if (!found || !strstr(found, text))
    fail_msg("'%s' is '%s'", name, found ? found : "not there");
}

static void assert_free_of(GHashTable *files, const char *secret)
{
  GHashTableIter iterator;
  gpointer name, text;
  g_hash_table_iter_init(&iterator, files);
  while (g_hash_table_iter_next(&iterator, &name, &text)) {
    if (strstr(text, secret))
      fail_msg("'%s' holds '%s'", (char *)name, secret);
  }
}

static const char *planted_log = "{\"level\":\"info\",\"msg\":\"sane line\",\"disk\":\"d-1\"}\n"
                                 "password=PLANTED-1 and {\"token\":\"PLANTED-2\"}\n"
                                 "Authorization: SDK-HMAC-SHA256 Access=A, Signature=PLANTED-3\n"
                                 "raw PLANTED-SK-WITHOUT-A-NAME raw\n"
                                 "-----BEGIN PRIVATE KEY-----\nPLANTED-4\n-----END PRIVATE KEY-----\n"
                                 "https://u:PLANTED-5@proxy/\n";

static gint64 port_of(const Plugin *plugin)
{
  g_autofree char *log = process_stderr(plugin->process);
  const char *at = strstr(log, "http endpoint listens");
  at = at ? strstr(at, "\"port\":") : NULL;
  return at ? g_ascii_strtoll(at + strlen("\"port\":"), NULL, 10) : 0;
}

static gboolean has_port(void *plugin)
{
  return port_of(plugin) > 0;
}

static char *secret_key_of(const char *cloud_config)
{
  g_autofree char *text = NULL;
  assert_true(text_read_file(cloud_config, MAX_FILE, &text, NULL, NULL));
  const char *at = strstr(text, "secret-key");
  assert_non_null(at);
  at += strcspn(at, "=") + 1;
  at += strspn(at, " ");
  return g_strndup(at, strcspn(at, "\r\n"));
}

static void all_parts_are_in_it_and_no_secret(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  static const char *const options[] = {"--http-endpoint=127.0.0.1:0", NULL};
  Plugin *controller =
    controller_start(*state, sim, &(PluginOptions){.extra = options, .cluster_id = CLUSTER});
  json_t *reply = csi_call_json(controller, "CreateVolume", create_request("pvc-77"), CSI_TIMEOUT_MS, NULL);
  g_autofree char *id = g_strdup(row_text(json_object_get(reply, "volume"), "volume_id"));
  json_decref(reply);
  g_autofree char *path = g_strdup_printf("/v2/{project}/volumes/%s/metadata", id);
  json_decref(cloud_call(*state, sim, NULL, "POST", path,
                         "{\"metadata\":{\"db-password\":\"PLANTED-6\",\"team\":\"x\"}}"));
  g_autofree char *others = disk_make(*state, sim, "other", "pvc-1");
  assert_true(wait_until(has_port, controller, HARNESS_WAIT_MS));
  g_autofree char *from = g_strdup_printf("--from=http://127.0.0.1:%d", (int)port_of(controller));
  g_autofree char *secret = secret_key_of(sim->cloud_config);
  g_auto(GStrv) parts = g_strsplit(planted_log, "PLANTED-SK-WITHOUT-A-NAME", -1);
  g_autofree char *log_text = g_strjoinv(secret, parts),
                  *log = harness_write_file(*state, "odd name!.log", log_text);
  g_autofree char *log_flag = g_strconcat("--log=", log, NULL), *file = harness_path(*state, "bundle.tar.gz");
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "support-bundle", "--cluster-id", CLUSTER, "--file",
                              file, from, log_flag, NULL);
  evsctl_assert_status(&run, 0);
  assert_string_equal(run.err, "");
  g_autofree char *line = g_strconcat(file, "\n", NULL);
  assert_string_equal(run.out, line);
  struct stat status;
  assert_int_equal(stat(file, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  g_autoptr(GHashTable) files = unpack(*state, file);
  g_autofree char *pages = g_strdup_printf("pages/1-127.0.0.1_%d", (int)port_of(controller));
  g_autofree char *metrics = g_strconcat(pages, "/metrics.txt", NULL),
                  *ready = g_strconcat(pages, "/readyz.txt", NULL);
  g_autofree char *pending = g_strconcat(pages, "/pending.json", NULL);
  expect_file(files, "README.txt", "disks.json");
  expect_file(files, "versions.json", "\"kernel\"");
  expect_file(files, "cloud-config.txt", "# secret-key is set");
  expect_file(files, "doctor.txt", "ok       credentials");
  expect_file(files, "doctor.json", "\"checks\"");
  expect_file(files, "disks.json", id);
  expect_file(files, "disks.json", "\"team\": \"x\"");
  expect_file(files, "snapshots.json", "[]");
  expect_file(files, "orphans.json", "[]");
  expect_file(files, metrics, "evs_cloud_calls_total");
  expect_file(files, pending, "[");
  expect_file(files, ready, "");
  expect_file(files, "logs/1-odd_name_.log", "sane line");
  expect_file(files, "logs/1-odd_name_.log", "raw *** raw");
  assert_null(g_hash_table_lookup(files, "problems.txt"));
  assert_null(strstr(g_hash_table_lookup(files, "disks.json"), others));
  assert_free_of(files, "PLANTED");
  assert_free_of(files, secret);
}

/* Nobody answers, no log is there, the cloud refuses us: the rest is there, and the bundle says what is not. */
static void what_cannot_be_had_is_listed(void **state)
{
  g_autofree char *config = harness_write_file(
    *state, "c",
    "[Global]\nregion=r1\naccess-key=a\nsecret-key=PLANTED-KEY\nproject-id=0123456789abcdef0123456789abcdef"
    "\nendpoint-evs=http://127.0.0.1:1\nendpoint-ecs=http://127.0.0.1:1\nendpoint-iam=http://127.0.0.1:1\n");
  g_autofree char *file = harness_path(*state, "bundle.tar.gz");
  g_auto(Evsctl) run = evsctl(*state, config, "support-bundle", "--file", file, "--from=http://127.0.0.1:1",
                              "--log=/nonexistent", "--timeout=2", "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *shown = json_loads(run.out, 0, NULL);
  assert_true(json_array_size(json_object_get(shown, "left_out")) >= 3);
  json_decref(shown);
  g_autoptr(GHashTable) files = unpack(*state, file);
  expect_file(files, "doctor.txt", "fail     endpoint evs");
  expect_file(files, "problems.txt", "/nonexistent");
  expect_file(files, "problems.txt", "http://127.0.0.1:1");
  expect_file(files, "problems.txt", "disks");
  assert_free_of(files, "PLANTED");
}

static void an_existing_file_is_not_overwritten(void **state)
{
  g_autofree char *file = harness_write_file(*state, "there.tar.gz", "mine");
  g_auto(Evsctl) run = evsctl(*state, "/nonexistent", "support-bundle", "--file", file, NULL);
  evsctl_assert_status(&run, 1);
  g_autofree char *text = NULL;
  assert_true(text_read_file(file, MAX_FILE, &text, NULL, NULL));
  assert_string_equal(text, "mine");
  g_auto(Evsctl) wrong = evsctl(*state, "/nonexistent", "support-bundle", "--from=ftp://x", NULL);
  evsctl_assert_status(&wrong, 2);
}

/* Only the end of a long log is taken, from a whole line on. */
static void long_logs_are_cut(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(GString) text = g_string_new("first line\n");
  while (text->len < 17 << 20)
    g_string_append(
      text, "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890\n");
  g_string_append(text, "last line\n");
  g_autofree char *log = harness_write_file(*state, "long.log", text->str),
                  *flag = g_strconcat("--log=", log, NULL);
  g_autofree char *file = harness_path(*state, "bundle.tar.gz");
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "support-bundle", "--file", file, flag, NULL);
  evsctl_assert_status(&run, 0);
  g_autoptr(GHashTable) files = unpack(*state, file);
  const char *taken = g_hash_table_lookup(files, "logs/1-long.log");
  assert_true(g_str_has_prefix(taken, "0123456789"));
  assert_true(g_str_has_suffix(taken, "0\nlast line\n"));
  assert_true(strlen(taken) <= 16 << 20);
  assert_true(strlen(taken) > (16 << 20) - 1000);
}

#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(all_parts_are_in_it_and_no_secret),
    test(what_cannot_be_had_is_listed),
    test(an_existing_file_is_not_overwritten),
    test(long_logs_are_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
