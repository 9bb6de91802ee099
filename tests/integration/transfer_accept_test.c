/* transfer/accept.c, receiver.c and eligibility.c against evs-sim: who may have the disk, whatever dies or gets lost. */
#include "base/clock.h"
#include "evsclient/metadata.h"
#include "evsclient/transfer.h"
#include "tests/integration/transfer_support.h"
#include "transfer/accept.h"

static const Owner beta_owner = {"beta-cluster", OWNER_DEFAULT_DRIVER};
static const Owner other_owner = {"other-cluster", OWNER_DEFAULT_DRIVER};

/* Accounts, a disk of alpha's that belongs to a cluster there, and its handover. */
typedef struct {
  Accounts *accounts;
  char *disk;
  Handover *handover;
} World;

static World begin_with(void **state, const char *profile)
{
  World world = {.accounts = accounts_open(*state, profile)};
  world.disk = accounts_make_disk(world.accounts, accounts_marks("alpha-cluster", "pvc-alpha"));
  world.handover = accounts_offer(world.accounts, world.disk);
  sim_reset_calls(world.accounts->sim);
  return world;
}

static World begin(void **state)
{
  return begin_with(state, NULL);
}

static void end(World *world)
{
  accounts_close(world->accounts);
  handover_free(world->handover);
  g_free(world->disk);
}

static gboolean accept_as(World *world, const Owner *owner, const char *volume, GError **error)
{
  const TransferAccept request = {.handover = world->handover, .owner = owner, .volume_name = volume};
  g_autoptr(EvsDisk) disk = NULL;
  gboolean good = transfer_accept(world->accounts->beta, &world->accounts->context, &request, &disk, error);
  if (good) {
    g_autofree char *mark = transfer_source_mark(world->handover);
    assert_string_equal(disk->id, world->disk);
    assert_string_equal(evs_disk_metadata(disk, OWNER_KEY_SOURCE), mark);
    if (owner)
      assert_true(owner_made_for(owner, disk, volume));
    else
      assert_int_equal(owner_of_disk(&beta_owner, disk), OWNER_NOBODY);
  }
  return good;
}

static void accept_well(World *world, const Owner *owner, const char *volume)
{
  g_autoptr(GError) error = NULL;
  if (!accept_as(world, owner, volume, &error))
    fail_msg("%s", error->message);
}

static void expect_refusal(World *world, const Owner *owner, EvsCode code, const char *text,
                           const char *remedy)
{
  g_autoptr(GError) error = NULL;
  assert_false(accept_as(world, owner, "pvc-1", &error));
  if (evs_error_code(error) != code || !strstr(error->message, text) ||
      !strstr(evs_error_remedy(error), remedy))
    fail_msg("%s: %s: %s", evs_code_name(evs_error_code(error)), error->message, evs_error_remedy(error));
  assert_null(strstr(error->message, world->handover->auth_key));
}

static void set_fault(World *world, const char *op, const char *action)
{
  g_autofree char *fault =
    g_strdup_printf("{\"match\":{\"op\":\"%s\"},\"times\":1,\"action\":%s}", op, action);
  g_free(sim_fault(world->accounts->sim, fault));
}

/* By hand, as a process does it that dies before it marks the disk. */
static void accept_without_mark(World *world)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsTransfer) transfer =
    evs_transfer_accept(world->accounts->beta, &world->accounts->context, world->handover->transfer_id,
                        world->handover->auth_key, &error);
  assert_non_null(transfer);
  g_free(accounts_expect_disk(world->accounts, world->disk, "beta", "available", "x"));
}

static void set_metadata(EvsClient *client, World *world, const char *key, const char *value)
{
  g_autoptr(GError) error = NULL;
  if (!evs_disk_metadata_set(client, &world->accounts->context, world->disk, key, value, &error))
    fail_msg("%s", error->message);
}

/* ---- accepting ---- */

