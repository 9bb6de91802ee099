/* Volumes that another account hands over: CreateVolume takes them over, exactly once, whatever dies; and what the driver
 * does with disks that are offered or gone. */
#include "base/clock.h"
#include "evsclient/transfer.h"
#include "ownership/owner.h"
#include "tests/integration/controller_support.h"
#include "tests/integration/transfer_support.h"
#include "transfer/accept.h"

#include <signal.h>
#include <sys/stat.h>

#define VOLUME "pvc-beta"

enum { EQUAL_CALLS = 8 };

/* A disk of alpha's and its handover; a controller in beta's account. */
typedef struct {
  Harness *harness;
  Accounts *accounts;
  Sim *sim;
  char *disk;
  Handover *handover;
  Plugin *controller;
} World;

static Plugin *start_controller(const World *world, const char *config, const char *cluster,
                                const Plugin *same_as)
{
  const PluginOptions options = {.cloud_config = config, .cluster_id = cluster, .same_as = same_as};
  return controller_start_quiet(world->harness, world->sim, &options);
}

static World begin_with(void **state, const char *profile)
{
  World world = {.harness = *state, .accounts = accounts_open(*state, profile)};
  world.sim = world.accounts->sim;
  world.disk = accounts_make_disk(world.accounts, accounts_marks("alpha-cluster", "pvc-alpha"));
  world.handover = accounts_offer(world.accounts, world.disk);
  world.controller = start_controller(&world, world.accounts->beta_config, "beta-cluster", NULL);
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

static json_t *with_secret(json_t *request, const Handover *handover, const char *passphrase)
{
  char *text = handover_write(handover, passphrase, NULL);
  assert_non_null(text);
  json_t *secrets = json_pack("{s:s}", "handover", text);
  g_autofree char *line =
    g_strconcat(passphrase ? passphrase : "", "\n", NULL); /* as a Secret of a file has it */
  if (passphrase)
    json_object_set_new(secrets, "passphrase", json_string(line));
  json_object_set_new(request, "secrets", secrets);
  handover_text_free(text);
  return request;
}

static json_t *transfer_request(const World *world, const char *name)
{
  json_t *request = create_request(name);
  json_object_set_new(request, "parameters",
                      json_pack("{s:s, s:s}", "transfer", "true", "csi.storage.k8s.io/pvc/name", "data"));
  return with_secret(request, world->handover, NULL);
}

static void set_parameter(json_t *request, const char *key, const char *value)
{
  json_object_set_new(json_object_get(request, "parameters"), key, json_string(value));
}

static void expect_metadata(const World *world, const char *key, const char *value)
{
  g_autofree char *has = accounts_expect_disk(world->accounts, world->disk, "beta", "available", key);
  assert_string_equal(has, value);
}

/* Taken over, marked and named: finished. */
static void expect_taken(const World *world)
{
  g_autofree char *mark = transfer_source_mark(world->handover);
  expect_metadata(world, OWNER_KEY_CLUSTER, "beta-cluster");
  expect_metadata(world, OWNER_KEY_SOURCE, mark);
  expect_metadata(world, OWNER_KEY_PV_NAME, VOLUME);
  expect_metadata(world, OWNER_KEY_PVC_NAME, "data");
  json_t *disk = sim_disk(world->sim, world->disk);
  assert_string_equal(json_string_value(json_object_get(disk, "name")), VOLUME);
  json_decref(disk);
}

static void expect_untouched(const World *world)
{
  assert_int_equal(sim_calls(world->sim, "7.4.2"), 0);
  g_free(accounts_expect_disk(world->accounts, world->disk, "alpha", "awaiting-transfer", "x"));
}

/* ---- it works ---- */

static void a_volume_is_the_disk_that_was_handed_over(void **state)
{
  World world = begin(state);
  CsiVolume *volume = csi_create_by(world.harness, world.controller, transfer_request(&world, VOLUME));
  assert_string_equal(volume->id, world.disk);
  assert_int_equal(volume->capacity, 10 * GIB);
  expect_taken(&world);
  json_t *again =
    csi_call_json(world.controller, "CreateVolume", transfer_request(&world, VOLUME), CSI_TIMEOUT_MS, NULL);
  const json_t *row = json_object_get(again, "volume");
  assert_string_equal(json_string_value(json_object_get(row, "volume_id")), world.disk);
  assert_null(json_object_get(row, "content_source"));
  json_decref(again);
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 1);
  assert_int_equal(sim_calls(world.sim, "6.1.1"), 0);

  json_t *server = sim_server(world.sim, 1); /* beta's */
  json_t *published =
    csi_call(world.controller, "ControllerPublishVolume", NULL, "{s:s, s:O, s:o}", "volume_id", world.disk,
             "node_id", json_object_get(server, "id"), "volume_capability", csi_mount("ext4", NULL));
  const json_t *context = json_object_get(published, "publish_context");
  assert_string_equal(json_string_value(json_object_get(context, "blank")), "false");
  json_decref(published);
  /* The repeated call finds its volume in use. */
  json_decref(
    csi_call_json(world.controller, "CreateVolume", transfer_request(&world, VOLUME), CSI_TIMEOUT_MS, NULL));
  json_decref(csi_call(world.controller, "ControllerUnpublishVolume", NULL, "{s:s, s:O}", "volume_id",
                       world.disk, "node_id", json_object_get(server, "id")));
  json_decref(server);
  csi_delete(volume, world.controller);
  sim_wait_disk_status(world.sim, world.disk, "gone");
  /* And no second one comes of the old handover. */
  csi_expect_error(world.controller, "CreateVolume", transfer_request(&world, VOLUME),
                   EVS_CODE_FAILED_PRECONDITION, "the transfer has been accepted");
  end(&world);
}

