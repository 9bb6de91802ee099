/* evsctl transfer accept: everything is checked before the first disk is taken; and the other ways in which a transfer
 * ends: cancel, expire, reject, and what status says meanwhile. */
#include "base/clock.h"
#include "tests/integration/evsctl_transfer_support.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define HOUR_US ((gint64)3600 * G_USEC_PER_SEC)

/* The file rewritten with one thing changed, its checksum right again. */
static char *forge(const World *world, const char *name, void (*change)(Handover *handover))
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Handover) handover = handover_load(world->file, NULL, &error);
  g_autofree char *path = harness_path(world->harness, "%s", name);
  if (!handover)
    fail_msg("%s", error->message);
  change(handover);
  if (!handover_save(handover, path, NULL, TRUE, &error))
    fail_msg("%s", error->message);
  return g_steal_pointer(&path);
}

static void set(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value);
}

static void let_expire(Handover *handover)
{
  handover->created_wall_us = clock_wall_us() - 2 * HOUR_US;
  handover->expires_wall_us = clock_wall_us() - HOUR_US;
}
static void move_zone(Handover *handover)
{
  set(&handover->availability_zone, "sim-9z");
}
static void change_type(Handover *handover)
{
  set(&handover->volume_type, "ESSD");
}
static void move_region(Handover *handover)
{
  set(&handover->region, "sim-2");
}
static void grow(Handover *handover)
{
  handover->size_gib = 500;
}

static void each_obstacle_is_told_and_nothing_is_accepted(void **state)
{
  static const struct {
    const char *name;
    void (*change)(Handover *handover);
    const char *complaint, *remedy;
  } rows[] = {
    {"expired.json", let_expire, "has expired at ", "ask the sender for a new one"},
    {"zone.json", move_zone, "availability zone 'sim-9z', which this project does not have",
     "ask the sender"},
    {"type.json", change_type, "type 'ESSD', which this project is not offered in zone 'sim-1a'",
     "ask the sender"},
    {"region.json", move_region, "in region 'sim-2', this configuration is for 'sim-1'", "of that region"},
    {"quota.json", grow, "needs 500 GiB of quota 'gigabytes', 100 left", "have the quota raised"},
  };
  World world = world_begin(state);
  world_offer(&world, world.disk);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *path = forge(&world, rows[i].name, rows[i].change);
    g_auto(Evsctl) run = beta(&world, "transfer accept %s", path);
    expect(&run, 1, rows[i].complaint);
    expect(&run, 1, rows[i].remedy);
    expect(&run, 1, "1 problem with 1 of 1 file: nothing was accepted");
  }
  g_auto(Evsctl) own = alpha(&world, "transfer accept %s", world.file);
  expect(&own, 1, "was offered by this very project");
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 0);
  g_auto(Evsctl) good = beta(&world, "transfer accept %s", world.file);
  expect(&good, 0, "accepted");
  world_end(&world);
}

static void a_spoilt_file_is_told(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  g_autofree char *text = NULL, *key = key_in(world.file);
  assert_true(g_file_get_contents(world.file, &text, NULL, NULL));
  g_auto(GStrv) parts = g_strsplit(text, "\"size_gib\":10", 2);
  g_autofree char *changed = g_strjoinv("\"size_gib\":11", parts);
  g_autofree char *tampered = harness_write_file(world.harness, "tampered.json", changed);
  g_autofree char *cut = g_strndup(text, strlen(text) / 2);
  g_autofree char *half = harness_write_file(world.harness, "half.json", cut);
  g_auto(Evsctl) run =
    beta(&world, "transfer accept %s %s %s /nonexistent %s", tampered, half, world.file, world.file);
  expect(&run, 1, "the text was changed after it was written");
  expect(&run, 1, "not a JSON object: is it a handover file?");
  expect(&run, 1, "/nonexistent");
  expect(&run, 1, "are for the same disk");
  expect(&run, 1, "4 problems with 4 of 5 files: nothing was accepted");
  expect_no_text(&run, key);
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 0);
  world_end(&world);
}

/* Beta has room for three disks: each of four fits, all of them do not. */
static void the_quota_must_do_for_all(void **state)
{
  World world = world_begin(state);
  g_autoptr(GString) line = g_string_new("transfer accept");
  for (int i = 0; i < 4; i++) {
    g_autofree char *disk = world_disk(&world), *file = world_file(&world, disk);
    world_offer(&world, disk);
    g_string_append_printf(line, " %s", file);
  }
  g_auto(Evsctl) run = beta(&world, "%s", line->str);
  expect(&run, 1, "and those before it need 4 of quota 'volumes', 3 left");
  expect(&run, 1, "1 problem with 1 of 4 files");
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 0);
  *strrchr(line->str, ' ') = '\0';
  g_auto(Evsctl) three = beta(&world, "%s", line->str);
  evsctl_assert_status(&three, 0);
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 3);
  world_end(&world);
}

