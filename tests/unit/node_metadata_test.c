/* node/metadata_fetch.c's digest and node/metadata_reply.c, which reads it. */
#include "base/error.h"
#include "node/metadata_fetch.h"
#include "node/metadata_reply.h"
#include "tests/unit/cmocka_all.h"

#define ID "ca9e8b7c-0000-4000-8000-0123456789ab"

static void the_node_reads_what_the_helper_writes(void **state)
{
  (void)state;
  g_autofree char *digest =
    metadata_digest("{\"uuid\":\"" ID "\",\"availability_zone\":\"cn-north-4a\",\"region_id\":"
                    "\"cn-north-4\",\"project_id\":\"a b\",\"meta\":{\"x\":[1]}}",
                    NULL);
  assert_string_equal(digest, "{\"node_id\":\"" ID "\",\"zone\":\"cn-north-4a\",\"region\":\"cn-north-4\"}");
  g_auto(MetadataReply) reply = {0};
  assert_true(metadata_reply_parse(digest, &reply, NULL));
  assert_string_equal(reply.node_id, ID);
  assert_string_equal(reply.zone, "cn-north-4a");
}

static void documents_without_plain_names_are_refused(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
    {"", "'uuid'"},
    {"[]", "'uuid'"},
    {"{\"uuid\":7,\"availability_zone\":\"z\"}", "'uuid'"},
    {"{\"uuid\":\"a\\\"b\",\"availability_zone\":\"z\"}", "'uuid'"},
    {"{\"uuid\":\"a\"}", "'availability_zone'"},
    {"{\"uuid\":\"a\",\"availability_zone\":\"\"}", "'availability_zone'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(metadata_digest(rows[i][0], &error));
    assert_true(evs_error_is(error, EVS_CODE_UNAVAILABLE));
    assert_non_null(strstr(error->message, rows[i][1]));
  }
}

static void replies_are_read_strictly(void **state)
{
  (void)state;
  static const char *const bad[] = {
    "",
    "{}",
    "{\"node_id\":\"a\"}",
    "{\"node_id\":\"a\",\"zone\":\"z\"",
    "{\"node_id\":\"a\",\"zone\":\"z\"} x",
    "{\"node_id\":\"a\",\"zone\":\"z\",}",
    "{\"node_id\":\"a\\u0041\",\"zone\":\"z\"}",
    "{\"node_id\":\"a b\",\"zone\":\"z\"}",
    "{\"node_id\":\"\",\"zone\":\"z\"}",
    "{\"node_id\":1,\"zone\":\"z\"}",
    "curl: (7) failed",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    MetadataReply reply = {0};
    g_autoptr(GError) error = NULL;
    assert_false(metadata_reply_parse(bad[i], &reply, &error));
    assert_true(evs_error_is(error, EVS_CODE_UNAVAILABLE));
    assert_null(reply.node_id);
  }
  g_auto(MetadataReply) reply = {0};
  assert_true(metadata_reply_parse(
    " { \"x\" : \"y\" , \"zone\":\"z\",\"node_id\":\"a\",\"node_id\":\"b\" }\n", &reply, NULL));
  assert_string_equal(reply.node_id, "b");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_node_reads_what_the_helper_writes),
    cmocka_unit_test(documents_without_plain_names_are_refused),
    cmocka_unit_test(replies_are_read_strictly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
