/* evsctl: what each group shows, as a table, as JSON and as YAML. */
#include "base/clock.h"
#include "tests/integration/evsctl_support.h"

#include <glib/gstdio.h>

static char *text_of(const Ctl *ctl, const char *line)
{
  g_auto(CtlResult) result = ctl_run(ctl, "%s", line);
  if (result.status != 0)
    fail_msg("evsctl %s: status %d: %s", line, result.status, result.err);
  return g_steal_pointer(&result.out);
}

/* Lines of the table that begin like this. */
static guint lines_with(const char *text, const char *start)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  guint count = 0;
  for (char **line = lines; *line; line++)
    count += g_str_has_prefix(*line, start);
  return count;
}

static void assert_has(const char *text, const char *part)
{
  if (!strstr(text, part))
    fail_msg("'%s' is not in:\n%s", part, text);
}

static void volumes_in_three_formats(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  g_autofree char *table = text_of(&ctl, "volume list");
  assert_int_equal(lines_with(table, "ID  "), 1);
  assert_int_equal(lines_with(table, disk), 1);
  assert_has(table, "data  available  10   SSD   sim-1a  false");
  g_autofree char *show = g_strconcat("volume show ", disk, NULL);
  g_autofree char *lines = text_of(&ctl, show);
  assert_has(lines, "status ");
  assert_int_equal(lines_with(lines, "availability_zone "), 1);
  g_autofree char *in_yaml = g_strconcat(show, " -o yaml", NULL);
  g_autofree char *yaml = text_of(&ctl, in_yaml);
  assert_has(yaml, "name: data\nstatus: available\n");
  assert_has(yaml, "size: 10\n");
  json_t *list = ctl_json(&ctl, "volume list --name=data");
  assert_int_equal(json_array_size(list), 1);
  assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "size")), 10);
  json_decref(list);
}

static void lists_page_by_themselves(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  json_decref(ctl_json(&ctl, "volume create --name=v --zone=sim-1a --type=SSD --size=10 --count=7"));
  static const char *const variants[] = {"", " --cinder", " --vendor", " --cinder-short"};
  for (gsize i = 0; i < G_N_ELEMENTS(variants); i++) {
    sim_reset_calls(ctl.sim);
    json_t *all = ctl_json(&ctl, "volume list --page-size=3%s", variants[i]);
    assert_int_equal(json_array_size(all), 7);
    json_decref(all);
    assert_true(sim_calls(ctl.sim, NULL) >= 3);
  }
  sim_reset_calls(ctl.sim);
  json_t *some = ctl_json(&ctl, "volume list --limit=2");
  assert_int_equal(json_array_size(some), 2);
  json_decref(some);
  assert_int_equal(sim_calls(ctl.sim, "6.1.3"), 1);
  json_t *none = ctl_json(&ctl, "volume list --status=error");
  assert_int_equal(json_array_size(none), 0);
  json_decref(none);
}

static void snapshots_and_rollback(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  json_t *snapshot = ctl_json(&ctl, "snapshot create %s --name=before --description='as it was'", disk);
  g_autofree char *id = json_text_at(snapshot, "id"), *text = json_text_at(snapshot, "description");
  json_decref(snapshot);
  assert_string_equal(text, "as it was");
  json_t *rolled = ctl_json(&ctl, "snapshot rollback %s %s --yes", id, disk);
  g_autofree char *status = json_text_at(rolled, "status"), *same = json_text_at(rolled, "id");
  json_decref(rolled);
  assert_string_equal(status, "available");
  assert_string_equal(same, disk);
  json_t *copy =
    ctl_json(&ctl, "volume create --name=copy --zone=sim-1a --type=SSD --size=20 --snapshot=%s", id);
  g_autofree char *source = json_text_at(copy, "snapshot_id");
  json_decref(copy);
  assert_string_equal(source, id);
}

