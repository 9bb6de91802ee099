/* evsctl/output: tables and YAML, with everything that hostile names may hold. */
#include "evsctl/output.h"
#include "tests/unit/cmocka_all.h"

static void yaml_of_each_value(void **state)
{
  (void)state;
  static const struct {
    const char *json, *yaml;
  } rows[] = {
    {"{\"name\":\"pvc-1\",\"size\":10}", "name: pvc-1\nsize: 10\n"},
    {"[]", "[]\n"},
    {"{}", "{}\n"},
    {"{\"a\":[],\"b\":{},\"c\":null,\"d\":false}", "a: []\nb: {}\nc: null\nd: false\n"},
    {"[{\"id\":\"a\",\"tags\":{\"k\":\"v\"}},{\"id\":\"b\"}]", "- id: a\n  tags:\n    k: v\n- id: b\n"},
    {"{\"list\":[1,\"x\",[2,3],{\"a\":1}]}", "list:\n- 1\n- x\n-\n  - 2\n  - 3\n- a: 1\n"},
    {"{\"o\":{\"list\":[{\"a\":{\"b\":[1]}}]}}", "o:\n  list:\n  - a:\n      b:\n      - 1\n"},
    {"[[],{}]", "- []\n- {}\n"},
    {"{\"yes\":\"no\"}", "\"yes\": \"no\"\n"},
    {"[\"Null\",\"TRUE\",\"~\",\"\",\"1e3\",\"0x1f\",\"12:30\",\"-\",\"- a\",\"a: b\",\"#c\",\" a\",\"a \"]",
     "- \"Null\"\n- \"TRUE\"\n- \"~\"\n- \"\"\n- \"1e3\"\n- \"0x1f\"\n- \"12:30\"\n- \"-\"\n- \"- a\"\n- "
     "\"a: b\"\n"
     "- \"#c\"\n- \" a\"\n- \"a \"\n"},
    {"[\"2026-11-21\",\"e10\",\".inf\",\"in-use\",\"a/"
     "b.c_d\",\"n\",\"[x]\",\"&a\",\"*a\",\"!t\",\"%d\",\"@x\"]",
     "- \"2026-11-21\"\n- e10\n- \".inf\"\n- in-use\n- a/b.c_d\n- \"n\"\n- \"[x]\"\n- \"&a\"\n- \"*a\"\n- "
     "\"!t\"\n"
     "- \"%d\"\n- \"@x\"\n"},
    {"[\"a\\nb\\t\\\"\\\\\",\"\\u0007\\u0085\\u2028\\ufeff\\u007f\",\"\\u4e2d\\ud83d\\ude00\"]",
     "- \"a\\nb\\t\\\"\\\\\"\n- \"\\x07\\x85\\u2028\\ufeff\\x7f\"\n- \"\xe4\xb8\xad\xf0\x9f\x98\x80\"\n"},
    {"{\"a b\":1,\"k:\":2}", "\"a b\": 1\n\"k:\": 2\n"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(json_t) value = json_loads(rows[i].json, 0, NULL);
    assert_non_null(value);
    g_autofree char *yaml = output_yaml(value);
    assert_string_equal(yaml, rows[i].yaml);
  }
}

static const char two_disks[] =
  "[{\"id\":\"1\",\"name\":\"data\",\"size\":10,\"attachments\":[{\"server_id\":\"s1\"},{\"server_id\":"
  "\"s2\"}]},"
  "{\"id\":\"22\",\"name\":\"\\u001b[31m\\u4e2d\\u6587\",\"size\":null,\"tags\":{\"a\":\"b\",\"c\":\"d\"}}]";

static char *table_of(const char *json, const char *columns, gsize width)
{
  g_autoptr(json_t) value = json_loads(json, JSON_DECODE_ANY, NULL);
  assert_non_null(value);
  return output_table(value, columns, width);
}

static void columns_are_aligned_by_width(void **state)
{
  (void)state;
  g_autofree char *text = table_of(two_disks, "id name size:SIZE(GIB) attachments/server_id:SERVERS tags", 0);
  assert_string_equal(text, "ID  NAME       SIZE(GIB)  SERVERS  TAGS\n"
                            "1   data       10         s1,s2\n"
                            "22  ?[31m\xe4\xb8\xad\xe6\x96\x87                      a=b,c=d\n");
}

/* The first column names the thing: it stays whole. */
static void a_table_is_cut_to_the_terminal_only(void **state)
{
  (void)state;
  static const char json[] = "[{\"id\":\"0123456789\",\"name\":\"abcdefghijklmnopqrstuvwxyz\",\"n\":1}]";
  g_autofree char *whole = table_of(json, "id name n", 0);
  assert_non_null(strstr(whole, "0123456789  abcdefghijklmnopqrstuvwxyz  1\n"));
  g_autofree char *cut = table_of(json, "id name n", 25);
  assert_string_equal(cut, "ID          NAME        N\n0123456789  abcdefghi…  1\n");
  g_autofree char *narrow = table_of(json, "id name n", 5);
  assert_string_equal(narrow, "ID          NAME      N\n0123456789  abcdefg…  1\n");
  g_autofree char *object = table_of("{\"id\":\"0123456789\"}", NULL, 5);
  assert_string_equal(object, "id  0123456789\n");
}

static void objects_and_scalars_are_tables_too(void **state)
{
  (void)state;
  g_autofree char *object = table_of("{\"id\":\"1\",\"metadata\":{\"a\":\"b\"},\"none\":null}", "id", 0);
  assert_string_equal(object, "id        1\nmetadata  a=b\nnone\n");
  g_autofree char *scalar = table_of("\"text\"", NULL, 0);
  assert_string_equal(scalar, "text\n");
  g_autofree char *texts = table_of("[\"a\",\"b\"]", NULL, 0);
  assert_string_equal(texts, "a\nb\n");
  g_autofree char *empty = table_of("[]", "id name", 0);
  assert_string_equal(empty, "ID  NAME\n");
  g_autofree char *own = table_of("[{\"k\":1}]", NULL, 0);
  assert_string_equal(own, "K\n1\n");
}

static void plain_text_holds_nothing_for_the_terminal(void **state)
{
  (void)state;
  g_autofree char *text = output_plain_text("a\033]0;t\007\r\n\xc2\x9b\xe2\x80\xae z\xff");
  assert_string_equal(text, "a?]0;t?????"
                            " z\xef\xbf\xbd");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(yaml_of_each_value),
    cmocka_unit_test(columns_are_aligned_by_width),
    cmocka_unit_test(a_table_is_cut_to_the_terminal_only),
    cmocka_unit_test(objects_and_scalars_are_tables_too),
    cmocka_unit_test(plain_text_holds_nothing_for_the_terminal),
  };
  return cmocka_run_group_tests_name("evsctl output", tests, NULL, NULL);
}