static void a_wrong_key_is_told_without_it(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  g_autoptr(Handover) handover = handover_load(world.file, NULL, NULL);
  set(&handover->auth_key, "0123456789abcdef");
  g_autofree char *path = harness_path(world.harness, "wrong.json");
  assert_true(handover_save(handover, path, NULL, FALSE, NULL));
  g_auto(Evsctl) run = beta(&world, "transfer accept %s", path);
  expect(&run, 1, "the cloud does not take the key of transfer '");
  expect_no_text(&run, "0123456789abcdef");
  g_free(accounts_expect_disk(world.accounts, world.disk, "alpha", "awaiting-transfer", "none"));
  world_end(&world);
}

static void a_disk_of_another_cluster_is_not_taken(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  g_auto(Evsctl) first = beta(&world, "transfer accept %s --cluster-id=one", world.file);
  expect(&first, 0, "accepted");
  g_auto(Evsctl) again = beta(&world, "transfer accept %s --cluster-id=one", world.file);
  expect(&again, 0, "here already");
  g_auto(Evsctl) other = beta(&world, "transfer accept %s --cluster-id=two --emit-pv", world.file);
  expect(&other, 1, "belongs to cluster 'one'");
  assert_string_equal(other.out, "");
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 1);
  world_end(&world);
}

/* ---- status, cancel ---- */

static char *state_in(const Evsctl *run, const char *disk)
{
  json_t *rows = json_loads(run->out, 0, NULL);
  char *found = NULL;
  size_t index;
  json_t *row;
  json_array_foreach(rows, index, row)
  {
    if (g_str_equal(json_text(row, "volume_id"), disk))
      found = g_strdup(json_text(row, "state"));
  }
  json_decref(rows);
  if (!found)
    fail_msg("disk %s is not in %s", disk, run->out);
  return found;
}

static void expect_state(const World *world, const char *wanted_by_alpha, const char *wanted_by_beta)
{
  g_auto(Evsctl) sender = alpha(world, "transfer status --dir=%s -o json", world->directory);
  g_auto(Evsctl) receiver = beta(world, "transfer status %s -o json", world->file);
  evsctl_assert_status(&sender, 0);
  evsctl_assert_status(&receiver, 0);
  g_autofree char *by_alpha = state_in(&sender, world->disk), *by_beta = state_in(&receiver, world->disk);
  g_autofree char *key = key_in(world->file);
  assert_string_equal(by_alpha, wanted_by_alpha);
  assert_string_equal(by_beta, wanted_by_beta);
  expect_no_text(&sender, key);
  expect_no_text(&receiver, key);
}

static void status_tells_both_sides(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  expect_state(&world, "pending", "pending");
  g_auto(Evsctl) cancelled = alpha(&world, "transfer cancel %s", world.file);
  expect(&cancelled, 0, "cancelled");
  g_free(accounts_expect_disk(world.accounts, world.disk, "alpha", "available", "none"));
  expect_state(&world, "cancelled", "pending");
  g_auto(Evsctl) twice = alpha(&world, "transfer cancel %s", world.file);
  expect(&twice, 0, "cancelled already");
  g_auto(Evsctl) late = beta(&world, "transfer accept %s", world.file);
  expect(&late, 1, "it was cancelled, or somebody else has accepted it");
  world_offer(&world, world.disk); /* over the stale file */
  expect_state(&world, "pending", "pending");
  g_auto(Evsctl) accepted = beta(&world, "transfer accept %s", world.file);
  evsctl_assert_status(&accepted, 0);
  expect_state(&world, "accepted", "accepted");
  g_auto(Evsctl) too_late = alpha(&world, "transfer cancel %s", world.file);
  expect(&too_late, 1, "was accepted");
  world_end(&world);
}

static void transfers_without_a_file_are_shown(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  assert_int_equal(g_unlink(world.file), 0);
  g_auto(Evsctl) run = alpha(&world, "transfer status --dir=%s", world.directory);
  expect(&run, 0, "its handover file is not here");
  world_end(&world);
}

static void a_batch_is_cancelled_by_id_disk_and_file(void **state)
{
  World world = world_begin(state);
  g_autofree char *second = world_disk(&world), *third = world_disk(&world),
                  *third_file = world_file(&world, third);
  g_autofree char *transfer = NULL;
  world_offer(&world, world.disk);
  world_offer(&world, second);
  world_offer(&world, third);
  sim_transfers(world.sim, world.disk, &transfer);
  g_auto(Evsctl) shown = alpha(&world, "transfer show %s %s", transfer, third_file);
  expect(&shown, 0, "pending");
  g_autofree char *key = key_in(third_file);
  expect_no_text(&shown, key);
  g_auto(Evsctl) run = alpha(&world, "transfer cancel %s %s /nonexistent %s", transfer, second, third_file);
  expect(&run, 2, "/nonexistent");
  assert_int_equal(sim_calls(world.sim, "7.4.3"), 3);
  g_auto(Evsctl) list = alpha(&world, "transfer list -o json");
  assert_string_equal(list.out, "[]\n");
  world_end(&world);
}