/* It carries our marks and is all zeros, and is somebody's data all the same. */
static void a_disk_that_came_is_never_formatted(void **state)
{
  World world = begin(state);
  Plugin *node = node_start(world.harness, world.sim, &(PluginOptions){.server = 1});
  CsiVolume *volume = csi_create_by(world.harness, world.controller, transfer_request(&world, VOLUME));
  csi_attach(volume, world.controller, node);
  csi_expect_error(node, "NodeStageVolume", csi_stage_request(volume, node), EVS_CODE_FAILED_PRECONDITION,
                   "");
  csi_detach(volume, world.controller, node);
  g_autofree char *path = sim_disk_file(world.sim, world.disk);
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_blocks, 0); /* nothing was ever written */
  end(&world);
}

static void an_encrypted_handover_needs_its_passphrase(void **state)
{
  World world = begin(state);
  json_t *request = with_secret(transfer_request(&world, VOLUME), world.handover, "correct horse");
  json_t *wrong = json_deep_copy(request), *missing = json_deep_copy(request);
  json_object_set_new(json_object_get(wrong, "secrets"), "passphrase", json_string("battery"));
  json_object_del(json_object_get(missing, "secrets"), "passphrase");
  csi_expect_error(world.controller, "CreateVolume", wrong, EVS_CODE_INVALID_ARGUMENT,
                   "the passphrase is wrong, or the text was changed");
  csi_expect_error(world.controller, "CreateVolume", missing, EVS_CODE_INVALID_ARGUMENT,
                   "the passphrase of the handover is missing");
  expect_untouched(&world);
  csi_create_by(world.harness, world.controller, request);
  expect_taken(&world);
  end(&world);
}

static void equal_calls_and_two_controllers_accept_once(void **state)
{
  World world = begin_with(state, "{\"jobs\":{\"acceptTransfer\":{\"median_ms\":1000,\"sigma\":0}}}");
  Plugin *other = start_controller(&world, world.accounts->beta_config, "beta-cluster", NULL);
  Call calls[EQUAL_CALLS] = {0};
  for (gsize i = 0; i < EQUAL_CALLS; i++)
    calls[i] = (Call){.plugin = i % 2 ? other : world.controller,
                      .method = "CreateVolume",
                      .request = transfer_request(&world, VOLUME)};
  calls_run(calls, EQUAL_CALLS);
  for (gsize i = 0; i < EQUAL_CALLS; i++) {
    call_assert_ok(&calls[i]);
    assert_string_equal(call_volume_id(&calls[i]), world.disk);
    call_clear(&calls[i]);
  }
  assert_calls_at_most(world.sim, "7.4.2", 2); /* one of each controller; the cloud takes one */
  expect_taken(&world);
  end(&world);
}

