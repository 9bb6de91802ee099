/* Records: what the reference accepts, checked before anything is sent, and said in words. */
#include "base/text.h"
#include "evsclient/record.h"

enum { SHOWN_CHARACTERS = 64 };

char *evs_field_title(const EvsField *field)
{
  g_autofree char *first = g_strndup(field->name, strcspn(field->name, "|"));
  const char *slash = strrchr(first, '/');
  return g_strdup(slash ? slash + 1 : first);
}

/* ---- in words ---- */

static char *range_words(gint64 least, gint64 most)
{
  if (least > 0 && most > 0)
    return least == most ? g_strdup_printf("%" G_GINT64_FORMAT, most)
                         : g_strdup_printf("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, least, most);
  return most > 0 ? g_strdup_printf("at most %" G_GINT64_FORMAT, most)
                  : g_strdup_printf("at least %" G_GINT64_FORMAT, least);
}

static char *choices_words(const char *const *choices)
{
  g_autofree char *list = g_strjoinv(", ", (char **)choices);
  return g_strdup_printf("%s%s", choices[0] && choices[1] ? "one of " : "", list);
}

static char *text_words(const EvsField *field)
{
  if (field->choices)
    return choices_words(field->choices);
  if (field->flags & EVS_FIELD_UUID)
    return g_strdup("a UUID");
  const char *of = field->flags & EVS_FIELD_NAME_CHARS ? "letters, digits, '-', '_' and '.'" : "characters";
  if (field->least == 0 && field->most == 0)
    return field->flags & EVS_FIELD_NAME_CHARS ? g_strdup_printf("text of %s", of) : g_strdup("");
  g_autofree char *range = range_words(field->least, field->most);
  return g_strdup_printf("text of %s %s", range, of);
}

static char *int_words(const EvsField *field)
{
  if (field->least == 0 && field->most == 0)
    return g_strdup("a number");
  if (field->most == 0)
    return g_strdup_printf("a number of at least %" G_GINT64_FORMAT, field->least);
  return g_strdup_printf("a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, field->least,
                         field->most);
}

static char *map_words(const EvsField *field)
{
  g_autoptr(GString) words = g_string_new("key=value");
  guint key_most = field->key_most ? field->key_most : (guint)field->most;
  if (field->most > 0)
    g_string_append_printf(
      words, " with a key of 1 to %u and a value of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " characters",
      key_most, field->least, field->most);
  if (field->most_items > 0)
    g_string_append_printf(words, ", at most %u times,", field->most_items);
  return g_string_free(g_steal_pointer(&words), FALSE);
}

static char *texts_words(const EvsField *field)
{
  const char *what = field->flags & EVS_FIELD_UUID ? "UUIDs" : "texts";
  g_autofree char *choices = field->choices ? choices_words(field->choices) : NULL;
  if (field->least == 0 && field->most == 0)
    return g_strdup_printf("a list of %s", choices ? choices : what);
  g_autofree char *range = range_words(field->least, field->most);
  return g_strdup_printf("a list of %s %s", range, choices ? choices : what);
}

static char *list_words(const EvsField *field)
{
  const EvsRecord *record = field->record;
  g_autoptr(GString) words = g_string_new(NULL);
  for (gsize i = 0; i < record->count; i++) {
    g_autofree char *flag = evs_field_flag(&record->fields[i]);
    if (flag && record->count <= 2)
      g_string_append_printf(words, "%s%s", words->len > 0 ? "=" : "", flag);
    else if (flag)
      g_string_append_printf(words, "%s%s=...", words->len > 0 ? "," : "", flag);
  }
  if (field->least > 0 || field->most > 0) {
    g_autofree char *range = range_words(field->least, field->most);
    g_string_append_printf(words, ", %s times,", range);
  }
  return g_string_free(g_steal_pointer(&words), FALSE);
}

char *evs_field_accepts(const EvsField *field)
{
  switch (field->kind) {
  case EVS_FIELD_TEXT:
    return text_words(field);
  case EVS_FIELD_INT:
    return int_words(field);
  case EVS_FIELD_BOOL:
    return g_strdup("true or false");
  case EVS_FIELD_MAP:
    return map_words(field);
  case EVS_FIELD_TEXTS:
    return texts_words(field);
  case EVS_FIELD_LIST:
    return list_words(field);
  default:
    return g_strdup("");
  }
}

/* ---- checks ---- */

/* problem: what stands behind the name: "is 5". */
static gboolean refuse(const EvsField *field, GError **error, const char *problem)
{
  g_autofree char *title = evs_field_title(field), *accepts = evs_field_accepts(field);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' %s%s%s%s", title, problem,
                       *accepts ? ": " : "", accepts, *accepts ? " is expected" : "");
}

