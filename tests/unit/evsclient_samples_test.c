/* Every sample response of the EVS API reference goes through the decoder of its operation: of what the record knows, nothing
 * may be lost. The reference is read where it lies beside the project (../shared/seeds); only line numbers are kept here.
 * Its samples are broken by page cuts and slips of the pen: what has to be repaired stands in a table. */
#include "evsclient/error_body.h"
#include "evsclient/records.h"
#include "evsclient/transfer.h"
#include "evsclient/typed_call.h"
#include "tests/unit/evsclient_samples.h"

#include "tests/unit/cmocka_all.h"

static char **reference; /* its lines; NULL: it is not there */

/* ---- the reference ---- */

static int load_reference(void **state)
{
  (void)state;
  g_autofree char *dir = g_build_filename(EVS_SOURCE_DIR, "..", "shared", "seeds", NULL);
  g_autoptr(GDir) seeds = g_dir_open(dir, 0, NULL);
  for (const char *name; seeds && (name = g_dir_read_name(seeds));) {
    g_autofree char *path = g_build_filename(dir, name, NULL), *text = NULL;
    if (strstr(name, "huawei-evs-api-reference") && g_file_get_contents(path, &text, NULL, NULL))
      reference = g_strsplit(text, "\n", -1);
  }
  if (!reference)
    print_message("the EVS API reference is not in '%s': its samples are not decoded\n", dir);
  return 0;
}

static int drop_reference(void **state)
{
  (void)state;
  g_clear_pointer(&reference, g_strfreev);
  return 0;
}

static void need_reference(void)
{
  if (reference)
    return;
  if (g_strcmp0(g_getenv("CI"), "true") == 0)
    fail_msg("the reference is missing, and under CI nothing may be skipped");
  skip();
}

static const Repair *find_repair(guint number)
{
  for (gsize i = 0; i < samples_repair_count; i++)
    if (samples_repairs[i].line == number)
      return &samples_repairs[i];
  return NULL;
}

/* The line as it should be; NULL for none. Newly allocated. */
static char *read_line(guint number)
{
  g_autofree char *line = g_strstrip(g_strdup(reference[number - 1]));
  const Repair *repair = find_repair(number);
  if (!repair)
    return g_steal_pointer(&line);
  switch (repair->kind) {
  case DROP_LINE:
    return NULL;
  case REPLACE_LINE:
    return g_strdup(repair->text);
  case APPEND_TO_LINE:
    return g_strconcat(line, repair->text, NULL);
  case CUT_LAST:
    break;
  }
  return g_strndup(line, strlen(line) - 1);
}

/* An open string: it goes on in the next line. No sample has an escaped quote. */
static gboolean is_open(const char *text)
{
  guint quotes = 0;
  for (; *text; text++)
    quotes += *text == '"';
  return quotes % 2 != 0;
}

/* A comma before a closing bracket; the samples have none in strings. */
static void strip_commas(char *text)
{
  for (char *at = text; *at; at++) {
    if (*at == ',' && strchr("]}", at[1 + strspn(at + 1, "\n ")]))
      *at = ' ';
  }
}

/* The JSON between the fences of these lines. */
static json_t *read_sample(const char *op, const LineRange *range)
{
  g_autoptr(GString) text = g_string_new(NULL), open = g_string_new(NULL);
  gboolean fenced = TRUE; /* the range begins behind a fence */
  for (guint number = range->first; number <= range->last; number++) {
    if (g_str_has_prefix(reference[number - 1], "```")) {
      fenced = !fenced;
      continue;
    }
    g_autofree char *line = fenced ? read_line(number) : NULL;
    g_string_append(open, line ? line : "");
    if (is_open(open->str))
      continue;
    g_string_append_printf(text, "%s\n", open->str);
    g_string_truncate(open, 0);
  }
  strip_commas(text->str);
  json_t *sample = evs_json_parse(text->str, strlen(text->str));
  if (!sample)
    fail_msg("%s, lines %u to %u: no JSON after all repairs:\n%s", op, range->first, range->last, text->str);
  return sample;
}

/* ---- what was read against what is there ---- */

typedef struct {
  const char *op;
  guint leaves;        /* compared */
  GHashTable *unknown; /* members that no record knows */
} Comparison;

static void compare_record(Comparison *comparison, const EvsRecord *record, const json_t *sample,
                           const json_t *shown);

