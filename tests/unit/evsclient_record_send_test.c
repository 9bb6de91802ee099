/* evsclient/record_write.c, record_check.c, record_flag.c: bodies, queries, every refusal's text, and flags. */
#include "evsclient/record.h"
#include "tests/unit/cmocka_all.h"

#define DISK_ID "b104b8db-170d-441b-897a-3c8ba9c5a214"

typedef struct {
  const char *key;
  const char *const *values;
} Match;

static const EvsField match_fields[] = {
  EVS_FIELD(Match, key, TEXT, "key", .flags = EVS_FIELD_REQUIRED, .most = 4),
  EVS_FIELD(Match, values, TEXTS, "values"),
};
static const EvsRecord match_record = EVS_RECORD("match", Match, match_fields);

typedef struct {
  const char *name, *type, *label, *volume_id, *secret, *free;
  gint64 size, count, months, any;
  gboolean shared, pay, readonly;
  GHashTable *metadata;
  const char *const *ids;
  Match *match;
  GPtrArray *matches;
} Order;

static const char *const types[] = {"SATA", "SAS", NULL};
static const char *const one_type[] = {"SSD", NULL};

static gboolean check_order(const void *value, GError **error)
{
  const Order *order = value;
  return order->count < 2 || !order->shared ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'count' and 'multiattach' exclude each other");
}

static const EvsField order_fields[] = {
  EVS_FIELD(Order, name, TEXT, "volume/name", .least = 1, .most = 8),
  EVS_FIELD(Order, type, TEXT, "volume/volume_type", .flags = EVS_FIELD_REQUIRED, .choices = types),
  EVS_FIELD(Order, label, TEXT, "volume/label", .flags = EVS_FIELD_NAME_CHARS, .most = 6),
  EVS_FIELD(Order, volume_id, TEXT, "volume/volume_id|volume_id", .flags = EVS_FIELD_UUID),
  EVS_FIELD(Order, secret, TEXT, "auth_key", .flags = EVS_FIELD_SECRET, .most = 3),
  EVS_FIELD(Order, free, TEXT, "volume/free"),
  EVS_FIELD(Order, size, INT, "volume/size", .flags = EVS_FIELD_REQUIRED, .least = 10, .most = 32768),
  EVS_FIELD(Order, count, INT, "volume/count", .least = 1, .most = 100),
  EVS_FIELD(Order, months, INT, "bssParam/periodNum", .flags = EVS_FIELD_AS_TEXT, .least = 1),
  EVS_FIELD(Order, any, INT, "volume/any"),
  EVS_FIELD(Order, shared, BOOL, "volume/multiattach"),
  EVS_FIELD(Order, pay, BOOL, "bssParam/isAutoPay", .flags = EVS_FIELD_AS_TEXT),
  EVS_FIELD(Order, readonly, BOOL, "readonly", .flags = EVS_FIELD_REQUIRED),
  EVS_FIELD(Order, metadata, MAP, "volume/metadata", .most = 5, .key_most = 3, .most_items = 2),
  EVS_FIELD(Order, ids, TEXTS, "ids", .flags = EVS_FIELD_UUID, .least = 1, .most = 2),
  EVS_FIELD(Order, match, RECORD, "match", .record = &match_record),
  EVS_FIELD(Order, matches, LIST, "matches", .record = &match_record, .most = 1),
  {.name = "action", .kind = EVS_FIELD_TEXT, .fixed = "create"},
  {.name = "os-reserve", .kind = EVS_FIELD_MAP, .fixed = ""},
};
static const EvsRecord order_record = EVS_RECORD("order", Order, order_fields, .check = check_order);

static Order good_order(void)
{
  return (Order){.type = "SAS", .size = 10};
}

static void assert_body(const Order *order, const char *expected)
{
  g_autofree char *body = evs_json_write(evs_record_write(&order_record, order));
  assert_string_equal(body, expected);
}