static void a_disk_is_taken_over_once(void **state)
{
  World world = begin(state);
  accept_well(&world, &beta_owner, "pvc-1");
  g_autofree char *cluster =
    accounts_expect_disk(world.accounts, world.disk, "beta", "available", OWNER_KEY_CLUSTER);
  assert_string_equal(cluster, "beta-cluster");
  gint64 marks = sim_calls(world.accounts->sim, "7.5.1");
  accept_well(&world, &beta_owner, "pvc-1"); /* again: nothing is sent but the look */
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 1);
  assert_int_equal(sim_calls(world.accounts->sim, "7.5.1"), marks);
  end(&world);
}

static void the_name_and_notes_are_the_receivers(void **state)
{
  World world = begin(state);
  g_autoptr(GHashTable) notes = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(notes, (char *)OWNER_KEY_PVC_NAME, (char *)"data");
  const TransferAccept request = {.handover = world.handover,
                                  .owner = &beta_owner,
                                  .volume_name = "pvc-1",
                                  .disk_name = "pvc-1",
                                  .notes = notes};
  g_autoptr(EvsDisk) disk = NULL;
  g_autoptr(GError) error = NULL;
  if (!transfer_accept(world.accounts->beta, &world.accounts->context, &request, &disk, &error))
    fail_msg("%s", error->message);
  assert_string_equal(disk->name, "pvc-1");
  assert_string_equal(evs_disk_metadata(disk, OWNER_KEY_PVC_NAME), "data");
  assert_string_equal(evs_disk_metadata(disk, OWNER_KEY_PV_NAME), "pvc-1");
  end(&world);
}

static void nobodys_disk_keeps_no_senders_marks(void **state)
{
  World world = begin(state);
  accept_well(&world, NULL, NULL);
  g_autofree char *cluster =
    accounts_expect_disk(world.accounts, world.disk, "beta", "available", OWNER_KEY_CLUSTER);
  assert_string_equal(cluster, "");
  accept_well(&world, NULL, NULL);
  accept_well(&world, &beta_owner, "pvc-1"); /* somebody takes it on */
  end(&world);
}

/* ---- again after a death or a lost answer ---- */

static void an_unmarked_disk_is_marked(void **state)
{
  World world = begin(state);
  accept_without_mark(&world);
  accept_well(&world, &beta_owner, "pvc-1");
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 1);
  end(&world);
}

static void a_lost_answer_is_looked_after(void **state)
{
  World world = begin(state);
  set_fault(&world, "7.4.2", "{\"kind\":\"drop\",\"when\":\"after\"}");
  accept_well(&world, &beta_owner, "pvc-1");
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 1);
  end(&world);
}

/* A killed call's acceptance still runs when the next one asks: the refusal is no reason to give up. */
static void an_acceptance_under_way_is_awaited(void **state)
{
  World world = begin_with(state, "{\"jobs\":{\"acceptTransfer\":{\"median_ms\":2000,\"sigma\":0}}}");
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsTransfer) transfer =
    evs_transfer_accept(world.accounts->beta, &world.accounts->context, world.handover->transfer_id,
                        world.handover->auth_key, &error);
  assert_non_null(transfer);
  accept_well(&world, &beta_owner, "pvc-1");
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 2);
  end(&world);
}

static void too_little_time_is_aborted_and_repeated(void **state)
{
  World world = begin_with(state, "{\"jobs\":{\"acceptTransfer\":{\"median_ms\":1500,\"sigma\":0}}}");
  EvsContext context = world.accounts->context;
  world.accounts->context.deadline_us = clock_deadline_in_ms(800);
  expect_refusal(&world, &beta_owner, EVS_CODE_ABORTED, "is accepted, disk '", "");
  world.accounts->context = context;
  accept_well(&world, &beta_owner, "pvc-1");
  end(&world);
}

