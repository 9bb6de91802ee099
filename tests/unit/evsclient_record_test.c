/* evsclient/record.c: what is read of a cloud that sends anything, copied and freed without a leak (asan). */
#include "evsclient/record.h"
#include "tests/unit/cmocka_all.h"

#define DISK_ID "b104b8db-170d-441b-897a-3c8ba9c5a214"

typedef struct {
  char *server, *device;
} Plug;

static const EvsField plug_fields[] = {
  EVS_FIELD(Plug, server, TEXT, "server_id"),
  EVS_FIELD(Plug, device, TEXT, "device"),
};
static const EvsRecord plug_record = EVS_RECORD("plug", Plug, plug_fields, .key = "server_id");

typedef struct {
  char *id, *name, *zone, *image, *secret;
  gint64 size, iops, made_us;
  gboolean shared, odd;
  GHashTable *metadata;
  char **zones;
  Plug *first;
  GPtrArray *plugs;
  GHashTable *quotas, *tags;
} Thing;

static void settle_thing(void *value)
{
  Thing *thing = value;
  thing->odd = thing->size % 2 == 1;
}

static const EvsField thing_fields[] = {
  EVS_FIELD(Thing, id, TEXT, "id", .flags = EVS_FIELD_UUID),
  EVS_FIELD(Thing, name, TEXT, "name|display_name"),
  EVS_FIELD(Thing, zone, TEXT, "where/zone|zone"),
  EVS_FIELD(Thing, image, TEXT, "volume_image_metadata/image_id"),
  EVS_FIELD(Thing, secret, TEXT, "auth_key", .flags = EVS_FIELD_SECRET),
  EVS_FIELD(Thing, size, INT, "size"),
  EVS_FIELD(Thing, iops, INT, "iops/total_val|iops"),
  EVS_FIELD(Thing, made_us, TIME, "created_at"),
  EVS_FIELD(Thing, shared, BOOL, "multiattach"),
  EVS_FIELD(Thing, metadata, MAP, "metadata"),
  EVS_FIELD(Thing, zones, TEXTS, "zones"),
  EVS_FIELD(Thing, first, RECORD, "first", .record = &plug_record),
  EVS_FIELD(Thing, plugs, LIST, "attachments", .record = &plug_record),
  EVS_FIELD(Thing, quotas, RECORDS, "", .record = &plug_record),
  EVS_FIELD(Thing, tags, TEXT_SETS, "tags"),
};
static const EvsRecord thing_record =
  EVS_RECORD("thing", Thing, thing_fields, .key = "id", .settle = settle_thing);

static Thing *read_thing(const char *text)
{
  g_autoptr(json_t) object = evs_json_parse(text, strlen(text));
  assert_non_null(object);
  return evs_record_read(&thing_record, object);
}

#define FULL                                                                                                 \
  "{\"id\":\"" DISK_ID "\",\"name\":7,\"where\":{\"zone\":\"z1\"},\"zone\":\"z2\",\"auth_key\":\"k3y\","     \
  "\"volume_image_metadata\":{\"image_id\":\"i1\"},\"size\":\"41\",\"iops\":{\"total_val\":5000},"           \
  "\"created_at\":\"2016-05-25t02:42:10.856332\",\"multiattach\":\"TRUE\","                                  \
  "\"metadata\":{\"a\":1,\"b\":true,\"c\":null,\"d\":\"x\",\"e\":[1]},\"zones\":\"a, b,,c \","               \
  "\"first\":{\"server_id\":\"s0\"},"                                                                        \
  "\"attachments\":[{\"server_id\":\"s1\",\"device\":\"/dev/vdb\"},{\"device\":\"no server\"},null,4],"      \
  "\"tags\":{\"k\":[\"v1\",2,null,{}],\"none\":\"text\"}}"