static void tags_and_metadata(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  json_decref(ctl_json(&ctl, "tag add %s stage=test owner=db", disk));
  g_autofree char *all = text_of(&ctl, "tag list");
  assert_int_equal(lines_with(all, "KEY"), 1);
  assert_has(all, "owner  db\n");
  json_t *found = ctl_json(&ctl, "tag find stage=test");
  assert_int_equal(json_array_size(found), 1);
  json_decref(found);
  json_decref(ctl_json(&ctl, "tag remove %s stage owner", disk));
  found = ctl_json(&ctl, "tag find stage=test");
  assert_int_equal(json_array_size(found), 0);
  json_decref(found);

  json_decref(ctl_json(&ctl, "metadata add %s one=1 two=2", disk));
  json_decref(ctl_json(&ctl, "metadata set %s one 'a=b'", disk));
  g_autofree char *line = g_strconcat("metadata list ", disk, NULL);
  g_autofree char *pairs = text_of(&ctl, line);
  assert_int_equal(lines_with(pairs, "one "), 1);
  assert_has(pairs, "  a=b\n");
  assert_int_equal(lines_with(pairs, "two "), 1);
  json_decref(ctl_json(&ctl, "metadata remove %s one", disk));
  g_autofree char *less = text_of(&ctl, line);
  assert_int_equal(lines_with(less, "one "), 0);
}

static void catalog_and_quota(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *zones = text_of(&ctl, "zone list"), *types = text_of(&ctl, "type list");
  g_autofree char *quota = text_of(&ctl, "quota show"), *versions = text_of(&ctl, "version list");
  g_autofree char *projects = text_of(&ctl, "project list");
  assert_has(zones, "sim-1a  true");
  assert_int_equal(lines_with(types, "GPSSD2 "), 1);
  assert_int_equal(lines_with(quota, "gigabytes "), 1);
  assert_has(quota, "NAME");
  assert_int_equal(lines_with(versions, "v3.0"), 1);
  assert_has(projects, "sim-1");
}

static void servers_and_jobs(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  json_t *server = sim_server(ctl.sim, 0);
  g_autofree char *id = json_text_at(server, "id");
  json_decref(server);
  json_t *attached = ctl_json(&ctl, "server attach %s %s", id, disk);
  g_autofree char *status = json_text_at(attached, "status");
  json_decref(attached);
  assert_string_equal(status, "in-use");
  g_autofree char *line = g_strconcat("server disks ", id, NULL);
  g_autofree char *disks = text_of(&ctl, line);
  assert_int_equal(lines_with(disks, disk), 1);
  json_t *taken = ctl_json(&ctl, "server detach %s %s --yes --no-wait", id, disk);
  g_autofree char *job = json_text_at(taken, "job_id");
  json_decref(taken);
  json_decref(ctl_json(&ctl, "job show --server %s", job));
  sim_wait_disk_status(ctl.sim, disk, "available");
  json_decref(ctl_json(&ctl, "server show %s", id));
}