static void compare_text(Comparison *comparison, const char *name, const json_t *sample, const json_t *shown)
{
  g_autofree char *one = g_strstrip(evs_json_value_text(sample)), *other = evs_json_value_text(shown);
  if (g_ascii_strcasecmp(one, other) != 0)
    fail_msg("%s: '%s' is '%s' in the sample and '%s' after reading", comparison->op, name, one, other);
  comparison->leaves++;
}

static void compare_list(Comparison *comparison, const EvsField *field, const json_t *sample,
                         const json_t *shown)
{
  if (json_array_size(sample) != json_array_size(shown))
    fail_msg("%s: '%s' has %u items in the sample and %u after reading", comparison->op, field->name,
             (guint)json_array_size(sample), (guint)json_array_size(shown));
  gsize i;
  json_t *item;
  json_array_foreach(sample, i, item)
  {
    if (field->record)
      compare_record(comparison, field->record, item, json_array_get(shown, i));
    else
      compare_text(comparison, field->name, item, json_array_get(shown, i));
  }
}

static void compare_table(Comparison *comparison, const EvsField *field, const json_t *sample,
                          const json_t *shown)
{
  const char *name;
  json_t *member;
  json_object_foreach((json_t *)sample, name, member)
  {
    const json_t *other = json_object_get(shown, name);
    if (field->kind == EVS_FIELD_MAP)
      compare_text(comparison, name, member, other);
    else if (field->kind == EVS_FIELD_TEXT_SETS)
      compare_list(comparison, field, member, other);
    else if (json_is_object(member))
      compare_record(comparison, field->record, member, other);
  }
}

static void compare_texts(Comparison *comparison, const EvsField *field, const json_t *sample,
                          const json_t *shown)
{
  if (json_is_array(sample)) {
    compare_list(comparison, field, sample, shown);
    return;
  }
  g_auto(GStrv) parts = g_strsplit(json_string_value(sample), ",", -1);
  assert_int_equal(g_strv_length(parts), json_array_size(shown));
  for (guint i = 0; parts[i]; i++)
    assert_string_equal(g_strstrip(parts[i]), json_string_value(json_array_get(shown, i)));
  comparison->leaves++;
}

static void compare_field(Comparison *comparison, const EvsField *field, const json_t *sample,
                          const json_t *shown)
{
  switch (field->kind) {
  case EVS_FIELD_RECORD:
    compare_record(comparison, field->record, sample, shown);
    break;
  case EVS_FIELD_LIST:
    compare_list(comparison, field, sample, shown);
    break;
  case EVS_FIELD_TEXTS:
    compare_texts(comparison, field, sample, shown);
    break;
  case EVS_FIELD_MAP:
  case EVS_FIELD_RECORDS:
  case EVS_FIELD_TEXT_SETS:
    compare_table(comparison, field, sample, shown);
    break;
  case EVS_FIELD_TIME:
    assert_true(json_string_length(shown) > 0);
    comparison->leaves++;
    break;
  default:
    compare_text(comparison, field->name, sample, shown);
  }
}

static gboolean is_known(const EvsRecord *record, const char *member)
{
  for (gsize i = 0; i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    gboolean inner = !*field->name && field->kind == EVS_FIELD_RECORD && is_known(field->record, member);
    g_auto(GStrv) names = g_strsplit(field->name, "|", -1);
    for (guint n = 0; names[n]; n++)
      inner |= g_str_equal(names[n], member) ||
               (g_str_has_prefix(names[n], member) && names[n][strlen(member)] == '/');
    if (inner || (!*field->name && field->kind != EVS_FIELD_RECORD))
      return TRUE;
  }
  return FALSE;
}

static void compare_record(Comparison *comparison, const EvsRecord *record, const json_t *sample,
                           const json_t *shown)
{
  for (gsize i = 0; i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    const json_t *member = field->fixed ? NULL : evs_record_member(sample, field->name);
    if (member && !(field->flags & (EVS_FIELD_SECRET | EVS_FIELD_DERIVED)))
      compare_field(comparison, field, member, evs_record_member(shown, field->name));
  }
  const char *name;
  json_t *member;
  json_object_foreach((json_t *)sample, name, member)
  {
    if (!is_known(record, name))
      g_hash_table_add(comparison->unknown, g_strdup(name));
  }
}