static void test_body_has_what_is_given(void **state G_GNUC_UNUSED)
{
  Order order = good_order();
  assert_body(&order, "{\"action\":\"create\",\"os-reserve\":{},\"readonly\":false,"
                      "\"volume\":{\"size\":10,\"volume_type\":\"SAS\"}}");
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "b", (gpointer) "2");
  g_hash_table_insert(metadata, (gpointer) "a", (gpointer) "1");
  const char *values[] = {"v", NULL}, *ids[] = {DISK_ID, NULL};
  Match match = {"k", values}, bare = {"m", NULL};
  g_autoptr(GPtrArray) matches = g_ptr_array_new();
  g_ptr_array_add(matches, &bare);
  order = (Order){.name = "n\xff",
                  .type = "SAS",
                  .volume_id = DISK_ID,
                  .secret = "k3y",
                  .free = "",
                  .size = 20,
                  .months = 3,
                  .shared = TRUE,
                  .pay = TRUE,
                  .readonly = TRUE,
                  .metadata = metadata,
                  .ids = ids,
                  .match = &match,
                  .matches = matches};
  assert_body(&order,
              "{\"action\":\"create\",\"auth_key\":\"k3y\",\"bssParam\":{\"isAutoPay\":\"true\","
              "\"periodNum\":\"3\"},\"ids\":[\"" DISK_ID "\"],\"match\":{\"key\":\"k\",\"values\":[\"v\"]},"
              "\"matches\":[{\"key\":\"m\"}],\"os-reserve\":{},\"readonly\":true,\"volume\":{\"free\":\"\","
              "\"metadata\":{\"a\":\"1\",\"b\":\"2\"},\"multiattach\":true,\"name\":\"n\xef\xbf\xbd\","
              "\"size\":20,\"volume_id\":\"" DISK_ID "\",\"volume_type\":\"SAS\"}}");
}

/* ---- checks ---- */

static void assert_refused(Order order, const char *member, const char *text)
{
  const EvsField *field = &order_fields[0];
  g_autoptr(GError) error = NULL;
  assert_false(evs_record_check(&order_record, &order, &field, &error));
  assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  assert_string_equal(error->message, text);
  g_autofree char *title = field ? evs_field_title(field) : g_strdup("");
  assert_string_equal(title, member);
}

static void assert_accepted(Order order)
{
  const EvsField *field;
  g_autoptr(GError) error = NULL;
  assert_true(evs_record_check(&order_record, &order, &field, &error));
  assert_null(error);
}

#define ORDER(...)                                                                                           \
  (Order)                                                                                                    \
  {                                                                                                          \
    .type = "SAS", .size = 10, __VA_ARGS__                                                                   \
  }

static void test_texts_are_checked(void **state G_GNUC_UNUSED)
{
  assert_refused((Order){.size = 10}, "volume_type",
                 "'volume_type' is missing: one of SATA, SAS is expected");
  assert_refused((Order){.size = 10, .type = ""}, "volume_type",
                 "'volume_type' is missing: one of SATA, SAS is expected");
  assert_refused((Order){.size = 10, .type = "sas"}, "volume_type",
                 "'volume_type' is 'sas': one of SATA, SAS is expected");
  assert_refused(ORDER(.name = "123456789"), "name",
                 "'name' has 9 characters: text of 1 to 8 characters is expected");
  assert_refused(ORDER(.name = ""), "name", "'name' has 0 characters: text of 1 to 8 characters is expected");
  assert_refused(ORDER(.name = "\xff"), "name",
                 "'name' is no UTF-8 text: text of 1 to 8 characters is expected");
  assert_refused(ORDER(.label = "a b"), "label",
                 "'label' is 'a b': text of at most 6 letters, digits, '-', '_' and '.' is expected");
  assert_refused(ORDER(.label = "1234567"), "label",
                 "'label' has 7 characters: text of at most 6 letters, digits, '-', '_' and '.' is expected");
  assert_refused(ORDER(.volume_id = "x"), "volume_id", "'volume_id' is 'x': a UUID is expected");
  assert_refused(ORDER(.secret = "k3y!"), "auth_key",
                 "'auth_key' has 4 characters: text of at most 3 characters is expected");
  assert_refused(ORDER(.free = "\xff"), "free", "'free' is no UTF-8 text");
  assert_accepted(ORDER(.name = "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"));
  assert_accepted(ORDER(.label = "a-_.9"));
}

