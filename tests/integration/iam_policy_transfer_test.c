/* deploy/iam-policy-transfer.json is what StorageClasses with transfer: "true" need beside deploy/iam-policy.json, and no more. */
#include "tests/integration/controller_support.h"
#include "tests/integration/policy_support.h"
#include "tests/integration/transfer_support.h"

#include "base/error.h"

/* Alpha hands a disk over, a controller with this user's rights takes it. NULL: it did, and the volume could be deleted. */
static GError *take_as(Accounts *accounts, guint user)
{
  g_autofree char *disk = accounts_make_disk(accounts, NULL);
  g_autoptr(Handover) handover = accounts_offer(accounts, disk);
  char *text = handover_write(handover, NULL, NULL);
  g_autofree char *name = g_strdup_printf("u%u", user), *volume = g_strdup_printf("pvc-%u", user);
  g_autofree char *access_key = g_strdup_printf("%u", user);
  g_autofree char *config = accounts_write_config(accounts, name, access_key, "SK", BETA_PROJECT);
  const PluginOptions options = {.cloud_config = config, .cluster_id = "beta-cluster", .log_level = "error"};
  Plugin *controller = controller_start(accounts->harness, accounts->sim, &options);
  json_t *request = create_request(volume);
  json_object_set_new(request, "parameters", json_pack("{s:s}", "transfer", "true"));
  json_object_set_new(request, "secrets", json_pack("{s:s}", "handover", text));
  handover_text_free(text);
  GError *error = NULL;
  json_t *reply = csi_call_json(controller, "CreateVolume", request, CSI_TIMEOUT_MS, &error);
  if (reply) {
    json_decref(reply);
    json_decref(csi_call(controller, "DeleteVolume", NULL, "{s:s}", "volume_id", disk));
  }
  process_stop(controller->process);
  return error;
}

static void each_action_is_needed_and_no_other(void **state)
{
  g_auto(GStrv) driver = policy_read("iam-policy.json"), transfer = policy_read("iam-policy-transfer.json");
  g_autofree char *users = policy_users(driver, transfer);
  Accounts *accounts = accounts_open_with(*state, NULL, users);
  guint count = g_strv_length(transfer);
  g_autoptr(GError) failed = take_as(accounts, count);
  if (failed)
    fail_msg("CreateVolume fails in spite of both policies: %s", failed->message);
  for (guint user = 0; user < count; user++) {
    g_autoptr(GError) error = take_as(accounts, user);
    if (!error)
      fail_msg("nothing fails without '%s'", transfer[user]);
    print_message("without %-24s %s\n", transfer[user], error->message);
    assert_true(evs_error_is(error, EVS_CODE_PERMISSION_DENIED));
  }
  accounts_close(accounts);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_action_is_needed_and_no_other, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("iam_policy_transfer", tests, NULL, NULL);
}
