/* node/taint_patch.c: what Node and CSINode objects say, and the patch. */
#include "base/error.h"
#include "node/taint_patch.h"
#include "tests/unit/cmocka_all.h"

#define DRIVER "evs.csi.huaweicloud.com"
#define KEY DRIVER "/agent-not-ready"
#define OURS "{\"key\":\"" KEY "\",\"effect\":\"NoExecute\",\"timeAdded\":\"2026-11-21T00:00:00Z\"}"
#define OTHER "{\"key\":\"other\",\"effect\":\"NoSchedule\"}"

static void only_a_listed_driver_with_its_count_is_listed(void **state)
{
  (void)state;
  static const struct {
    const char *spec;
    gboolean listed;
  } rows[] = {
    {"{\"drivers\":null}", FALSE},
    {"{}", FALSE},
    {"{\"drivers\":[]}", FALSE},
    {"{\"drivers\":[{\"name\":\"other\",\"allocatable\":{\"count\":1}}]}", FALSE},
    {"{\"drivers\":[{\"name\":\"" DRIVER "\"}]}", FALSE},
    {"{\"drivers\":[{\"name\":\"" DRIVER "\",\"allocatable\":null}]}", FALSE},
    {"{\"drivers\":[{\"name\":\"" DRIVER "\",\"allocatable\":{}}]}", FALSE},
    {"{\"drivers\":[{\"name\":\"" DRIVER "\",\"allocatable\":{\"count\":\"23\"}}]}", FALSE},
    {"{\"drivers\":[{\"name\":\"" DRIVER "\",\"allocatable\":{\"count\":23}}]}", TRUE},
    {"{\"drivers\":[{\"name\":\"other\"},{\"name\":\"" DRIVER "\",\"allocatable\":{\"count\":0}}]}", TRUE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    json_t *object = json_pack("{s:o}", "spec", json_loads(rows[i].spec, 0, NULL));
    gboolean listed = !rows[i].listed;
    assert_true(taint_driver_is_listed(object, DRIVER, &listed, NULL));
    if (listed != rows[i].listed)
      fail_msg("%s", rows[i].spec);
    json_decref(object);
  }
}

static void the_patch_removes_our_taint_and_tests_for_it(void **state)
{
  (void)state;
  static const struct {
    const char *taints, *patch;
  } rows[] = {
    {"null", NULL},
    {"[]", NULL},
    {"[" OTHER "]", NULL},
    {"[{\"key\":\"x." KEY "\",\"effect\":\"NoExecute\"},{\"key\":\"" KEY "x\",\"effect\":\"NoExecute\"}]",
     NULL},
    {"[" OURS "]", "[{\"op\":\"test\",\"path\":\"/spec/taints/0\",\"value\":" OURS
                   "},{\"op\":\"remove\",\"path\":\"/spec/taints/0\"}]"},
    {"[" OTHER "," OURS "]", "[{\"op\":\"test\",\"path\":\"/spec/taints/1\",\"value\":" OURS
                             "},{\"op\":\"remove\",\"path\":\"/spec/taints/1\"}]"},
    {"[" OURS "," OTHER ",{\"key\":\"" KEY "\",\"value\":\"v\",\"effect\":\"NoSchedule\"}]",
     "[{\"op\":\"test\",\"path\":\"/spec/taints/2\",\"value\":{\"key\":\"" KEY
     "\",\"value\":\"v\",\"effect\":\"NoSchedule\"}},{\"op\":\"remove\",\"path\":\"/spec/taints/2\"},"
     "{\"op\":\"test\",\"path\":\"/spec/taints/0\",\"value\":" OURS
     "},{\"op\":\"remove\",\"path\":\"/spec/taints/0\"}]"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    json_t *object =
      json_pack("{s:{s:o}}", "spec", "taints", json_loads(rows[i].taints, JSON_DECODE_ANY, NULL));
    g_autofree char *patch = NULL;
    assert_true(taint_make_patch(object, KEY, &patch, NULL));
    if (rows[i].patch)
      assert_string_equal(patch, rows[i].patch);
    else
      assert_null(patch);
    json_decref(object);
  }
}

static void objects_of_another_form_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *object, *wrong_node, *wrong_csi_node;
  } rows[] = {
    {"{}", NULL, NULL},
    {"{\"spec\":[]}", "spec.taints", "spec.drivers"},
    {"{\"spec\":{\"taints\":{},\"drivers\":{}}}", "spec.taints", "spec.drivers"},
    {"{\"spec\":{\"taints\":\"x\",\"drivers\":1}}", "spec.taints", "spec.drivers"},
    {"{\"spec\":{\"taints\":[1],\"drivers\":[1]}}", "has no 'key'", "'spec.drivers[0]'"},
    {"{\"spec\":{\"taints\":[{\"key\":1}],\"drivers\":[{\"name\":1}]}}", "has no 'key'", "'spec.drivers[0]'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    json_t *object = json_loads(rows[i].object, 0, NULL);
    g_autofree char *patch = NULL;
    gboolean listed = FALSE;
    g_autoptr(GError) node_error = NULL, csi_error = NULL;
    assert_int_equal(taint_make_patch(object, KEY, &patch, &node_error), !rows[i].wrong_node);
    assert_int_equal(taint_driver_is_listed(object, DRIVER, &listed, &csi_error), !rows[i].wrong_csi_node);
    assert_null(patch);
    assert_false(listed);
    if (rows[i].wrong_node) {
      assert_true(evs_error_is(node_error, EVS_CODE_INTERNAL) && evs_error_is(csi_error, EVS_CODE_INTERNAL));
      assert_non_null(strstr(node_error->message, rows[i].wrong_node));
      assert_non_null(strstr(csi_error->message, rows[i].wrong_csi_node));
    }
    json_decref(object);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_a_listed_driver_with_its_count_is_listed),
    cmocka_unit_test(the_patch_removes_our_taint_and_tests_for_it),
    cmocka_unit_test(objects_of_another_form_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