static void turn_round(World *world)
{
  EvsClient *giver = world->accounts->alpha;
  world->accounts->alpha = world->accounts->beta;
  world->accounts->beta = giver;
}

/* There and back again, each time with the marks of the other on it, and killed before it is marked. */
static void a_disk_comes_home(void **state)
{
  static const Owner alpha_owner = {"alpha-cluster", OWNER_DEFAULT_DRIVER};
  World world = begin(state);
  accept_well(&world, &beta_owner, "pvc-1");
  g_autoptr(Handover) first = world.handover;
  turn_round(&world);
  world.handover = accounts_offer(world.accounts, world.disk);
  assert_string_equal(world.handover->cluster, "beta-cluster");
  assert_string_equal(world.handover->project_id, BETA_PROJECT);
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsTransfer) transfer =
    evs_transfer_accept(world.accounts->beta, &world.accounts->context, world.handover->transfer_id,
                        world.handover->auth_key, &error);
  assert_non_null(transfer);
  g_free(accounts_expect_disk(world.accounts, world.disk, "alpha", "available", "x"));
  accept_well(&world, &alpha_owner, "pvc-alpha");
  turn_round(&world);
  /* The old handover takes nothing: it is at home now. */
  handover_free(world.handover);
  world.handover = first;
  expect_refusal(&world, &beta_owner, EVS_CODE_FAILED_PRECONDITION, "the transfer has been accepted", "");
  world.handover = NULL;
  end(&world);
}

/* ---- refusals ---- */

static void a_wrong_key_is_told(void **state)
{
  World world = begin(state);
  g_autoptr(Handover) good = world.handover;
  world.handover = accounts_with_key(good, "0000000000000000");
  expect_refusal(&world, &beta_owner, EVS_CODE_PERMISSION_DENIED, "does not take the key of transfer '",
                 "ask the sender");
  g_free(accounts_expect_disk(world.accounts, world.disk, "alpha", "awaiting-transfer", "x"));
  end(&world);
}

static void a_cancelled_transfer_is_told(void **state)
{
  World world = begin(state);
  g_autoptr(GError) error = NULL;
  assert_true(evs_transfer_delete(world.accounts->alpha, &world.accounts->context,
                                  world.handover->transfer_id, &error));
  expect_refusal(&world, &beta_owner, EVS_CODE_NOT_FOUND, "there is no transfer '", "a new handover");
  end(&world);
}

static void an_expired_handover_is_not_sent(void **state)
{
  World world = begin(state);
  world.handover->expires_wall_us = clock_wall_us() - 1;
  expect_refusal(&world, &beta_owner, EVS_CODE_FAILED_PRECONDITION, "has expired at ", "a new one");
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 0);
  accept_without_mark(&world); /* but what is here already is marked */
  accept_well(&world, &beta_owner, "pvc-1");
  end(&world);
}

/* Codes of the cloud that the reference does not tell: what is seen counts, and the text is passed on. */
static void an_unknown_refusal_is_passed_on(void **state)
{
  World world = begin(state);
  set_fault(&world, "7.4.2",
            "{\"kind\":\"status\",\"status\":400,\"code\":\"EVS.9999\",\"shape\":\"error\"}");
  expect_refusal(&world, &beta_owner, EVS_CODE_FAILED_PRECONDITION, "cannot be accepted: ", "ask the sender");
  accept_well(&world, &beta_owner, "pvc-1");
  end(&world);
}

static void the_own_project_takes_nothing_over(void **state)
{
  World world = begin(state);
  EvsClient *beta = world.accounts->beta;
  world.accounts->beta = world.accounts->alpha;
  expect_refusal(&world, &beta_owner, EVS_CODE_FAILED_PRECONDITION, "was offered by this very project",
                 "evsctl adopt");
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 0);
  world.accounts->beta = beta;
  end(&world);
}

