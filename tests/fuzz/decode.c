#include "tests/fuzz/decode.h"

#include "evsclient/config.h"
#include "evsclient/error_body.h"
#include "evsclient/typed_call.h"

static char *shown(const EvsRecord *record, gconstpointer value)
{
  return evs_json_write(evs_record_show(record, value));
}

/* A copy must show the same. Checks are for requests, but must stand any content. */
static void exercise(const EvsRecord *record, gpointer value)
{
  gpointer copy = evs_record_copy(record, value);
  g_autofree char *one = shown(record, value), *other = shown(record, copy);
  g_assert_cmpstr(one, ==, other);
  g_autoptr(json_t) again = evs_json_parse(one, strlen(one));
  g_assert_nonnull(again); /* what is shown is JSON and no deeper than what may be read */
  g_autoptr(GError) error = NULL;
  evs_record_check(record, value, NULL, &error);
  json_decref(evs_record_write(record, value));
  evs_record_free(record, copy);
}

static void read_answer(EvsOp op, const json_t *answer)
{
  const EvsOperation *operation = &evs_operations[op];
  g_autoptr(GError) error = NULL;
  gpointer reply = NULL;
  if (!operation->reply || !evs_reply_read(op, answer, &reply, &error))
    return;
  json_decref(evs_reply_show(op, reply));
  if (operation->shape == EVS_REPLY_ONE)
    exercise(operation->reply, reply);
  const GPtrArray *list = reply;
  for (guint i = 0; operation->shape == EVS_REPLY_LIST && i < list->len; i++)
    exercise(operation->reply, list->pdata[i]);
  evs_reply_free(op, reply);
}

static void read_errors(const char *text, gsize size)
{
  g_autoptr(GError) answer = NULL, job = NULL;
  guint traits = 0;
  evs_error_set_answer(&answer, "fuzz", 400, text, size, NULL, &traits);
  evs_error_set_job(&job, "fuzz", text, text, text);
  g_autofree char *one = evs_error_describe(answer), *other = evs_error_describe(job);
  g_assert_true(g_utf8_validate(one, -1, NULL) && g_utf8_validate(other, -1, NULL));
  g_assert_null(strchr(one, '\n'));
}

/* A field takes the text and then stands its own rules, or says why not. */
static void type_into(const EvsRecord *record, const char *text)
{
  for (gsize i = 0; record && i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    gpointer value = g_malloc0(record->size);
    g_autoptr(GError) refused = NULL, wrong = NULL;
    gboolean taken = evs_field_set(field, value, text, &refused);
    g_assert_true(taken == !refused);
    g_assert_true(!taken || evs_field_check(field, value, &wrong));
    g_assert_true(!refused || g_utf8_validate(refused->message, -1, NULL));
    json_decref(evs_record_write(record, value));
    g_free(evs_record_query(record, value));
    evs_record_free(record, value);
  }
}

/* The first byte chooses the operation: all of them each time would be slow. */
static void type_into_operation(const char *text)
{
  if (!*text)
    return;
  const EvsOperation *operation = &evs_operations[(guint8)*text % EVS_OP_COUNT];
  type_into(operation->query, text + 1);
  type_into(operation->request, text + 1);
}

void decode_any(const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup((const char *)data, size); /* cut at the first NUL, as C texts are */
  if (*text == '=') {
    type_into_operation(text + 1);
    return;
  }
  g_autoptr(json_t) answer = evs_json_parse((const char *)data, size);
  for (guint op = 0; answer && op < EVS_OP_COUNT; op++)
    read_answer((EvsOp)op, answer);
  read_errors(text, strlen(text));
  (void)evs_json_time(text);
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsConfig) config = evs_config_parse(text, "fuzz", &error);
  g_assert_true(config || error);
}