/* The key goes where it is wanted and nowhere else, and only its owner reads the file. */
static void keys_of_transfers_are_kept(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data"), *path = harness_path(ctl.harness, "key");
  g_auto(CtlResult) made =
    ctl_run(&ctl, "transfer create --raw %s gift --key-file=%s --yes --verbose -o json", disk, path);
  assert_int_equal(made.status, 0);
  g_autofree char *key = NULL;
  gsize length;
  assert_true(g_file_get_contents(path, &key, &length, NULL));
  g_strchomp(key);
  assert_true(strlen(key) >= 8);
  assert_null(strstr(made.out, key));
  assert_null(strstr(made.err, key));
  GStatBuf about;
  assert_int_equal(g_stat(path, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0600);
  json_t *transfer = json_loads(made.out, 0, NULL);
  g_autofree char *id = json_text_at(transfer, "id");
  json_decref(transfer);
  ctl_expect(&ctl, 2, "--auth-key-file", "transfer accept --raw %s --yes", id);
  json_decref(ctl_json(&ctl, "transfer delete %s --yes", id));
  sim_wait_disk_status(ctl.sim, disk, "available");
  /* A file that is there is never written over; nothing is handed over for it. */
  ctl_expect(&ctl, 2, "--key-file: cannot make", "transfer create --raw %s gift --key-file=%s --yes", disk,
             path);
  json_t *none = ctl_json(&ctl, "transfer list --raw");
  assert_int_equal(json_array_size(none), 0);
  json_decref(none);
}

/* Another process hands the key over by a pipe; the same account may take its own disk. */
static void a_key_comes_by_stdin(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  json_t *transfer = ctl_json(&ctl, "transfer create --raw %s gift --show-key --yes", disk);
  g_autofree char *id = json_text_at(transfer, "id"), *key = json_text_at(transfer, "auth_key");
  json_decref(transfer);
  const char *dir = g_getenv("EVS_BIN_DIR");
  g_autofree char *wrong = g_strdup_printf(
    "echo 0123456789abcdef | %s/evsctl --cloud-config=%s transfer accept --raw %s --auth-key-file=- --yes",
    dir ? dir : EVS_DEFAULT_BIN_DIR, ctl.cloud_config, id);
  Process *refused = process_start_list(ctl.harness, "sh", "-c", wrong, NULL);
  assert_int_equal(process_wait_exit(refused, HARNESS_WAIT_MS), 1);
  g_autofree char *right =
    g_strdup_printf("echo %s | %s/evsctl --cloud-config=%s transfer accept --raw %s --auth-key-file=- --yes",
                    key, dir ? dir : EVS_DEFAULT_BIN_DIR, ctl.cloud_config, id);
  Process *taken = process_start_list(ctl.harness, "sh", "-c", right, NULL);
  assert_int_equal(process_wait_exit(taken, HARNESS_WAIT_MS), 0);
  sim_wait_disk_status(ctl.sim, disk, "available");
}

static gboolean is_in_bin(void *data)
{
  const Ctl *ctl = data;
  json_t *bin = ctl_json(ctl, "recycle-bin list");
  gboolean one = json_array_size(bin) == 1;
  json_decref(bin);
  return one;
}

/* A day of the cloud is less than a second here. */
static void deleted_disks_come_back(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  json_decref(ctl_json(&ctl, "recycle-bin set-policy --switch --threshold-days=1 --keep-days=7"));
  json_t *policy = ctl_json(&ctl, "recycle-bin policy");
  assert_int_equal(json_integer_value(json_object_get(policy, "keep_time")), 7);
  json_decref(policy);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  sim_send(ctl.sim, "PUT", "/_sim/clock", "{\"speed\":100000}");
  clock_sleep_until(clock_deadline_in_ms(1000));
  sim_send(ctl.sim, "PUT", "/_sim/clock", "{\"speed\":1}");
  json_decref(ctl_json(&ctl, "volume delete %s --yes", disk));
  assert_true(wait_until(is_in_bin, &ctl, HARNESS_WAIT_MS));
  ctl_expect(&ctl, 1, "EVS.5404", "volume show %s", disk);
  json_t *binned = ctl_json(&ctl, "recycle-bin show %s", disk);
  g_autofree char *end = json_text_at(binned, "plan_delete_at"), *id = json_text_at(binned, "id");
  json_decref(binned);
  assert_string_equal(id, disk);
  assert_string_not_equal(end, "");
  json_decref(ctl_json(&ctl, "recycle-bin restore %s", disk));
  sim_wait_disk_status(ctl.sim, disk, "available");
  json_decref(ctl_json(&ctl, "volume delete %s --yes", disk));
  assert_true(wait_until(is_in_bin, &ctl, HARNESS_WAIT_MS));
  ctl_expect(&ctl, 2, "say --yes", "recycle-bin delete %s", disk);
  json_decref(ctl_json(&ctl, "recycle-bin delete %s --yes", disk));
  assert_false(is_in_bin(&ctl));
}

/* ---- texts ---- */

static void the_man_page_has_no_fault(void **state)
{
  Harness *harness = *state;
  g_autofree char *groff = g_find_program_in_path("groff");
  Process *man = process_start_list(harness, "evsctl", "man", NULL);
  assert_int_equal(process_wait_exit(man, HARNESS_WAIT_MS), 0);
  g_autofree char *page = process_stdout(man);
  assert_true(g_str_has_prefix(page, ".TH EVSCTL 1 "));
  if (!groff && g_strcmp0(g_getenv("CI"), "true") != 0)
    skip();
  assert_non_null(groff);
  g_autofree char *path = harness_write_file(harness, "evsctl.1", page);
  Process *read =
    process_start_list(harness, groff, "-ww", "-b", "-man", "-Tutf8", "-P-cbou", "-rLL=100n", path, NULL);
  assert_int_equal(process_wait_exit(read, HARNESS_WAIT_MS), 0);
  g_autofree char *warnings = process_stderr(read), *text = process_stdout(read);
  assert_string_equal(warnings, "");
  assert_has(text, "EXIT STATUS");
}

/* Where man and the shells look. */
static void texts_are_installed(void **state)
{
  Harness *harness = *state;
  g_autofree char *root = harness_path(harness, "root"), *destdir = g_strconcat("DESTDIR=", root, NULL);
  static const char *const files[] = {"usr/share/man/man1/evsctl.1",
                                      "usr/share/bash-completion/completions/evsctl",
                                      "usr/share/zsh/site-functions/_evsctl"};
  Process *install = process_start_list(harness, "env", destdir, CMAKE, "--install", BUILD_DIR, "--prefix",
                                        "/usr", "--component", "evsctl", NULL);
  assert_int_equal(process_wait_exit(install, HARNESS_WAIT_MS), 0);
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(root, files[i], NULL), *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL) || !strstr(text, "evsctl"))
      fail_msg("'%s' is not installed", files[i]);
  }
}