/* "0/links/1/href" */
static const json_t *follow(const json_t *value, const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  for (guint i = 0; parts[i]; i++)
    value = json_is_array(value) ? json_array_get(value, strtoul(parts[i], NULL, 10))
                                 : json_object_get(value, parts[i]);
  return value;
}

static void check_sample(const Sample *sample, GHashTable *unknown)
{
  const EvsOperation *operation = evs_operation_find(sample->op);
  EvsOp op = (EvsOp)(operation - evs_operations);
  assert_non_null(operation->reply);
  g_autoptr(json_t) answer = read_sample(sample->op, &sample->answer);
  const json_t *root = operation->root ? evs_record_member(answer, operation->root) : answer;
  gpointer reply = NULL;
  assert_true(evs_reply_read(op, answer, &reply, NULL));
  g_autoptr(json_t) shown = evs_reply_show(op, reply);
  Comparison comparison = {.op = sample->op, .unknown = unknown};
  EvsField whole = {.name = "answer",
                    .kind = operation->shape == EVS_REPLY_LIST ? EVS_FIELD_LIST : EVS_FIELD_RECORD,
                    .record = operation->reply};
  compare_field(&comparison, &whole, root, shown);
  assert_true(comparison.leaves > 0);
  if (operation->shape == EVS_REPLY_LIST)
    assert_int_equal(json_array_size(shown), sample->items);
  g_autofree char *value = evs_json_value_text(follow(shown, sample->path));
  if (!g_str_equal(value, sample->value))
    fail_msg("%s: '%s' is '%s', not '%s'", sample->op, sample->path, value, sample->value);
  evs_reply_free(op, reply);
}

static void test_answers(void **state)
{
  (void)state;
  need_reference();
  g_autoptr(GHashTable) unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  guint decoded = 0;
  for (gsize i = 0; i < samples_count; i++) {
    if (!samples[i].path)
      continue;
    check_sample(&samples[i], unknown);
    decoded++;
  }
  print_message("%u sample answers decoded\n", decoded);
  assert_int_equal(decoded, SAMPLES_WITH_ANSWER);
  GHashTableIter iterator;
  gpointer name;
  g_hash_table_iter_init(&iterator, unknown);
  while (g_hash_table_iter_next(&iterator, &name, NULL))
    if (!g_strv_contains(samples_ignored, name))
      fail_msg("no record knows the member '%s'", (char *)name);
}

/* All that the reference says in samples of errors. */
static gboolean is_placeholder(const char *text)
{
  return g_str_equal(text, "string") || (*text == 'X' && text[strspn(text, "X")] == '\0');
}

static void test_errors(void **state)
{
  (void)state;
  need_reference();
  guint decoded = 0;
  for (gsize i = 0; i < samples_count; i++) {
    const Sample *sample = &samples[i];
    if (sample->error.first == 0)
      continue;
    g_autofree char *text = evs_json_write(read_sample(sample->op, &sample->error));
    g_auto(EvsErrorBody) body = {0};
    assert_true(evs_error_body_parse(text, strlen(text), &body));
    assert_true(is_placeholder(body.code) && is_placeholder(body.message));
    decoded++;
  }
  assert_int_equal(decoded, SAMPLES_WITH_ERROR);
}

/* The only sample with a secret: it is read and never shown. */
static void test_key(void **state)
{
  (void)state;
  need_reference();
  for (gsize i = 0; i < samples_count; i++) {
    if (!g_str_equal(samples[i].op, "7.4.1"))
      continue;
    g_autoptr(json_t) answer = read_sample("7.4.1", &samples[i].answer);
    g_autofree char *key = evs_json_text(json_object_get(answer, "transfer"), "auth_key");
    g_autoptr(EvsTransfer) transfer =
      evs_record_read(&evs_record_transfer, json_object_get(answer, "transfer"));
    assert_true(strlen(key) > 8);
    assert_string_equal(transfer->auth_key, key);
    g_autofree char *shown = evs_json_write(evs_record_show(&evs_record_transfer, transfer));
    assert_null(strstr(shown, key));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_answers),
    cmocka_unit_test(test_errors),
    cmocka_unit_test(test_key),
  };
  return cmocka_run_group_tests_name("evsclient_samples", tests, load_reference, drop_reference);
}