/* ---- expire ---- */

static void expire_touches_its_own_only(void **state)
{
  World world = world_begin(state);
  g_autofree char *old = world_disk(&world), *theirs = world_disk(&world);
  const char *const made[][2] = {{old, "evscsi-1000000000-0123abcd"}, {theirs, "evscsi-1000000000-mine"}};
  world_offer(&world, world.disk);
  for (gsize i = 0; i < G_N_ELEMENTS(made); i++) {
    g_auto(Evsctl) raw =
      alpha(&world, "transfer create --raw %s %s --show-key --yes", made[i][0], made[i][1]);
    evsctl_assert_status(&raw, 0);
  }
  g_auto(Evsctl) list = alpha(&world, "transfer list");
  expect(&list, 0, "expired");
  expect(&list, 0, "foreign");
  g_auto(Evsctl) dry = alpha(&world, "transfer expire --dry-run");
  expect(&dry, 0, "would be called off");
  assert_int_equal(sim_calls(world.sim, "7.4.3"), 0);
  g_auto(Evsctl) run = alpha(&world, "transfer expire");
  expect(&run, 0, "called off");
  g_free(accounts_expect_disk(world.accounts, old, "alpha", "available", "none"));
  assert_int_equal(sim_transfers(world.sim, old, NULL), 0);
  assert_int_equal(sim_transfers(world.sim, theirs, NULL), 1);
  assert_int_equal(sim_transfers(world.sim, world.disk, NULL), 1);
  g_auto(Evsctl) nothing = alpha(&world, "transfer expire -o json");
  evsctl_assert_status(&nothing, 0);
  assert_string_equal(nothing.out, "[]\n");
  assert_int_equal(sim_calls(world.sim, "7.4.3"), 1);
  world_end(&world);
}

/* An offer whose time is over is no offer any more: made anew. */
static void an_expired_offer_is_made_anew(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  g_autofree char *old = key_in(world.file), *expired = forge(&world, "expired.json", let_expire);
  assert_int_equal(g_rename(expired, world.file), 0);
  world_offer(&world, world.disk);
  g_autofree char *new = key_in(world.file);
  assert_string_not_equal(old, new);
  assert_int_equal(sim_transfers(world.sim, world.disk, NULL), 1);
  world_end(&world);
}

/* ---- reject ---- */

static void reject_overwrites_and_removes(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  g_autofree char *twin = harness_path(world.harness, "twin"), *text = NULL;
  gsize length;
  assert_int_equal(link(world.file, twin), 0);
  g_auto(Evsctl) asked = beta(&world, "transfer reject %s", world.file);
  expect(&asked, 2, "nobody is there to ask: say --yes");
  assert_true(g_file_test(world.file, G_FILE_TEST_EXISTS));
  g_auto(Evsctl) run = beta(&world, "transfer reject %s --yes", world.file);
  expect(&run, 0, "discarded; it had 1 other name, empty now");
  expect(&run, 0, "ask for `evsctl transfer cancel`");
  expect(&run, 0, "only the sender's cancel makes it worthless");
  assert_false(g_file_test(world.file, G_FILE_TEST_EXISTS));
  assert_true(g_file_get_contents(twin, &text, &length, NULL));
  for (gsize i = 0; i < length; i++)
    assert_int_equal(text[i], 0);
  g_autofree char *other = harness_write_file(world.harness, "letter", "dear reader");
  g_auto(Evsctl) refused = beta(&world, "transfer reject %s --yes", other);
  expect(&refused, 2, "is it a handover file?");
  assert_true(g_file_test(other, G_FILE_TEST_EXISTS));
  world_end(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(each_obstacle_is_told_and_nothing_is_accepted),
    TEST(a_spoilt_file_is_told),
    TEST(the_quota_must_do_for_all),
    TEST(a_wrong_key_is_told_without_it),
    TEST(a_disk_of_another_cluster_is_not_taken),
    TEST(status_tells_both_sides),
    TEST(transfers_without_a_file_are_shown),
    TEST(a_batch_is_cancelled_by_id_disk_and_file),
    TEST(expire_touches_its_own_only),
    TEST(an_expired_offer_is_made_anew),
    TEST(reject_overwrites_and_removes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
