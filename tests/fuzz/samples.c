#include "tests/fuzz/samples.h"

enum { MAX_DEPTH = 6 };

const char *const sample_others[] = {
  "{\"error\":{\"code\":\"EVS.1042\",\"message\":\"no quota\"}}",
  "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"too many\",\"request_id\":\"r1\"}",
  "{\"itemNotFound\":{\"code\":404,\"message\":\"none\"}}",
  "{\"code\":\"Common.0011\",\"message\":\"No jobs found.\"}",
  "{\"volumes\":null,\"snapshots\":{},\"transfers\":\"x\",\"versions\":[null,1,[],{}]}",
  "2013-02-25t04:13:17.000000",
  "2011-06-29T00:00:00+00:00",
  "[Global]\nregion = a\naccess-key = b\nsecret-key = 'c'\n; d\n[Vpc]\nid = e\n",
  NULL,
};

static json_t *sample_record(const EvsRecord *record, int depth);

static json_t *sample_field(const EvsField *field, int depth)
{
  switch (field->kind) {
  case EVS_FIELD_TEXT:
    return json_string(field->flags & EVS_FIELD_UUID ? "b104b8db-170d-441b-897a-3c8ba9c5a214" : "text");
  case EVS_FIELD_INT:
    return json_integer(7);
  case EVS_FIELD_BOOL:
    return json_true();
  case EVS_FIELD_TIME:
    return json_string("2016-05-25T02:42:10.856332");
  case EVS_FIELD_TEXTS:
    return json_pack("[s, i]", "one", 2);
  case EVS_FIELD_RECORD:
    return sample_record(field->record, depth);
  case EVS_FIELD_LIST:
    return json_pack("[o, o]", sample_record(field->record, depth), sample_record(field->record, depth));
  case EVS_FIELD_RECORDS:
    return json_pack("{s:o, s:o}", "one", sample_record(field->record, depth), "two GPS",
                     sample_record(field->record, depth));
  case EVS_FIELD_TEXT_SETS:
    return json_pack("{s:[s, s], s:[]}", "key", "one", "two", "none");
  case EVS_FIELD_MAP:
    break;
  }
  return json_pack("{s:s, s:i, s:b}", "key", "value", "number", 1, "flag", TRUE);
}

/* Where the first spelling of the path leads. Takes the member. */
static void put(json_t *object, const char *path, json_t *member)
{
  g_autofree char *first = g_strndup(path, strcspn(path, "|"));
  g_auto(GStrv) parts = g_strsplit(first, "/", -1);
  if (!*first) {
    json_object_update(object, member);
    json_decref(member);
    return;
  }
  for (guint i = 0; parts[i + 1]; object = json_object_get(object, parts[i++]))
    if (!json_is_object(json_object_get(object, parts[i])))
      json_object_set_new(object, parts[i], json_object());
  json_object_set_new(object, parts[g_strv_length(parts) - 1], member);
}

static json_t *sample_record(const EvsRecord *record, int depth)
{
  json_t *object = json_object();
  for (gsize i = 0; depth < MAX_DEPTH && i < record->count; i++)
    put(object, record->fields[i].name, sample_field(&record->fields[i], depth + 1));
  return object;
}

char *sample_answer(EvsOp op)
{
  const EvsOperation *operation = &evs_operations[op];
  if (!operation->reply)
    return NULL;
  json_t *reply = sample_record(operation->reply, 0);
  if (operation->shape == EVS_REPLY_LIST)
    reply = json_pack("[O, o]", reply, reply);
  if (!operation->root)
    return evs_json_write(reply);
  json_t *answer = json_object();
  put(answer, operation->root, reply);
  return evs_json_write(answer);
}

char *sample_typed(EvsOp op)
{
  static const char *const texts[] = {
    "10",
    "true",
    "key=value",
    "SSD",
    "b104b8db-170d-441b-897a-3c8ba9c5a214,b104b8db-170d-441b-897a-3c8ba9c5a215",
    "volume-id=b104b8db-170d-441b-897a-3c8ba9c5a214,new-size-gib=20",
  };
  if (!evs_operations[op].request && !evs_operations[op].query)
    return NULL;
  return g_strdup_printf("=%c%s", (char)op, texts[op % G_N_ELEMENTS(texts)]);
}

static void add_names(const EvsRecord *record, GHashTable *names, int depth)
{
  for (gsize i = 0; record && depth < MAX_DEPTH && i < record->count; i++) {
    g_auto(GStrv) parts = g_strsplit_set(record->fields[i].name, "/|", -1);
    for (guint part = 0; parts[part]; part++)
      if (*parts[part])
        g_hash_table_add(names, g_strdup(parts[part]));
    add_names(record->fields[i].record, names, depth + 1);
  }
}

char *sample_dictionary(void)
{
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint op = 0; op < EVS_OP_COUNT; op++) {
    if (evs_operations[op].root)
      g_hash_table_add(names, g_strdup(evs_operations[op].root));
    add_names(evs_operations[op].reply, names, 0);
  }
  g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(names), (GCompareFunc)strcmp);
  GString *text = g_string_new(NULL);
  for (const GList *at = sorted; at; at = at->next)
    g_string_append_printf(text, "\"\\\"%s\\\"\"\n", (const char *)at->data);
  return g_string_free(text, FALSE);
}
