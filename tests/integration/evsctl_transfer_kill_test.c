/* evsctl transfer create and accept killed (SIGKILL) at every call of the cloud, before and after the cloud did its work;
 * called again, they end with one transfer, one file whose key works, and the disk in the right account, marked. */
#include "tests/integration/evsctl_transfer_support.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>

enum { MAX_CALLS = 40 };

static const char *const moments[] = {"before", "after"};

/* Runs it with a kill at call number `skip`. TRUE if it was killed; FALSE: it made fewer calls, and ended well. */
static gboolean killed_at(const World *world, const char *config, guint skip, const char *moment,
                          const char *line)
{
  Process *process = world_start_stopped(world, config, "%s", line);
  g_autofree char *fault = g_strdup_printf(
    "{\"match\":{\"skip\":%u},\"times\":1,\"action\":{\"kind\":\"kill\",\"pid\":%d,\"when\":\"%s\"}}", skip,
    process_pid(process), moment);
  g_free(sim_fault(world->sim, fault));
  process_signal(process, SIGCONT);
  int status = process_wait_exit(process, HARNESS_WAIT_MS);
  sim_clear_faults(world->sim);
  if (status == 128 + SIGKILL)
    return TRUE;
  if (status != 0)
    fail_msg("call %u, %s: status %d: %s", skip, moment, status, process_stderr(process));
  return FALSE;
}

/* ---- create ---- */

static void check_offered(World *world, const char *disk, const char *file)
{
  struct stat found;
  g_autofree char *transfer = NULL;
  assert_int_equal(sim_transfers(world->sim, disk, &transfer), 1);
  g_free(accounts_expect_disk(world->accounts, disk, "alpha", "awaiting-transfer", "none"));
  assert_int_equal(stat(file, &found), 0);
  assert_int_equal(found.st_mode & 07777, 0600);
  json_t *handover = json_file(file);
  assert_string_equal(json_text(handover, "transfer_id"), transfer);
  json_decref(handover);
  GDir *entries = g_dir_open(world->directory, 0, NULL);
  guint count = 0;
  while (g_dir_read_name(entries))
    count++;
  g_dir_close(entries);
  assert_int_equal(count, 1);
}

/* The key in the file is the transfer's. */
static void check_key_works(World *world, const char *disk, const char *file)
{
  g_auto(Evsctl) accepted = beta(world, "transfer accept %s", file);
  expect(&accepted, 0, "accepted");
  g_free(accounts_expect_disk(world->accounts, disk, "beta", "available", "none"));
  assert_int_equal(g_unlink(file), 0);
  g_auto(Evsctl) gone = beta(world, "volume delete %s --yes", disk);
  evsctl_assert_status(&gone, 0);
}

/* prepare: what a disk is before. Returns the number of calls. */
static guint kill_creates(World *world, const char *moment, void (*prepare)(World *world, const char *disk))
{
  for (guint skip = 0; skip < MAX_CALLS; skip++) {
    g_autofree char *disk = world_disk(world), *file = world_file(world, disk);
    g_autofree char *line = g_strdup_printf("transfer create %s --output-dir=%s", disk, world->directory);
    if (prepare)
      prepare(world, disk);
    gboolean killed = killed_at(world, world->accounts->alpha_config, skip, moment, line);
    if (killed) {
      g_auto(Evsctl) again = alpha(world, "transfer create %s --output-dir=%s", disk, world->directory);
      evsctl_assert_status(&again, 0);
    }
    check_offered(world, disk, file);
    check_key_works(world, disk, file);
    if (!killed)
      return skip;
  }
  fail_msg("more than %d calls", MAX_CALLS);
  return 0;
}

static void create_killed_at_each_call(void **state)
{
  World world = world_begin(state);
  for (guint i = 0; i < G_N_ELEMENTS(moments); i++)
    assert_true(kill_creates(&world, moments[i], NULL) >= 4);
  world_end(&world);
}

/* As a call leaves it that was killed between the cloud's answer and the file. */
static void lose_key(World *world, const char *disk)
{
  g_autofree char *file = world_file(world, disk);
  g_autofree char *leftover =
    g_strdup_printf("%s/.evs-transfer-%s.json.0123abcd.tmp", world->directory, disk);
  world_offer(world, disk);
  assert_int_equal(g_rename(file, leftover), 0);
}

