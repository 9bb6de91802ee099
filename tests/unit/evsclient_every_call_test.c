/* What holds for every operation of the table, whichever it is: a call that nobody wants any more is not sent, a lost answer
 * is asked for again only where that is safe, an answer of nothing but oddities crashes nobody. Requests are filled by their
 * own tables. */
#include "base/clock.h"
#include "evsclient/typed_call.h"
#include "tests/unit/evsclient_fixture.h"

/* What the rules between fields want besides the fields that are required. */
static const struct {
  EvsOp op;
  const char *field, *text;
} extras[] = {
  {EVS_OP_DISK_CREATE, "volume/size", "10"},
  {EVS_OP_DISK_CREATE_V2, "volume/size", "10"},
  {EVS_OP_CINDER_VOLUME_CREATE, "volume/size", "10"},
  {EVS_OP_DISK_UPDATE, "volume/name", "n"},
  {EVS_OP_CINDER_VOLUME_UPDATE, "volume/name", "n"},
  {EVS_OP_SNAPSHOT_UPDATE, "snapshot/name", "n"},
  {EVS_OP_CINDER_SNAPSHOT_UPDATE, "snapshot/name", "n"},
  {EVS_OP_SERVER_ATTACH, "volumeAttachment/volumeId", DISK_ID},
  {EVS_OP_RECYCLE_POLICY_SET, "switch", "true"},
};

/* Some text that the field accepts. Newly allocated. */
static char *some_text(const EvsField *field)
{
  if (field->choices)
    return g_strdup(field->choices[0]);
  if (field->flags & EVS_FIELD_UUID)
    return g_strdup(DISK_ID);
  switch (field->kind) {
  case EVS_FIELD_INT:
    return g_strdup_printf("%" G_GINT64_FORMAT, MAX(field->least, 1));
  case EVS_FIELD_BOOL:
    return g_strdup("true");
  case EVS_FIELD_MAP:
    return g_strdup("k=v");
  case EVS_FIELD_LIST: {
    g_autofree char *first = some_text(&field->record->fields[0]);
    g_autofree char *second = field->record->count == 2 ? some_text(&field->record->fields[1]) : NULL;
    return g_strjoin("=", first, second, NULL);
  }
  default:
    return g_strnfill(MAX((gsize)field->least, 1), 'x');
  }
}

static void fill_field(EvsOp op, const EvsField *field, gpointer value, const char *text)
{
  g_autoptr(GError) error = NULL;
  if (!evs_field_set(field, value, text, &error))
    fail_msg("%s: '%s' does not take '%s': %s", evs_operations[op].id, field->name, text, error->message);
}

/* The least that passes all checks. */
static gpointer fill(EvsOp op, const EvsRecord *record)
{
  gpointer value = g_malloc0(record->size);
  for (gsize i = 0; i < record->count; i++) {
    g_autofree char *text = some_text(&record->fields[i]);
    if (!record->fields[i].fixed && record->fields[i].flags & EVS_FIELD_REQUIRED)
      fill_field(op, &record->fields[i], value, text);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(extras); i++) {
    const EvsField *field = extras[i].op == op ? evs_record_field(record, extras[i].field) : NULL;
    if (field)
      fill_field(op, field, value, extras[i].text);
  }
  g_autoptr(GError) error = NULL;
  if (!evs_record_check(record, value, NULL, &error))
    fail_msg("%s: %s", evs_operations[op].id, error->message);
  return value;
}

static const char *some_id(const char *path)
{
  return strstr(path, "{version}") ? "v2" : strstr(path, "{job_id}") ? "job-1" : DISK_ID;
}

/* Makes the call once, in full. */
static gboolean make_call(EvsClient *client, const EvsContext *context, EvsOp op, GError **error)
{
  const EvsOperation *operation = &evs_operations[op];
  gpointer query = operation->query ? fill(op, operation->query) : NULL;
  gpointer request = operation->request ? fill(op, operation->request) : NULL;
  EvsTypedCall call = {
    .op = op, .id = some_id(operation->path), .second_id = DISK_ID, .query = query, .request = request};
  gpointer reply = NULL;
  gboolean ok = evs_typed_call(client, context, &call, &reply, error);
  if (ok) {
    json_decref(evs_reply_show(op, reply));
    evs_reply_free(op, reply);
  }
  if (operation->query)
    evs_record_free(operation->query, query);
  if (operation->request)
    evs_record_free(operation->request, request);
  return ok;
}

