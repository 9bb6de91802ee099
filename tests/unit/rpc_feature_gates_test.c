/* rpc/feature_gates.c. */
#include "base/error.h"
#include "rpc/feature_gates.h"
#include "tests/unit/cmocka_all.h"

static void gates_are_off_until_switched_on(void **state)
{
  (void)state;
  const struct {
    const char *text;
    gboolean health, topology;
  } rows[] = {
    {NULL, FALSE, FALSE},
    {"", FALSE, FALSE},
    {"VolumeHealth=true", TRUE, FALSE},
    {"SnapshotTopology=true", FALSE, TRUE},
    {"VolumeHealth=true,SnapshotTopology=true", TRUE, TRUE},
    {" VolumeHealth=true , SnapshotTopology=false ", TRUE, FALSE},
    {"VolumeHealth=false", FALSE, FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    FeatureGates gates = {.volume_health = 7, .snapshot_topology = 7};
    assert_true(feature_gates_parse(rows[i].text, &gates, &error));
    assert_null(error);
    assert_int_equal(gates.volume_health, rows[i].health);
    assert_int_equal(gates.snapshot_topology, rows[i].topology);
  }
}

static void what_is_no_gate_is_refused_naming_those_that_are(void **state)
{
  (void)state;
  static const char accepted[] =
    "; accepted: NAME=true or NAME=false joined by commas, NAME one of VolumeHealth, SnapshotTopology";
  const struct {
    const char *text, *said;
  } rows[] = {
    {"volumehealth=true", "'volumehealth=true' names no gate"},
    {"AllAlpha=true", "'AllAlpha=true' names no gate"},
    {"VolumeHealth", "'VolumeHealth' is no NAME=VALUE"},
    {"VolumeHealth=", "'VolumeHealth=' has no valid value"},
    {"VolumeHealth=yes", "'VolumeHealth=yes' has no valid value"},
    {"VolumeHealth=True", "'VolumeHealth=True' has no valid value"},
    {"VolumeHealth=true=true", "'VolumeHealth=true=true' has no valid value"},
    {"VolumeHealth=true,", "'' is no NAME=VALUE"},
    {",", "'' is no NAME=VALUE"},
    {"VolumeHealth=true,VolumeHealth=false", "'VolumeHealth=false' names a gate a second time"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    FeatureGates gates = {.snapshot_topology = 7};
    assert_false(feature_gates_parse(rows[i].text, &gates, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    g_autofree char *whole = g_strconcat("option '--feature-gates': ", rows[i].said, accepted, NULL);
    assert_string_equal(error->message, whole);
    assert_int_equal(gates.snapshot_topology, 7);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(gates_are_off_until_switched_on),
    cmocka_unit_test(what_is_no_gate_is_refused_naming_those_that_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