static void a_disk_of_another_cluster_stays_its(void **state)
{
  World world = begin(state);
  accept_well(&world, &other_owner, "pvc-other");
  expect_refusal(&world, &beta_owner, EVS_CODE_FAILED_PRECONDITION, "belongs to cluster 'other-cluster'",
                 "evsctl adopt");
  end(&world);
}

/* Came by another way than this handover, and bears marks that the sender never made. */
static void an_adopted_disk_stays_its_owners(void **state)
{
  World world = begin(state);
  accept_without_mark(&world);
  set_metadata(world.accounts->beta, &world, OWNER_KEY_CLUSTER, "other-cluster");
  expect_refusal(&world, &beta_owner, EVS_CODE_FAILED_PRECONDITION, "belongs to cluster 'other-cluster'",
                 "evsctl adopt");
  end(&world);
}

static void one_handover_makes_one_volume(void **state)
{
  World world = begin(state);
  accept_well(&world, &beta_owner, "pvc-2");
  expect_refusal(&world, &beta_owner, EVS_CODE_ALREADY_EXISTS, "was taken over for another volume, 'pvc-2'",
                 "");
  end(&world);
}

/* ---- what is seen before ---- */

static const TransferProblem *find_problem(GPtrArray *problems, const char *rule)
{
  for (guint i = 0; problems && i < problems->len; i++) {
    const TransferProblem *problem = problems->pdata[i];
    if (g_str_equal(problem->rule, rule))
      return problem;
  }
  return NULL;
}

static void expect_problem(GPtrArray *problems, const char *rule, const char *text)
{
  const TransferProblem *problem = find_problem(problems, rule);
  if (!problem || !strstr(problem->text, text) || !*problem->remedy)
    fail_msg("%s: '%s'", rule, problem ? problem->text : "no such problem");
}

static GPtrArray *check_receiver(World *world, gint64 now_wall_us)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *problems = transfer_check_receiver(world->accounts->beta, &world->accounts->context,
                                                world->handover, now_wall_us, &error);
  if (!problems)
    fail_msg("%s", error->message);
  return problems;
}

static void replace(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value);
}

static void the_receiver_is_checked(void **state)
{
  World world = begin(state);
  Handover *handover = world.handover;
  gint64 now = clock_wall_us();
  g_autoptr(GPtrArray) none = check_receiver(&world, now);
  assert_int_equal(none->len, 0);

  handover->size_gib = 101;
  replace(&handover->volume_type, "ESSD");
  g_autoptr(GPtrArray) several = check_receiver(&world, handover->expires_wall_us);
  assert_int_equal(several->len, 3);
  expect_problem(several, "expiry", "has expired at ");
  expect_problem(several, "type", "has type 'ESSD', which this project is not offered in zone 'sim-1a'");
  expect_problem(several, "quota", "needs 101 GiB of quota 'gigabytes', 100 left");

  replace(&handover->availability_zone, "sim-9z");
  g_autoptr(GPtrArray) zone = check_receiver(&world, now);
  expect_problem(zone, "zone", "is in availability zone 'sim-9z', which this project does not have");
  replace(&handover->region, "moon-1");
  g_autoptr(GPtrArray) region = check_receiver(&world, now);
  expect_problem(region, "region", "is in region 'moon-1', this configuration is for 'sim-1'");
  end(&world);
}

/* The cloud's own refusal, for whoever did not look before. */
static void the_quota_ends_it(void **state)
{
  World world = begin(state);
  accounts_fill_beta(world.accounts);
  g_autoptr(GPtrArray) problems = check_receiver(&world, clock_wall_us());
  expect_problem(problems, "quota", "needs 1 disk of quota 'volumes', 0 left");
  expect_refusal(&world, &beta_owner, EVS_CODE_RESOURCE_EXHAUSTED, "accepting disk '", "quota");
  g_free(accounts_expect_disk(world.accounts, world.disk, "alpha", "awaiting-transfer", "x"));
  end(&world);
}