static void test_numbers_are_checked(void **state G_GNUC_UNUSED)
{
  assert_refused((Order){.type = "SAS"}, "size", "'size' is missing: a number from 10 to 32768 is expected");
  assert_refused((Order){.type = "SAS", .size = 9}, "size",
                 "'size' is 9: a number from 10 to 32768 is expected");
  assert_refused((Order){.type = "SAS", .size = G_MININT64}, "size",
                 "'size' is -9223372036854775808: a number from 10 to 32768 is expected");
  assert_refused(ORDER(.count = 101), "count", "'count' is 101: a number from 1 to 100 is expected");
  assert_refused(ORDER(.months = -1), "periodNum", "'periodNum' is -1: a number of at least 1 is expected");
  assert_accepted(ORDER(.any = -5, .count = 100, .months = 7));
}

static void test_maps_and_lists_are_checked(void **state G_GNUC_UNUSED)
{
  g_autoptr(GHashTable) map = g_hash_table_new(g_str_hash, g_str_equal);
#define PAIRS "key=value with a key of 1 to 3 and a value of 0 to 5 characters, at most 2 times, is expected"
  g_hash_table_insert(map, (gpointer) "abcd", (gpointer) "1");
  assert_refused(ORDER(.metadata = map), "metadata",
                 "'metadata' has a pair whose key is 'abcd' and whose value has 1 characters: " PAIRS);
  g_hash_table_remove_all(map);
  g_hash_table_insert(map, (gpointer) "a", (gpointer) "123456");
  assert_refused(ORDER(.metadata = map), "metadata",
                 "'metadata' has a pair whose key is 'a' and whose value has 6 characters: " PAIRS);
  g_hash_table_insert(map, (gpointer) "a", (gpointer) "12345");
  assert_accepted(ORDER(.metadata = map));
  g_hash_table_insert(map, (gpointer) "b", (gpointer) "");
  g_hash_table_insert(map, (gpointer) "c", (gpointer) "");
  assert_refused(ORDER(.metadata = map), "metadata", "'metadata' has 3 pairs: " PAIRS);
  const char *three[] = {DISK_ID, DISK_ID, DISK_ID, NULL}, *odd[] = {DISK_ID, "x", NULL};
  assert_refused(ORDER(.ids = three), "ids", "'ids' has 3 items: a list of 1 to 2 UUIDs is expected");
  assert_refused(ORDER(.ids = odd), "ids", "'ids' is 'x': a list of 1 to 2 UUIDs is expected");
}

static void test_what_lies_within_is_checked(void **state G_GNUC_UNUSED)
{
  Match good = {"k", NULL}, bad = {"12345", NULL}, none = {NULL, NULL};
  g_autoptr(GPtrArray) matches = g_ptr_array_new();
  g_ptr_array_add(matches, &none);
  assert_refused(ORDER(.match = &bad), "match",
                 "'match': 'key' has 5 characters: text of at most 4 characters is expected");
  assert_refused(ORDER(.matches = matches), "matches",
                 "'matches': 'key' is missing: text of at most 4 characters is expected");
  g_ptr_array_add(matches, &good);
  assert_refused(ORDER(.matches = matches), "matches",
                 "'matches' has 2 items: key=values, at most 1 times, is expected");
  assert_refused(ORDER(.count = 2, .shared = TRUE), "count", "'count' and 'multiattach' exclude each other");
}

/* ---- queries ---- */