static char *completions(Harness *harness, const char *words, const char *count)
{
  const char *dir = g_getenv("EVS_BIN_DIR");
  g_autofree char *script = g_strdup_printf(
    "PATH=%s:$PATH; source <(evsctl completion bash) || exit 1; COMP_WORDS=(%s); COMP_CWORD=%s; _evsctl; "
    "printf '%%s\\n' \"${COMPREPLY[@]}\"",
    dir ? dir : EVS_DEFAULT_BIN_DIR, words, count);
  Process *bash = process_start_list(harness, "bash", "-c", script, NULL);
  assert_int_equal(process_wait_exit(bash, HARNESS_WAIT_MS), 0);
  g_autofree char *complaints = process_stderr(bash);
  assert_string_equal(complaints, "");
  return process_stdout(bash);
}

static void bash_completes_words_flags_and_values(void **state)
{
  static const struct {
    const char *words, *count, *expected;
  } rows[] = {
    {"evsctl sna", "1", "snapshot\n"},
    {"evsctl -o json volume ext", "4", "extend\nextend-many\n"},
    {"evsctl volume list --sort-d", "3", "--sort-dir=\n"},
    {"evsctl volume list --sort-dir = ''", "5", "desc\nasc\n"},
    {"evsctl volume list --sort-dir = a", "5", "asc\n"},
    {"evsctl volume delete --ca", "3", "--cascade\n"},
    {"evsctl --output = y", "3", "yaml\n"},
    {"evsctl -o t", "2", "table\n"},
    {"evsctl nosuch x", "2", "\n"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *found = completions(*state, rows[i].words, rows[i].count);
    if (!g_str_equal(found, rows[i].expected))
      fail_msg("%s: '%s' instead of '%s'", rows[i].words, found, rows[i].expected);
  }
}

static void zsh_gets_whole_words(void **state)
{
  Harness *harness = *state;
  Process *complete =
    process_start_list(harness, "evsctl", "complete", "--", "volume", "list", "--sort-dir=d", NULL);
  assert_int_equal(process_wait_exit(complete, HARNESS_WAIT_MS), 0);
  g_autofree char *found = process_stdout(complete);
  assert_true(g_str_has_prefix(found, "--sort-dir=desc\t"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(volumes_in_three_formats, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(lists_page_by_themselves, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(snapshots_and_rollback, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(tags_and_metadata, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(catalog_and_quota, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(servers_and_jobs, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(keys_of_transfers_are_kept, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_key_comes_by_stdin, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(deleted_disks_come_back, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(the_man_page_has_no_fault, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(texts_are_installed, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(bash_completes_words_flags_and_values, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(zsh_gets_whole_words, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("evsctl groups", tests, NULL, NULL);
}