/* Reading the quota is an optional permission, accepting is not; and it is not the key that lacks. */
static void permissions_are_told_apart(void **state)
{
  World world = begin(state);
  static const char refusal[] =
    "{\"kind\":\"status\",\"status\":403,\"code\":\"EVS.2056\",\"shape\":\"error\"}";
  set_fault(&world, "7.3.1", refusal);
  set_fault(&world, "7.4.2", refusal);
  accounts_fill_beta(world.accounts);
  g_autoptr(GPtrArray) none = check_receiver(&world, clock_wall_us());
  assert_int_equal(none->len, 0);
  expect_refusal(&world, &beta_owner, EVS_CODE_PERMISSION_DENIED, "accepting disk '", "");
  end(&world);
}

static GPtrArray *check_disk(Accounts *accounts, const char *id)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *problems = transfer_check_disk(accounts->alpha, &accounts->context, id, NULL, &error);
  if (!problems)
    fail_msg("%s", error->message);
  return problems;
}

static void the_disk_is_checked(void **state)
{
  World world = begin(state);
  g_autoptr(GPtrArray) own = check_disk(world.accounts, world.disk);
  assert_int_equal(own->len, 0); /* its own transfer is pending: create goes on from there */

  g_autofree char *id = accounts_make_disk(world.accounts, NULL);
  g_autoptr(GPtrArray) none = check_disk(world.accounts, id);
  assert_int_equal(none->len, 0);
  g_autoptr(GError) error = NULL;
  const EvsSnapshotCreate snapshot = {.volume_id = id, .name = "s1"};
  g_autoptr(EvsSnapshot) made =
    evs_snapshot_create(world.accounts->alpha, &world.accounts->context, &snapshot, &error);
  assert_non_null(made);
  g_autofree char *path = g_strconcat("/_sim/disks/", id, NULL);
  sim_send(world.accounts->sim, "PUT", path,
           "{\"status\":\"error\",\"metadata\":{\"orderID\":\"CS1\",\"__system__encrypted\":\"1\"},"
           "\"bootable\":true,\"service_type\":\"DSS\"}");
  g_autoptr(GPtrArray) all = check_disk(world.accounts, id);
  assert_int_equal(all->len, 6);
  expect_problem(all, "status", "has status 'error'; only 'available' disks can go");
  expect_problem(all, "billing", "is paid by the year or month (order 'CS1')");
  expect_problem(all, "encrypted", "is encrypted");
  expect_problem(all, "system disk", "is a system disk");
  expect_problem(all, "storage", "is on dedicated storage (DSS");
  expect_problem(all, "snapshots", "has 1 snapshot: '");
  assert_non_null(strstr(find_problem(all, "snapshots")->text, made->id));

  g_autoptr(GPtrArray) missing =
    transfer_check_disk(world.accounts->alpha, &world.accounts->context, BETA_PROJECT, NULL, &error);
  assert_null(missing);
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  end(&world);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_disk_is_taken_over_once),
    TEST(the_name_and_notes_are_the_receivers),
    TEST(nobodys_disk_keeps_no_senders_marks),
    TEST(an_unmarked_disk_is_marked),
    TEST(a_lost_answer_is_looked_after),
    TEST(an_acceptance_under_way_is_awaited),
    TEST(too_little_time_is_aborted_and_repeated),
    TEST(a_disk_comes_home),
    TEST(a_wrong_key_is_told),
    TEST(a_cancelled_transfer_is_told),
    TEST(an_expired_handover_is_not_sent),
    TEST(an_unknown_refusal_is_passed_on),
    TEST(the_own_project_takes_nothing_over),
    TEST(a_disk_of_another_cluster_stays_its),
    TEST(an_adopted_disk_stays_its_owners),
    TEST(one_handover_makes_one_volume),
    TEST(the_receiver_is_checked),
    TEST(the_quota_ends_it),
    TEST(permissions_are_told_apart),
    TEST(the_disk_is_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