typedef struct {
  const char *marker, *name;
  const char *const *ids, *const *more;
  gint64 limit;
  gboolean cascade;
  GHashTable *metadata;
} Filter;

static const EvsField filter_fields[] = {
  EVS_FIELD(Filter, limit, INT, "limit"),
  EVS_FIELD(Filter, name, TEXT, "name"),
  EVS_FIELD(Filter, ids, TEXTS, "ids"),
  EVS_FIELD(Filter, more, TEXTS, "id", .flags = EVS_FIELD_REPEATED),
  EVS_FIELD(Filter, metadata, MAP, "metadata"),
  EVS_FIELD(Filter, cascade, BOOL, "cascade"),
  EVS_FIELD(Filter, marker, TEXT, "marker"),
  {.name = "usage", .kind = EVS_FIELD_TEXT, .fixed = "True"},
};
static const EvsRecord filter_record = EVS_RECORD("filter", Filter, filter_fields);

static void test_queries(void **state G_GNUC_UNUSED)
{
  Filter none = {0};
  g_autofree char *least = evs_record_query(&filter_record, &none);
  assert_string_equal(least, "usage=True");
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "hw:passthrough", (gpointer) "true");
  const char *ids[] = {"a", "b", NULL}, *empty[] = {NULL};
  Filter filter = {.marker = "m",
                   .name = "a b&c=\xc3\xa9",
                   .ids = ids,
                   .more = ids,
                   .limit = 5,
                   .cascade = TRUE,
                   .metadata = metadata};
  g_autofree char *all = evs_record_query(&filter_record, &filter);
  assert_string_equal(all,
                      "limit=5&name=a%20b%26c%3D%C3%A9&ids=%5B%27a%27%2C%27b%27%5D&id=a&id=b&"
                      "metadata=%7B%22hw%3Apassthrough%22%3A%22true%22%7D&cascade=true&marker=m&usage=True");
  filter = (Filter){.ids = empty, .more = empty};
  g_autofree char *bare = evs_record_query(&filter_record, &filter);
  assert_string_equal(bare, "usage=True");
}

/* ---- flags ---- */

static const EvsField *order_field(const char *name)
{
  const EvsField *field = evs_record_field(&order_record, name);
  assert_non_null(field);
  return field;
}

static void test_flag_names(void **state G_GNUC_UNUSED)
{
  static const char *const rows[][2] = {{"volume/volume_type", "volume-type"},
                                        {"bssParam/isAutoPay", "is-auto-pay"},
                                        {"volume/volume_id|volume_id", "volume-id"},
                                        {"ids", "ids"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *flag = evs_field_flag(order_field(rows[i][0]));
    assert_string_equal(flag, rows[i][1]);
  }
  static const char *const names[][2] = {
    {"OS-SCH-HNT:scheduler_hints/dedicated_storage_id", "dedicated-storage-id"},
    {"__os_type", "os-type"},
    {"cloudServiceConsoleURL", "cloud-service-console-url"},
    {"imageRef", "image-ref"}};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    EvsField field = {.name = names[i][0]};
    g_autofree char *flag = evs_field_flag(&field);
    assert_string_equal(flag, names[i][1]);
  }
  EvsField named = {.name = "x", .flag = "own"};
  g_autofree char *own = evs_field_flag(&named);
  assert_string_equal(own, "own");
  assert_null(evs_field_flag(order_field("action")));
}

static void set(Order *order, const char *name, const char *text)
{
  g_autoptr(GError) error = NULL;
  gboolean ok = evs_field_set(order_field(name), order, text, &error);
  if (!ok)
    fail_msg("%s: %s", name, error->message);
}