/* Killed while it makes good what an earlier kill has left. */
static void recovery_killed_at_each_call(void **state)
{
  World world = world_begin(state);
  for (guint i = 0; i < G_N_ELEMENTS(moments); i++)
    assert_true(kill_creates(&world, moments[i], lose_key) >= 7);
  world_end(&world);
}

/* ---- accept ---- */

static void check_taken(World *world, const char *disk)
{
  g_autofree char *owner = accounts_expect_disk(world->accounts, disk, "beta", "available",
                                                "evs.csi.huaweicloud.com/cluster"),
                  *source = accounts_expect_disk(world->accounts, disk, "beta", "available",
                                                 "evs.csi.huaweicloud.com/source");
  assert_string_equal(owner, "beta-cluster");
  assert_true(g_str_has_prefix(source, "transfer:"));
  assert_int_equal(sim_transfers(world->sim, disk, NULL), 0);
}

static guint kill_accepts(World *world, const char *moment)
{
  for (guint skip = 0; skip < MAX_CALLS; skip++) {
    g_autofree char *disk = world_disk(world), *file = world_file(world, disk);
    g_autofree char *line = g_strdup_printf("transfer accept %s --cluster-id=beta-cluster --emit-pv", file);
    world_offer(world, disk);
    gboolean killed = killed_at(world, world->accounts->beta_config, skip, moment, line);
    if (killed) {
      g_auto(Evsctl) again = beta(world, "%s", line);
      expect(&again, 0, "kind: PersistentVolumeClaim");
      assert_non_null(strstr(again.out, disk));
    }
    check_taken(world, disk);
    g_auto(Evsctl) gone = beta(world, "volume delete %s --yes", disk);
    evsctl_assert_status(&gone, 0);
    if (!killed)
      return skip;
  }
  fail_msg("more than %d calls", MAX_CALLS);
  return 0;
}

static void accept_killed_at_each_call(void **state)
{
  World world = world_begin(state);
  for (guint i = 0; i < G_N_ELEMENTS(moments); i++)
    assert_true(kill_accepts(&world, moments[i]) >= 8);
  world_end(&world);
}

/* ---- lost answers ---- */

/* The cloud takes the POST, its answer is lost: the transfer is found by its disk and made anew by the same call. */
static void a_lost_answer_is_made_good_at_once(void **state)
{
  World world = world_begin(state);
  g_free(sim_fault(world.sim, "{\"match\":{\"op\":\"7.4.1\"},\"times\":1,"
                              "\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}"));
  g_auto(Evsctl) run = alpha(&world, "transfer create %s --output-dir=%s", world.disk, world.directory);
  expect(&run, 0, "created");
  assert_int_equal(sim_calls(world.sim, "7.4.1"), 2);
  assert_int_equal(sim_calls(world.sim, "7.4.3"), 1);
  check_offered(&world, world.disk, world.file);
  check_key_works(&world, world.disk, world.file);
  world_end(&world);
}

typedef struct {
  const Sim *sim;
  const char *fault;
} Hit;

static gboolean was_hit(void *data)
{
  const Hit *hit = data;
  return sim_fault_hits(hit->sim, hit->fault) > 0;
}

/* Ctrl-C while the cloud is at it: the answer is awaited, its key kept, and the next disk is not begun. */
static void an_interrupt_keeps_the_key(void **state)
{
  World world = world_begin(state);
  g_autofree char *second = world_disk(&world);
  g_autofree char *fault =
    sim_fault(world.sim, "{\"match\":{\"op\":\"7.4.1\"},\"action\":{\"kind\":\"delay\",\"ms\":1500}}");
  Hit hit = {world.sim, fault};
  Process *process =
    world_start_stopped(&world, world.accounts->alpha_config, "transfer create %s %s --output-dir=%s",
                        world.disk, second, world.directory);
  process_signal(process, SIGCONT);
  assert_true(wait_until(was_hit, &hit, HARNESS_WAIT_MS));
  process_signal(process, SIGINT);
  assert_int_equal(process_wait_exit(process, HARNESS_WAIT_MS), 130);
  sim_clear_faults(world.sim);
  assert_int_equal(sim_transfers(world.sim, second, NULL), 0);
  check_offered(&world, world.disk, world.file);
  check_key_works(&world, world.disk, world.file);
  world_end(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(create_killed_at_each_call), TEST(recovery_killed_at_each_call),
    TEST(accept_killed_at_each_call), TEST(a_lost_answer_is_made_good_at_once),
    TEST(an_interrupt_keeps_the_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
