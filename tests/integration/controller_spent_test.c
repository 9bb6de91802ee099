/* Names used again by a process that has not seen the first disk's deletion: its client token is spent, and only proof of
 * that (a minute each) makes way for a second disk. Slow by nature. */
#include "tests/integration/controller_support.h"

enum { CALLS_MAX = 4 };

/* As the provisioner: calls again while the answer is ABORTED. */
static void create_patiently(const Plugin *controller, json_t *request)
{
  for (int i = 0; i < CALLS_MAX; i++) {
    g_autoptr(GError) error = NULL;
    json_t *reply =
      csi_call_json(controller, "CreateVolume", json_deep_copy(request), CSI_TIMEOUT_MS, &error);
    json_decref(reply);
    if (reply) {
      json_decref(request);
      return;
    }
    if (!evs_error_is(error, EVS_CODE_ABORTED))
      fail_msg("%s: %s", evs_code_name(evs_error_code(error)), error->message);
  }
  fail_msg("no disk after %d calls", CALLS_MAX);
}

static Plugin *start_with_deleted_disk(Harness *harness, Sim **ret_sim)
{
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  csi_delete(volume, controller);
  assert_int_equal(sim_disk_count(sim), 0);
  process_kill(controller->process);
  *ret_sim = sim;
  return controller_start(harness, sim, &(PluginOptions){.same_as = controller});
}

/* The token's job is SUCCESS, its disk is gone. */
static void an_equal_disk_after_a_deleted_one(void **state)
{
  Sim *sim;
  Plugin *controller = start_with_deleted_disk(*state, &sim);
  create_patiently(controller, create_request("pvc-1"));
  assert_int_equal(sim_disk_count(sim), 1);
  assert_int_equal(sim_calls(sim, "6.1.1"), 3);
}

/* EVS.2219: the token belongs to a request of another size, and no disk has the name. */
static void a_different_disk_after_a_deleted_one(void **state)
{
  Sim *sim;
  Plugin *controller = start_with_deleted_disk(*state, &sim);
  create_patiently(controller, csi_create_request("pvc-1", 20 * GIB, csi_mount("ext4", NULL)));
  assert_int_equal(sim_disk_count(sim), 1);
  assert_int_equal(sim_calls(sim, "6.1.1"), 3);
}

/* The request never arrived: half a minute of looks, then the same token again. */
static void a_request_that_was_lost_is_sent_again(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  g_free(sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"before\"}}"));
  create_patiently(controller, create_request("pvc-1"));
  assert_int_equal(sim_disk_count(sim), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(an_equal_disk_after_a_deleted_one),
    TEST(a_different_disk_after_a_deleted_one),
    TEST(a_request_that_was_lost_is_sent_again),
  };
  return cmocka_run_group_tests_name("controller_spent", tests, NULL, NULL);
}
