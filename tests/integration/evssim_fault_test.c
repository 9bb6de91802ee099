/* Disks that misbehave and a simulator that dies, seen through the plugins: nothing is formatted that cannot be known
 * to be empty, and what is mounted stays mounted. */
#include "tests/harness/csi.h"

#include <fcntl.h>

#include "base/text.h"

#define DURABLY (G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE)

static void set_fault(const Sim *sim, const Plugin *node, const CsiVolume *volume, const char *fault)
{
  g_autofree char *path = g_strdup_printf("/_sim/servers/%s/disks/%s", node->server_id, volume->id);
  g_autofree char *body = g_strdup_printf("{\"fault\":\"%s\"}", fault);
  sim_send(sim, "PUT", path, body);
}

/* A disk that nobody has written to has no blocks on its sparse file. */
static void assert_never_written(const Sim *sim, const CsiVolume *volume)
{
  g_autofree char *image = sim_disk_file(sim, volume->id);
  int fd = open(image, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  off_t data = lseek(fd, 0, SEEK_DATA);
  off_t end = lseek(fd, 0, SEEK_END);
  close(fd);
  assert_int_equal(data, -1);
  assert_int_equal(end, volume->capacity);
}

static void faulty_disks_are_refused_until_they_are_well(void **state)
{
  Harness *harness = *state;
  static const struct {
    const char *fault;
    EvsCode code;
    const char *text;
  } rows[] = {
    {"eio", EVS_CODE_FAILED_PRECONDITION, "cannot be read at byte 0: Input/output error"},
    {"vanish", EVS_CODE_NOT_FOUND, "no disk with serial"},
    {"wrong_serial", EVS_CODE_NOT_FOUND, "no disk with serial"},
    {"short", EVS_CODE_FAILED_PRECONDITION, "has 5368709120 bytes here"},
  };
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  const char *const extra[] = {"--device-timeout=2", NULL};
  Plugin *node = node_start(harness, sim, &(PluginOptions){.extra = extra});
  CsiVolume *volume = csi_create(harness, controller, "pvc-faulty", 10 * GIB, csi_mount("ext4", NULL));
  csi_attach(volume, controller, node);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    set_fault(sim, node, volume, rows[i].fault);
    g_autoptr(GError) error = NULL;
    json_t *request = csi_stage_request(volume, node);
    assert_null(csi_call_json(node, "NodeStageVolume", request, CSI_TIMEOUT_MS, &error));
    set_fault(sim, node, volume, "none");
    if (!evs_error_is(error, rows[i].code) || !strstr(error->message, rows[i].text))
      fail_msg("%s: %s %s", rows[i].fault, evs_code_name(evs_error_code(error)), error->message);
    assert_never_written(sim, volume);
  }
  csi_stage(volume, node);
  csi_unstage(volume, node);
  csi_detach(volume, controller, node);
  csi_delete(volume, controller);
}

/* Everything that the kernel holds of a disk outlives the simulator, and its successor takes it up. */
static void volume_survives_a_killed_simulator(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  Plugin *node = node_start(harness, sim, NULL);
  CsiVolume *used = csi_create(harness, controller, "pvc-used", 10 * GIB, csi_mount("ext4", NULL));
  CsiVolume *idle = csi_create(harness, controller, "pvc-idle", 10 * GIB, csi_mount("ext4", NULL));
  csi_attach(used, controller, node);
  csi_stage(used, node);
  csi_publish(used, node);
  csi_attach(idle, controller, node);
  g_autofree char *path = g_build_filename(used->target, "kept", NULL);
  assert_true(g_file_set_contents(path, "before", -1, NULL));
  process_stop(controller->process);
  process_kill(sim->process);
  assert_true(g_file_set_contents_full(path, "meanwhile", -1, DURABLY, 0600, NULL));

  Sim *next = sim_start(harness, &(SimOptions){.state_dir = sim->state_dir});
  assert_int_equal(sim_loops(next), 2);
  Plugin *successor = controller_start(harness, next, NULL);
  assert_true(g_file_set_contents_full(path, "after", -1, DURABLY, 0600, NULL));
  csi_unpublish(used, node);
  csi_unstage(used, node);
  csi_stage(idle, node);
  csi_stage(used, node);
  csi_publish(used, node);
  g_autofree char *text = NULL;
  assert_true(text_read_file(path, 64, &text, NULL, NULL));
  assert_string_equal(text, "after");
  csi_unpublish(used, node);
  CsiVolume *const volumes[] = {used, idle};
  for (gsize i = 0; i < G_N_ELEMENTS(volumes); i++) {
    csi_unstage(volumes[i], node);
    csi_detach(volumes[i], successor, node);
    csi_delete(volumes[i], successor);
  }
  assert_int_equal(sim_loops(next), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(faulty_disks_are_refused_until_they_are_well, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(volume_survives_a_killed_simulator, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