/* Two claims, one handover, two controllers, at the same instant: one of them gets the disk. */
static void two_claims_never_share_a_disk(void **state)
{
  enum { CLAIMS = 2, ROUNDS = 5 };
  World world = begin_with(state, "{\"jobs\":{\"acceptTransfer\":{\"median_ms\":300,\"sigma\":0}}}");
  Plugin *other = start_controller(&world, world.accounts->beta_config, "beta-cluster", NULL);
  for (int round = 0; round < ROUNDS; round++) {
    Call calls[CLAIMS] = {0};
    guint taken = 0;
    for (gsize i = 0; i < CLAIMS; i++) {
      g_autofree char *name = g_strdup_printf("pvc-%d-%zu", round, i);
      calls[i] = (Call){.plugin = i % 2 ? other : world.controller,
                        .method = "CreateVolume",
                        .request = transfer_request(&world, name)};
    }
    calls_run(calls, CLAIMS);
    for (gsize i = 0; i < CLAIMS; i++) {
      taken += calls[i].reply != NULL;
      if (calls[i].error && !strstr(calls[i].error->message, "was taken over for another volume, 'pvc-"))
        fail_msg("%s", calls[i].error->message);
      call_clear(&calls[i]);
    }
    assert_int_equal(taken, 1);
    json_decref(csi_call(world.controller, "DeleteVolume", NULL, "{s:s}", "volume_id", world.disk));
    handover_free(world.handover);
    g_free(world.disk);
    world.disk = accounts_make_disk(world.accounts, NULL);
    world.handover = accounts_offer(world.accounts, world.disk);
  }
  end(&world);
}

/* ---- what is refused before anything is sent ---- */

static void expect_refused(const World *world, json_t *request, EvsCode code, const char *text)
{
  csi_expect_error(world->controller, "CreateVolume", request, code, text);
}

static json_t *sized(const World *world, gint64 required, gint64 limit)
{
  json_t *request = transfer_request(world, VOLUME);
  json_object_set_new(
    request, "capacity_range",
    json_pack("{s:I, s:I}", "required_bytes", (json_int_t)required, "limit_bytes", (json_int_t)limit));
  return request;
}

static json_t *shaped(const World *world, json_t *capability)
{
  json_t *request = transfer_request(world, VOLUME);
  json_object_set_new(request, "volume_capabilities", json_pack("[o]", capability));
  return request;
}

static json_t *with_parameter(const World *world, const char *key, const char *value)
{
  json_t *request = transfer_request(world, VOLUME);
  set_parameter(request, key, value);
  return request;
}

static void the_request_must_fit_the_handover(void **state)
{
  World world = begin(state);
  expect_refused(&world, sized(&world, 20 * GIB, 0), EVS_CODE_OUT_OF_RANGE,
                 "has 10 GiB, the request wants at least 20 GiB");
  world.handover->size_gib = 30;
  expect_refused(&world, sized(&world, 10 * GIB, 20 * GIB), EVS_CODE_OUT_OF_RANGE,
                 "has 30 GiB, the request wants at most 20 GiB");
  world.handover->size_gib = 10;
  expect_refused(&world, with_parameter(&world, "type", "GPSSD"), EVS_CODE_INVALID_ARGUMENT,
                 "parameter 'type' is 'GPSSD', but disk '");
  expect_refused(&world, with_parameter(&world, "availability", "sim-1b"), EVS_CODE_RESOURCE_EXHAUSTED,
                 "is in availability zone 'sim-1a', the request wants 'sim-1b'");
  expect_refused(&world, shaped(&world, csi_block()), EVS_CODE_INVALID_ARGUMENT,
                 "asks for raw block, but disk '");
  world.handover->fs_type = (g_free(world.handover->fs_type), g_strdup("xfs"));
  expect_refused(&world, shaped(&world, csi_mount("ext4", NULL)), EVS_CODE_INVALID_ARGUMENT,
                 "asks for file system 'ext4', but disk '");
  expect_untouched(&world);
  json_decref(csi_call_json(world.controller, "CreateVolume", shaped(&world, csi_mount(NULL, NULL)),
                            CSI_TIMEOUT_MS, NULL)); /* whatever is there */
  end(&world);
}