static void assert_full(const Thing *thing)
{
  assert_string_equal(thing->id, DISK_ID);
  assert_string_equal(thing->name, "7");
  assert_string_equal(thing->zone, "z1");
  assert_string_equal(thing->image, "i1");
  assert_string_equal(thing->secret, "k3y");
  assert_int_equal(thing->size, 41);
  assert_int_equal(thing->iops, 5000);
  assert_int_equal(thing->made_us, 1464144130856332);
  assert_true(thing->shared && thing->odd);
  assert_int_equal(g_hash_table_size(thing->metadata), 5);
  assert_string_equal(g_hash_table_lookup(thing->metadata, "a"), "1");
  assert_string_equal(g_hash_table_lookup(thing->metadata, "b"), "true");
  assert_string_equal(g_hash_table_lookup(thing->metadata, "c"), "");
  assert_string_equal(g_hash_table_lookup(thing->metadata, "e"), "");
  assert_int_equal(g_strv_length(thing->zones), 3);
  assert_string_equal(thing->zones[2], "c");
  assert_string_equal(thing->first->server, "s0");
  assert_string_equal(thing->first->device, "");
  assert_int_equal(thing->plugs->len, 1);
  assert_string_equal(((Plug *)thing->plugs->pdata[0])->device, "/dev/vdb");
  assert_int_equal(g_hash_table_size(thing->quotas), 1); /* of all members the only one with a server_id */
  assert_string_equal(((Plug *)g_hash_table_lookup(thing->quotas, "first"))->server, "s0");
  assert_int_equal(g_hash_table_size(thing->tags), 1);
  char **values = g_hash_table_lookup(thing->tags, "k");
  assert_int_equal(g_strv_length(values), 2);
  assert_string_equal(values[1], "2");
}

static void test_all_kinds(void **state G_GNUC_UNUSED)
{
  Thing *thing = read_thing(FULL);
  assert_full(thing);
  Thing *copy = evs_record_copy(&thing_record, thing);
  evs_record_free(&thing_record, thing);
  assert_full(copy);
  evs_record_free(&thing_record, copy);
}

static void assert_absent(const Thing *thing)
{
  assert_non_null(thing);
  assert_string_equal(thing->name, "");
  assert_string_equal(thing->zone, "");
  assert_string_equal(thing->image, "");
  assert_int_equal(thing->size, 0);
  assert_int_equal(thing->iops, 0);
  assert_int_equal(thing->made_us, 0);
  assert_false(thing->shared || thing->odd);
  assert_int_equal(g_hash_table_size(thing->metadata), 0);
  assert_null(thing->zones[0]);
  assert_null(thing->first);
  assert_int_equal(thing->plugs->len, 0);
  assert_int_equal(g_hash_table_size(thing->quotas), 0);
  assert_int_equal(g_hash_table_size(thing->tags), 0);
}

/* Missing, null, and of a kind that makes no sense there. */
static void test_what_is_not_there(void **state G_GNUC_UNUSED)
{
  static const char *const bodies[] = {
    "{\"id\":\"" DISK_ID "\"}",
    "{\"id\":\"" DISK_ID "\",\"name\":null,\"where\":null,\"volume_image_metadata\":null,\"size\":null,"
    "\"iops\":null,\"created_at\":null,\"multiattach\":null,\"metadata\":null,\"zones\":null,\"first\":null,"
    "\"attachments\":null,\"tags\":null}",
    "{\"id\":\"" DISK_ID "\",\"name\":[1],\"where\":\"text\",\"volume_image_metadata\":[],\"size\":\"many\","
    "\"iops\":{},\"created_at\":12,\"multiattach\":\"perhaps\",\"metadata\":\"{}\",\"zones\":{\"a\":1},"
    "\"first\":\"s\",\"attachments\":{\"server\":\"s\"},\"tags\":[\"k\"]}",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
    Thing *thing = read_thing(bodies[i]);
    assert_absent(thing);
    evs_record_free(&thing_record, thing);
  }
}