static void test_fields_are_set(void **state G_GNUC_UNUSED)
{
  Order *order = g_malloc0(order_record.size);
  set(order, "volume/name", "old");
  set(order, "volume/name", "new");
  set(order, "auth_key", "abc");
  set(order, "auth_key", "k3y");
  set(order, "volume/volume_type", "SATA");
  set(order, "volume/size", "32768");
  set(order, "volume/any", "-7");
  set(order, "readonly", "true");
  set(order, "volume/metadata", "a=1");
  set(order, "volume/metadata", "b=x=y");
  set(order, "volume/metadata", "a=2");
  set(order, "ids", DISK_ID);
  set(order, "ids", DISK_ID);
  set(order, "matches", "env=prod,test");
  assert_body(order, "{\"action\":\"create\",\"auth_key\":\"k3y\",\"ids\":[\"" DISK_ID "\",\"" DISK_ID "\"],"
                     "\"matches\":[{\"key\":\"env\",\"values\":[\"prod\",\"test\"]}],\"os-reserve\":{},"
                     "\"readonly\":true,\"volume\":{\"any\":-7,\"metadata\":{\"a\":\"2\",\"b\":\"x=y\"},"
                     "\"name\":\"new\",\"size\":32768,\"volume_type\":\"SATA\"}}");
  evs_record_free(&order_record, order);
}

static void test_wrong_flags_say_what_is_right(void **state G_GNUC_UNUSED)
{
  static const struct {
    const char *name, *text, *message;
  } rows[] = {
    {"volume/size", "5", "5: a number from 10 to 32768 is expected"},
    {"volume/size", "0", "0: a number from 10 to 32768 is expected"},
    {"volume/count", "0", "0: a number from 1 to 100 is expected"},
    {"volume/size", "10GiB", "10GiB: a number from 10 to 32768 is expected"},
    {"volume/size", "99999999999999999999", "99999999999999999999: a number from 10 to 32768 is expected"},
    {"volume/any", "x", "x: a number is expected"},
    {"volume/volume_type", "FAST", "FAST: one of SATA, SAS is expected"},
    {"volume/name", "123456789", "123456789: text of 1 to 8 characters is expected"},
    {"volume/free", "\xff", "\xef\xbf\xbd: UTF-8 text is expected"},
    {"volume/multiattach", "maybe", "maybe: true or false is expected"},
    {"volume/metadata", "a", "a: " PAIRS},
    {"volume/metadata", "=a", "=a: " PAIRS},
    {"ids", "x", "x: a list of 1 to 2 UUIDs is expected"},
    {"ids", DISK_ID ",", DISK_ID ",: a list of 1 to 2 UUIDs is expected"},
    {"auth_key", "too long", "text of at most 3 characters is expected"},
    {"matches", "=v", ": text of at most 4 characters is expected"},
    {"match", "a", "this cannot be given as text"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Order *order = g_malloc0(order_record.size);
    g_autoptr(GError) error = NULL;
    assert_false(evs_field_set(order_field(rows[i].name), order, rows[i].text, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    assert_string_equal(error->message, rows[i].message);
    evs_record_free(&order_record, order);
  }
}

static void test_single_choice(void **state G_GNUC_UNUSED)
{
  EvsField field = {.name = "x", .kind = EVS_FIELD_TEXT, .choices = one_type};
  g_autofree char *accepts = evs_field_accepts(&field);
  assert_string_equal(accepts, "SSD");
  EvsField free_text = {.name = "x", .kind = EVS_FIELD_TEXT};
  g_autofree char *anything = evs_field_accepts(&free_text);
  assert_string_equal(anything, "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_body_has_what_is_given),
    cmocka_unit_test(test_texts_are_checked),
    cmocka_unit_test(test_numbers_are_checked),
    cmocka_unit_test(test_maps_and_lists_are_checked),
    cmocka_unit_test(test_what_lies_within_is_checked),
    cmocka_unit_test(test_queries),
    cmocka_unit_test(test_flag_names),
    cmocka_unit_test(test_fields_are_set),
    cmocka_unit_test(test_wrong_flags_say_what_is_right),
    cmocka_unit_test(test_single_choice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