static void what_shapes_new_disks_is_refused(void **state)
{
  World world = begin(state);
  json_t *sourced = transfer_request(&world, VOLUME);
  json_object_set_new(sourced, "volume_content_source",
                      json_pack("{s:{s:s}}", "volume", "volume_id", NOBODY));
  expect_refused(&world, sourced, EVS_CODE_INVALID_ARGUMENT,
                 "'volume_content_source' and parameter 'transfer' exclude each other");
  static const char *const others[][2] = {
    {"dssId", NOBODY},       {"scsi", "true"},
    {"kmsId", NOBODY},       {"iops", "3000"},
    {"throughput", "125"},   {"tags", "a=b"},
    {"multiattach", "true"}, {"fullClone", "true"},
    {"blockSize", "4096"},   {"enterpriseProjectId", "0"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
    expect_refused(&world, with_parameter(&world, others[i][0], others[i][1]), EVS_CODE_INVALID_ARGUMENT,
                   "does not go with 'transfer'");
  expect_untouched(&world);
  end(&world);
}

static void the_secret_must_be_a_handover(void **state)
{
  World world = begin(state);
  json_t *none = transfer_request(&world, VOLUME), *other = transfer_request(&world, VOLUME),
         *changed = transfer_request(&world, VOLUME);
  json_object_del(none, "secrets");
  json_object_set_new(other, "secrets", json_pack("{s:s}", "handover", "password=1"));
  const char *text = json_string_value(json_object_get(json_object_get(changed, "secrets"), "handover"));
  g_auto(GStrv) parts = g_strsplit(text, "\"size_gib\":10", 2);
  g_autofree char *larger = g_strjoinv("\"size_gib\":100", parts);
  json_object_set_new(changed, "secrets", json_pack("{s:s}", "handover", larger));
  expect_refused(&world, none, EVS_CODE_INVALID_ARGUMENT, "needs a secret with the key 'handover'");
  expect_refused(&world, other, EVS_CODE_INVALID_ARGUMENT, "not a JSON object");
  expect_refused(&world, changed, EVS_CODE_INVALID_ARGUMENT, "member 'checksum' is not that of the others");
  expect_untouched(&world);
  end(&world);
}

/* ---- what the receiver's side or the cloud refuses ---- */

static void all_problems_are_told_at_once(void **state)
{
  World world = begin(state);
  accounts_fill_beta(world.accounts);
  world.handover->expires_wall_us = world.handover->created_wall_us + G_TIME_SPAN_MILLISECOND;
  g_autoptr(GError) error = NULL;
  json_t *reply =
    csi_call_json(world.controller, "CreateVolume", transfer_request(&world, VOLUME), CSI_TIMEOUT_MS, &error);
  assert_null(reply);
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  if (!strstr(error->message, "has expired at ") ||
      !strstr(error->message, "1 disk of quota 'volumes', 0 left") ||
      !strstr(error->message, "ask the sender for a new one") ||
      !strstr(error->message, "have the quota raised"))
    fail_msg("%s", error->message);
  expect_untouched(&world);
  end(&world);
}

/* Between the look and the acceptance somebody else used it up: final all the same. */
static void a_quota_that_is_gone_is_final(void **state)
{
  World world = begin(state);
  g_autofree char *fault G_GNUC_UNUSED =
    sim_fault(world.sim, "{\"match\":{\"op\":\"7.4.2\"},\"times\":1,\"action\":"
                         "{\"kind\":\"status\",\"status\":400,\"code\":\"EVS.1034\",\"shape\":\"error\"}}");
  expect_refused(&world, transfer_request(&world, VOLUME), EVS_CODE_FAILED_PRECONDITION, "EVS.1034");
  end(&world);
}

static void a_wrong_key_is_told_and_no_key_is_logged(void **state)
{
  World world = begin(state);
  g_autoptr(Handover) wrong = accounts_with_key(world.handover, "0123456789abcdef");
  json_t *request = with_secret(transfer_request(&world, VOLUME), wrong, NULL);
  g_autoptr(GError) error = NULL;
  assert_null(csi_call_json(world.controller, "CreateVolume", request, CSI_TIMEOUT_MS, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_PERMISSION_DENIED);
  assert_non_null(strstr(error->message, "does not take the key of transfer '"));
  assert_null(strstr(error->message, "0123456789abcdef"));
  csi_create_by(world.harness, world.controller, transfer_request(&world, VOLUME));
  expect_taken(&world);
  g_autofree char *log = process_stderr(world.controller->process);
  assert_non_null(strstr(log, "CreateVolume"));
  assert_null(strstr(log, "0123456789abcdef"));
  assert_null(strstr(log, world.handover->auth_key));
  end(&world);
}

static void one_disk_is_one_volume(void **state)
{
  World world = begin(state);
  csi_create(world.harness, world.controller, VOLUME, 10 * GIB, csi_mount("ext4", NULL));
  expect_refused(&world, transfer_request(&world, VOLUME), EVS_CODE_ALREADY_EXISTS,
                 "a volume of this name exists already, disk '");
  expect_untouched(&world);
  csi_create_by(world.harness, world.controller, transfer_request(&world, "pvc-2"));
  expect_refused(&world, transfer_request(&world, "pvc-3"), EVS_CODE_ALREADY_EXISTS,
                 "was taken over for another volume, 'pvc-2'");
  /* Without the parameter the name stands for a new, empty disk, which this one is not. */
  expect_refused(&world, create_request("pvc-2"), EVS_CODE_ALREADY_EXISTS, "another source");
  end(&world);
}

static void a_handover_that_lies_about_the_size_is_found_out(void **state)
{
  World world = begin(state);
  world.handover->size_gib = 20;
  expect_refused(&world, sized(&world, 20 * GIB, 0), EVS_CODE_OUT_OF_RANGE,
                 "which was taken over, has 10 GiB, the request wants at least 20 GiB");
  end(&world);
}

/* ---- SIGKILL at each call to the cloud ---- */

/* Ends with exactly one accepted, named and marked disk. */
static void die_at(World *world, const char *op, const char *when)
{
  g_autofree char *fault = g_strdup_printf("{\"match\":{\"op\":\"%s\",\"account\":\"beta\"},\"times\":1,"
                                           "\"action\":{\"kind\":\"kill\",\"pid\":%d,\"when\":\"%s\"}}",
                                           op, process_pid(world->controller->process), when);
  g_free(sim_fault(world->sim, fault));
  g_autoptr(GError) error = NULL;
  assert_null(csi_call_json(world->controller, "CreateVolume", transfer_request(world, VOLUME),
                            CSI_TIMEOUT_MS, &error));
  assert_int_equal(process_wait_exit(world->controller->process, HARNESS_WAIT_MS), 128 + SIGKILL);
  sim_clear_faults(world->sim);
  world->controller =
    start_controller(world, world->accounts->beta_config, "beta-cluster", world->controller);
  CsiVolume *volume = csi_create_by(world->harness, world->controller, transfer_request(world, VOLUME));
  assert_string_equal(volume->id, world->disk);
  expect_taken(world);
  assert_int_equal(sim_disk_count(world->sim), 1);
}

static void killed_at(void **state, const char *op)
{
  static const char *const moments[] = {"before", "after"};
  for (gsize i = 0; i < G_N_ELEMENTS(moments); i++) {
    World world = begin(state);
    die_at(&world, op, moments[i]);
    end(&world);
    harness_teardown(state);
    harness_setup(state);
  }
}

static void killed_while_it_looks(void **state)
{
  killed_at(state, "6.1.4");
}

static void killed_while_it_accepts(void **state)
{
  killed_at(state, "7.4.2");
}

static void killed_while_it_names(void **state)
{
  killed_at(state, "6.1.2");
}

static void killed_while_it_marks(void **state)
{
  killed_at(state, "7.5.1");
}

/* ---- the sender's side ---- */

typedef struct {
  const char *method;
  json_t *request;
} Use;

/* What a CO may ask of a volume; all new references. */
static gsize uses_of(const char *id, Use *uses)
{
  json_t *modify = json_pack("{s:s, s:{s:s}}", "volume_id", id, "mutable_parameters", "type", "GPSSD");
  const Use all[] = {
    {"ControllerPublishVolume", json_pack("{s:s, s:s, s:o}", "volume_id", id, "node_id", NOBODY,
                                          "volume_capability", csi_mount("ext4", NULL))},
    {"ControllerExpandVolume", json_pack("{s:s, s:{s:I}}", "volume_id", id, "capacity_range",
                                         "required_bytes", (json_int_t)(20 * GIB))},
    {"CreateSnapshot", snapshot_request("snap-1", id)},
    {"CreateVolume", sourced_request("pvc-clone", "volume", id)},
    {"ControllerModifyVolume", modify},
    {"ControllerGetVolume", json_pack("{s:s}", "volume_id", id)},
    {"ValidateVolumeCapabilities",
     json_pack("{s:s, s:[o]}", "volume_id", id, "volume_capabilities", csi_mount("ext4", NULL))},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
    uses[i] = all[i];
  return G_N_ELEMENTS(all);
}

enum { USES_MAX = 8, USES_THAT_CHANGE = 5 };

static void an_offered_disk_is_left_alone(void **state)
{
  World world = begin(state);
  static const char *const extra[] = {"--enable-retype", NULL};
  const PluginOptions options = {
    .cloud_config = world.accounts->alpha_config, .cluster_id = "alpha-cluster", .extra = extra};
  Plugin *alpha = controller_start_quiet(world.harness, world.sim, &options);
  Use uses[USES_MAX];
  gsize count = uses_of(world.disk, uses);
  for (gsize i = 0; i < USES_THAT_CHANGE; i++)
    csi_expect_error(alpha, uses[i].method, uses[i].request, EVS_CODE_FAILED_PRECONDITION,
                     "it is offered to another project (status 'awaiting-transfer')");
  csi_expect_error(alpha, "DeleteVolume", json_pack("{s:s}", "volume_id", world.disk),
                   EVS_CODE_FAILED_PRECONDITION, "cannot be deleted: it is offered to another project");
  for (gsize i = USES_THAT_CHANGE; i < count; i++)
    json_decref(csi_call_json(alpha, uses[i].method, uses[i].request, CSI_TIMEOUT_MS, NULL));
  expect_untouched(&world);
  end(&world);
}

static void a_disk_that_left_is_told_and_let_go(void **state)
{
  World world = begin(state);
  Plugin *alpha = start_controller(&world, world.accounts->alpha_config, "alpha-cluster", NULL);
  csi_create_by(world.harness, world.controller, transfer_request(&world, VOLUME));
  Use uses[USES_MAX];
  gsize count = uses_of(world.disk, uses);
  for (gsize i = 0; i < count; i++)
    csi_expect_error(alpha, uses[i].method, uses[i].request, EVS_CODE_NOT_FOUND,
                     "it was deleted, or handed over to another account");
  json_decref(csi_call(alpha, "ControllerUnpublishVolume", NULL, "{s:s, s:s}", "volume_id", world.disk,
                       "node_id", NOBODY));
  json_decref(csi_call(alpha, "DeleteVolume", NULL, "{s:s}", "volume_id", world.disk));
  expect_taken(&world);
  end(&world);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_volume_is_the_disk_that_was_handed_over),
    TEST(a_disk_that_came_is_never_formatted),
    TEST(an_encrypted_handover_needs_its_passphrase),
    TEST(equal_calls_and_two_controllers_accept_once),
    TEST(two_claims_never_share_a_disk),
    TEST(the_request_must_fit_the_handover),
    TEST(what_shapes_new_disks_is_refused),
    TEST(the_secret_must_be_a_handover),
    TEST(all_problems_are_told_at_once),
    TEST(a_quota_that_is_gone_is_final),
    TEST(a_wrong_key_is_told_and_no_key_is_logged),
    TEST(one_disk_is_one_volume),
    TEST(a_handover_that_lies_about_the_size_is_found_out),
    TEST(killed_while_it_looks),
    TEST(killed_while_it_accepts),
    TEST(killed_while_it_names),
    TEST(killed_while_it_marks),
    TEST(an_offered_disk_is_left_alone),
    TEST(a_disk_that_left_is_told_and_let_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