static void test_alternatives(void **state G_GNUC_UNUSED)
{
  Thing *thing =
    read_thing("{\"id\":\"" DISK_ID "\",\"name\":null,\"display_name\":\"d\",\"zone\":\"z2\",\"iops\":12}");
  assert_string_equal(thing->name, "d");
  assert_string_equal(thing->zone, "z2");
  assert_int_equal(thing->iops, 12);
  evs_record_free(&thing_record, thing);
  g_autoptr(json_t) object = json_pack("{s:{s:i}}", "a", "b", 1);
  assert_ptr_equal(evs_record_member(object, ""), object);
  assert_ptr_equal(evs_record_member(object, "x|"), object);
  assert_int_equal(json_integer_value(evs_record_member(object, "x/y|a/b")), 1);
  assert_null(evs_record_member(object, "a/b/c"));
  assert_null(evs_record_member(NULL, "a"));
}

static void test_no_record_without_its_key(void **state G_GNUC_UNUSED)
{
  assert_null(read_thing("{}"));
  assert_null(read_thing("{\"id\":\"\"}"));
  assert_null(read_thing("{\"id\":\"no-uuid\"}"));
  assert_null(read_thing("{\"id\":5}"));
  assert_null(read_thing("[]"));
  assert_null(evs_record_read(&thing_record, NULL));
  evs_record_free(&thing_record, NULL);
  evs_record_list_free(&thing_record, NULL);
}

static void test_numbers(void **state G_GNUC_UNUSED)
{
  static const struct {
    const char *json;
    gint64 size;
  } rows[] = {
    {"9223372036854775807", G_MAXINT64},
    {"-9223372036854775808", G_MININT64},
    {"\"9223372036854775807\"", G_MAXINT64},
    {"\"9223372036854775808\"", 0},
    {"40.0", 40},
    {"1e300", 0},
    {"\" 40 \"", 40},
    {"\"0x10\"", 0},
    {"true", 0},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text = g_strdup_printf("{\"id\":\"" DISK_ID "\",\"size\":%s}", rows[i].json);
    Thing *thing = read_thing(text);
    assert_int_equal(thing->size, rows[i].size);
    evs_record_free(&thing_record, thing);
  }
}

/* One odd row leaves the others readable. */
static void test_what_json_forbids(void **state G_GNUC_UNUSED)
{
  static const struct {
    const char *name, *shown;
  } rows[] = {
    {"\"a\\u0000b\"", "a"},
    {"\"cut \xe4\xb8\"", "cut \xef\xbf\xbd\xef\xbf\xbd"},
    {"99999999999999999999", "1e+20"},
    {"\"\\ud800\"", NULL}, /* half a character by number: no JSON at all */
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text = g_strdup_printf("{\"id\":\"" DISK_ID "\",\"name\":%s,\"size\":40}", rows[i].name);
    g_autoptr(json_t) object = evs_json_parse(text, strlen(text));
    Thing *thing = evs_record_read(&thing_record, object);
    if (rows[i].shown) {
      assert_string_equal(thing->name, rows[i].shown);
      assert_int_equal(thing->size, 40);
    } else {
      assert_null(object);
    }
    evs_record_free(&thing_record, thing);
  }
}

static void test_lists(void **state G_GNUC_UNUSED)
{
  const char *text = "[{\"id\":\"" DISK_ID "\"},{},null,\"x\",{\"id\":\"" DISK_ID "\",\"size\":3}]";
  g_autoptr(json_t) array = evs_json_parse(text, strlen(text));
  GPtrArray *list = evs_record_read_list(&thing_record, array);
  assert_int_equal(list->len, 2);
  assert_int_equal(((Thing *)list->pdata[1])->size, 3);
  evs_record_list_free(&thing_record, list);
  GPtrArray *none = evs_record_read_list(&thing_record, NULL);
  assert_int_equal(none->len, 0);
  evs_record_list_free(&thing_record, none);
}