static char *shown(const EvsField *field, const char *text)
{
  if (field->flags & EVS_FIELD_SECRET)
    return g_strdup("is not as it should be");
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *part = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), SHOWN_CHARACTERS));
  return g_strdup_printf("is '%s'", part);
}

static gboolean is_choice(const char *const *choices, const char *text)
{
  return g_strv_contains(choices, text);
}

static gboolean is_name(const char *text)
{
  return text[strspn(text, "-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* What one text must be, length apart. */
static gboolean check_form(const EvsField *field, const char *text, GError **error)
{
  if (!g_utf8_validate(text, -1, NULL))
    return refuse(field, error, "is no UTF-8 text");
  if ((!field->choices || is_choice(field->choices, text)) &&
      (!(field->flags & EVS_FIELD_UUID) || text_is_uuid(text)) &&
      (!(field->flags & EVS_FIELD_NAME_CHARS) || is_name(text)))
    return TRUE;
  g_autofree char *problem = shown(field, text);
  return refuse(field, error, problem);
}

static gboolean is_within(glong length, gint64 least, gint64 most)
{
  return length >= least && (most == 0 || length <= most);
}

static gboolean check_text(const EvsField *field, const char *text, GError **error)
{
  gboolean required = field->flags & EVS_FIELD_REQUIRED;
  if (!text || (required && !*text))
    return !required || refuse(field, error, "is missing");
  if (!check_form(field, text, error))
    return FALSE;
  glong length = g_utf8_strlen(text, -1);
  if (is_within(length, field->least, field->most))
    return TRUE;
  g_autofree char *problem = g_strdup_printf("has %ld characters", length);
  return refuse(field, error, problem);
}

static gboolean check_int(const EvsField *field, gint64 number, GError **error)
{
  gboolean any = field->least == 0 && field->most == 0;
  gboolean fits = number >= field->least && (field->most == 0 || number <= field->most);
  if (any || fits || (number == 0 && !(field->flags & EVS_FIELD_REQUIRED)))
    return TRUE;
  g_autofree char *problem =
    number == 0 ? g_strdup("is missing") : g_strdup_printf("is %" G_GINT64_FORMAT, number);
  return refuse(field, error, problem);
}

static gboolean check_pair(const EvsField *field, const char *key, const char *text, GError **error)
{
  if (!g_utf8_validate(key, -1, NULL) || !g_utf8_validate(text, -1, NULL))
    return refuse(field, error, "is no UTF-8 text");
  gint64 key_most = field->key_most ? field->key_most : field->most;
  if (is_within(g_utf8_strlen(key, -1), 1, key_most) &&
      is_within(g_utf8_strlen(text, -1), field->least, field->most))
    return TRUE;
  g_autofree char *key_shown = shown(field, key);
  g_autofree char *problem = g_strdup_printf("has a pair whose key %s and whose value has %ld characters",
                                             key_shown, g_utf8_strlen(text, -1));
  return refuse(field, error, problem);
}

static gboolean check_map(const EvsField *field, GHashTable *map, GError **error)
{
  if (!map)
    return !(field->flags & EVS_FIELD_REQUIRED) || refuse(field, error, "is missing");
  if (field->most_items > 0 && g_hash_table_size(map) > field->most_items) {
    g_autofree char *problem = g_strdup_printf("has %u pairs", g_hash_table_size(map));
    return refuse(field, error, problem);
  }
  GHashTableIter iterator;
  gpointer key, text;
  g_hash_table_iter_init(&iterator, map);
  while (g_hash_table_iter_next(&iterator, &key, &text))
    if (!check_pair(field, key, text, error))
      return FALSE;
  return TRUE;
}

static gboolean check_count(const EvsField *field, guint count, GError **error)
{
  if (count == 0)
    return !(field->flags & EVS_FIELD_REQUIRED) || refuse(field, error, "is missing");
  if (is_within((glong)count, field->least, field->most))
    return TRUE;
  g_autofree char *problem = g_strdup_printf("has %u items", count);
  return refuse(field, error, problem);
}

static gboolean check_texts(const EvsField *field, char **texts, GError **error)
{
  if (!check_count(field, texts ? g_strv_length(texts) : 0, error))
    return FALSE;
  for (guint i = 0; texts && texts[i]; i++)
    if (!check_form(field, texts[i], error))
      return FALSE;
  return TRUE;
}

static gboolean check_within(const EvsField *field, gconstpointer value, GError **error)
{
  g_autofree char *title = evs_field_title(field);
  if (evs_record_check(field->record, value, NULL, error))
    return TRUE;
  g_prefix_error(error, "'%s': ", title);
  return FALSE;
}

static gboolean check_list(const EvsField *field, const GPtrArray *list, GError **error)
{
  if (!check_count(field, list ? list->len : 0, error))
    return FALSE;
  for (guint i = 0; list && i < list->len; i++)
    if (!check_within(field, list->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean check_record(const EvsField *field, gconstpointer value, GError **error)
{
  if (!value)
    return !(field->flags & EVS_FIELD_REQUIRED) || refuse(field, error, "is missing");
  return check_within(field, value, error);
}

gboolean evs_field_check(const EvsField *field, gconstpointer value, GError **error)
{
  if (field->fixed)
    return TRUE;
  gconstpointer slot = G_STRUCT_MEMBER_P(value, field->offset);
  switch (field->kind) {
  case EVS_FIELD_TEXT:
    return check_text(field, *(char *const *)slot, error);
  case EVS_FIELD_INT:
    return check_int(field, *(const gint64 *)slot, error);
  case EVS_FIELD_MAP:
    return check_map(field, *(GHashTable *const *)slot, error);
  case EVS_FIELD_TEXTS:
    return check_texts(field, *(char **const *)slot, error);
  case EVS_FIELD_RECORD:
    return check_record(field, *(const gconstpointer *)slot, error);
  case EVS_FIELD_LIST:
    return check_list(field, *(GPtrArray *const *)slot, error);
  default:
    return TRUE;
  }
}

static gboolean is_set(const EvsField *field, gconstpointer value)
{
  gconstpointer slot = G_STRUCT_MEMBER_P(value, field->offset);
  switch (field->kind) {
  case EVS_FIELD_INT:
  case EVS_FIELD_TIME:
    return *(const gint64 *)slot != 0;
  case EVS_FIELD_BOOL:
    return *(const gboolean *)slot;
  default:
    return *(const gconstpointer *)slot != NULL;
  }
}

static gboolean has_slot(const EvsRecord *record, const EvsField *field)
{
  for (gsize i = 0; i < record->count; i++)
    if (!record->fields[i].fixed && record->fields[i].offset == field->offset)
      return TRUE;
  return FALSE;
}

/* What only the wider record has is left out. */
static gboolean check_narrow(const EvsRecord *record, gconstpointer value, GError **error)
{
  for (gsize i = 0; record->wider && i < record->wider->count; i++) {
    const EvsField *field = &record->wider->fields[i];
    if (field->fixed || has_slot(record, field) || !is_set(field, value))
      continue;
    g_autofree char *title = evs_field_title(field);
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is not taken by this call", title);
  }
  return TRUE;
}

/* The field whose name in quotes the text begins with. */
static const EvsField *field_of_text(const EvsRecord *record, const char *text)
{
  for (gsize i = 0; i < record->count; i++) {
    g_autofree char *title = evs_field_title(&record->fields[i]);
    g_autofree char *quoted = g_strdup_printf("'%s' ", title);
    if (g_str_has_prefix(text, quoted))
      return &record->fields[i];
  }
  return NULL;
}

gboolean evs_record_check(const EvsRecord *record, gconstpointer value, const EvsField **ret_field,
                          GError **error)
{
  for (gsize i = 0; i < record->count; i++) {
    if (ret_field)
      *ret_field = &record->fields[i];
    if (!evs_field_check(&record->fields[i], value, error))
      return FALSE;
  }
  g_autoptr(GError) broken = NULL;
  gboolean ok = check_narrow(record, value, &broken) && (!record->check || record->check(value, &broken));
  if (ret_field)
    *ret_field = ok ? NULL : field_of_text(record, broken->message);
  if (!ok)
    g_propagate_error(error, g_steal_pointer(&broken));
  return ok;
}