static gboolean is_read(EvsOp op)
{
  return g_str_equal(evs_operations[op].method, "GET");
}

static gboolean always(void *data G_GNUC_UNUSED)
{
  return TRUE;
}

static void test_what_nobody_wants_is_not_sent(void **state)
{
  Fixture *fixture = *state;
  EvsContext cancelled = {.deadline_us = CLOCK_NEVER, .cancelled = always};
  EvsContext late = {.deadline_us = clock_now_us() - 1};
  for (EvsOp op = 0; op < EVS_OP_COUNT; op++) {
    g_autoptr(GError) gone = NULL, over = NULL;
    assert_false(make_call(fixture->client, &cancelled, op, &gone));
    assert_int_equal(evs_error_code(gone), EVS_CODE_ABORTED);
    assert_int_equal(evs_error_outcome(gone), EVS_OUTCOME_UNSENT);
    assert_false(make_call(fixture->client, &late, op, &over));
    assert_int_equal(evs_error_code(over), is_read(op) ? EVS_CODE_DEADLINE_EXCEEDED : EVS_CODE_ABORTED);
    assert_int_equal(evs_error_outcome(over), EVS_OUTCOME_UNSENT);
  }
  assert_int_equal(http_script_count(fixture->script, ""), 0);
}

/* The first sending gets no answer: it may have been taken. */
static void lose_answer(Fixture *fixture, EvsOp op)
{
  http_script_add(fixture->script, (ScriptRule){.match = "", .times = 1, .kind = SCRIPT_DROP});
  http_script_add(fixture->script,
                  (ScriptRule){.match = "",
                               .status = 404,
                               .body = "{\"error\":{\"code\":\"EVS.5404\",\"message\":\"none\"}}"});
  EvsContext context = fixture_within_ms(20000);
  g_autoptr(GError) error = NULL;
  assert_false(make_call(fixture->client, &context, op, &error));
  gboolean once = evs_operations[op].repeat == EVS_REPEAT_NEVER;
  guint sent = http_script_count(fixture->script, "");
  if (sent != (once ? 1 : 2))
    fail_msg("%s was sent %u times: %s", evs_operations[op].id, sent, error->message);
  if (once && evs_error_outcome(error) != EVS_OUTCOME_UNKNOWN)
    fail_msg("%s: whether it was taken counts as known", evs_operations[op].id);
  if (!once)
    assert_true(evs_error_is_cloud(error, "EVS.5404"));
}

#define ODD_MEMBERS                                                                                          \
  "{\"volumes\":7,\"volume\":\"x\",\"snapshot\":[],\"job_id\":{},\"status\":5,\"server\":null,"              \
  "\"transfers\":{\"a\":1},\"tags\":3}"

/* Members of the wrong type at every root; success or a clean refusal, never less. */
static void answer_oddly(Fixture *fixture, EvsOp op)
{
  static const char *const odd[] = {"{}", "[]", ODD_MEMBERS};
  for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
    http_script_clear(fixture->script);
    http_script_add(fixture->script, (ScriptRule){.match = "", .body = odd[i]});
    EvsContext context = fixture_within_ms(20000);
    context.once = TRUE;
    g_autoptr(GError) error = NULL;
    if (make_call(fixture->client, &context, op, &error))
      continue;
    if (!evs_error_is(error, EVS_CODE_INTERNAL))
      fail_msg("%s: %s", evs_operations[op].id, error->message);
    assert_true(evs_error_outcome(error) == EVS_OUTCOME_UNKNOWN || is_read(op));
  }
}

/* Each operation has a server and a client of its own: one server takes few connections in all. */
static void for_every_operation(void (*run)(Fixture *fixture, EvsOp op))
{
  for (EvsOp op = 0; op < EVS_OP_COUNT; op++) {
    void *state = NULL;
    fixture_setup(&state);
    run(state, op);
    fixture_teardown(&state);
  }
}

static void test_lost_answers(void **state G_GNUC_UNUSED)
{
  for_every_operation(lose_answer);
}

static void test_odd_answers(void **state G_GNUC_UNUSED)
{
  for_every_operation(answer_oddly);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
    TEST(test_what_nobody_wants_is_not_sent),
    cmocka_unit_test(test_lost_answers),
    cmocka_unit_test(test_odd_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