/* What is more than anybody needs is left out, texts are cut between characters. */
static void test_ceilings(void **state G_GNUC_UNUSED)
{
  g_autoptr(GString) text = g_string_new("{\"id\":\"" DISK_ID "\",\"name\":\"a");
  for (guint i = 0; i < EVS_RECORD_MAX_TEXT; i++)
    g_string_append(text, "é");
  g_string_append(text, "\",\"zones\":[0");
  for (guint i = 0; i < EVS_RECORD_MAX_ITEMS; i++)
    g_string_append(text, ",1");
  g_string_append(text, "],\"metadata\":{\"x\":1");
  for (guint i = 0; i < EVS_RECORD_MAX_ITEMS; i++)
    g_string_append_printf(text, ",\"%u\":1", i);
  g_string_append(text, "},\"attachments\":[4");
  for (guint i = 0; i <= EVS_RECORD_MAX_ITEMS; i++)
    g_string_append(text, ",{\"server_id\":1}");
  g_string_append(text, "]}");
  Thing *thing = read_thing(text->str);
  assert_int_equal(strlen(thing->name), EVS_RECORD_MAX_TEXT - 1);
  assert_true(g_utf8_validate(thing->name, -1, NULL));
  assert_int_equal(g_strv_length(thing->zones), EVS_RECORD_MAX_ITEMS);
  assert_int_equal(g_hash_table_size(thing->metadata), EVS_RECORD_MAX_ITEMS);
  assert_int_equal(thing->plugs->len, EVS_RECORD_MAX_ITEMS);
  evs_record_free(&thing_record, thing);
}

static void test_too_deep_is_no_json(void **state G_GNUC_UNUSED)
{
  g_autoptr(GString) text = g_string_new("{\"id\":\"" DISK_ID "\",\"where\":");
  for (int i = 0; i < JSON_MAX_DEPTH; i++)
    g_string_append(text, "{\"zone\":");
  g_string_append(text, "1");
  for (int i = 0; i <= JSON_MAX_DEPTH; i++)
    g_string_append(text, "}");
  assert_null(evs_json_parse(text->str, text->len));
}

/* A borrowed record's NULL members stay NULL in the copy: left out is not given as nothing. */
static void test_copy_of_a_request(void **state G_GNUC_UNUSED)
{
  Thing borrowed = {.name = (char *)"n"};
  Thing *copy = evs_record_copy(&thing_record, &borrowed);
  assert_string_equal(copy->name, "n");
  assert_null(copy->id);
  assert_null(copy->metadata);
  assert_null(copy->zones);
  assert_null(copy->plugs);
  assert_null(copy->quotas);
  evs_record_free(&thing_record, copy);
}

static void test_show(void **state G_GNUC_UNUSED)
{
  Thing *thing = read_thing("{\"id\":\"" DISK_ID "\",\"auth_key\":\"k3y\",\"size\":1,"
                            "\"created_at\":\"2016-05-25T02:42:10.856332\",\"metadata\":{\"b\":1,\"a\":2}}");
  g_autofree char *text = evs_json_write(evs_record_show(&thing_record, thing));
  assert_string_equal(text, "{\"attachments\":[],\"created_at\":\"2016-05-25T02:42:10.856332Z\","
                            "\"first\":null,\"id\":\"" DISK_ID "\",\"iops\":{\"total_val\":0},"
                            "\"metadata\":{\"a\":\"2\",\"b\":\"1\"},\"multiattach\":false,\"name\":\"\","
                            "\"size\":1,\"tags\":{},\"volume_image_metadata\":{\"image_id\":\"\"},"
                            "\"where\":{\"zone\":\"\"},\"zones\":[]}");
  evs_record_free(&thing_record, thing);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_all_kinds),
    cmocka_unit_test(test_what_is_not_there),
    cmocka_unit_test(test_alternatives),
    cmocka_unit_test(test_no_record_without_its_key),
    cmocka_unit_test(test_numbers),
    cmocka_unit_test(test_what_json_forbids),
    cmocka_unit_test(test_lists),
    cmocka_unit_test(test_ceilings),
    cmocka_unit_test(test_too_deep_is_no_json),
    cmocka_unit_test(test_copy_of_a_request),
    cmocka_unit_test(test_show),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
