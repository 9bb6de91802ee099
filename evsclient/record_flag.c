/* Records: filled from the flags of a command line. */
#include "base/text.h"
#include "evsclient/record.h"

enum { SHOWN_CHARACTERS = 64 };

char *evs_field_flag(const EvsField *field)
{
  if (field->fixed)
    return NULL;
  if (field->flag)
    return g_strdup(field->flag);
  g_autofree char *title = evs_field_title(field);
  GString *flag = g_string_new(NULL);
  for (const char *at = title; *at; at++) {
    gboolean hump = g_ascii_isupper(*at) && at > title && g_ascii_islower(at[-1]);
    gboolean gap = strchr("_:-.", *at) != NULL;
    if ((hump || gap) && flag->len > 0 && flag->str[flag->len - 1] != '-')
      g_string_append_c(flag, '-');
    if (!gap)
      g_string_append_c(flag, g_ascii_tolower(*at));
  }
  return g_string_free(flag, FALSE);
}

static gboolean refuse(const EvsField *field, const char *text, GError **error)
{
  g_autofree char *accepts = evs_field_accepts(field);
  const char *expected = *accepts ? accepts : "UTF-8 text";
  if (field->flags & EVS_FIELD_SECRET)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s is expected", expected);
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *part = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), SHOWN_CHARACTERS));
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: %s is expected", part, expected);
}

static gboolean add_pair(GHashTable **map, const char *text)
{
  const char *equals = strchr(text, '=');
  if (!equals || equals == text)
    return FALSE;
  if (!*map)
    *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(*map, g_strndup(text, (gsize)(equals - text)), g_strdup(equals + 1));
  return TRUE;
}

static gboolean add_texts(char ***texts, const char *text)
{
  GPtrArray *all = g_ptr_array_new();
  for (guint i = 0; *texts && (*texts)[i]; i++)
    g_ptr_array_add(all, (*texts)[i]);
  g_free(*texts);
  g_auto(GStrv) parts = g_strsplit(text, ",", EVS_RECORD_MAX_ITEMS);
  gboolean complete = parts[0] != NULL;
  for (guint i = 0; parts[i]; i++) {
    complete &= *g_strstrip(parts[i]) != '\0';
    g_ptr_array_add(all, g_strdup(parts[i]));
  }
  g_ptr_array_add(all, NULL);
  *texts = (char **)g_ptr_array_free(all, FALSE);
  return complete;
}

static gboolean set_by_flag(const EvsRecord *record, gpointer value, const char *pair, GError **error)
{
  const char *equals = strchr(pair, '=');
  for (gsize i = 0; equals && i < record->count; i++) {
    g_autofree char *flag = evs_field_flag(&record->fields[i]);
    if (flag && strlen(flag) == (gsize)(equals - pair) && g_str_has_prefix(pair, flag))
      return evs_field_set(&record->fields[i], value, equals + 1, error);
  }
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is no field of a %s", pair, record->name);
}

/* One item of a list: "a" fills a record of one field, "a=b" of two, "flag=value,flag=value" any other. */
static gboolean fill_item(const EvsRecord *record, gpointer value, const char *text, GError **error)
{
  if (record->count == 1)
    return evs_field_set(&record->fields[0], value, text, error);
  if (record->count == 2) {
    g_auto(GStrv) parts = g_strsplit(text, "=", 2);
    return evs_field_set(&record->fields[0], value, parts[0] ? parts[0] : "", error) &&
           (!parts[0] || !parts[1] || evs_field_set(&record->fields[1], value, parts[1], error));
  }
  g_auto(GStrv) pairs = g_strsplit(text, ",", -1);
  for (guint i = 0; pairs[i]; i++)
    if (!set_by_flag(record, value, pairs[i], error))
      return FALSE;
  return TRUE;
}

static gboolean add_item(const EvsField *field, GPtrArray **list, const char *text, GError **error)
{
  gpointer item = g_malloc0(field->record->size);
  if (!fill_item(field->record, item, text, error) || !evs_record_check(field->record, item, NULL, error)) {
    evs_record_free(field->record, item);
    return FALSE;
  }
  if (!*list)
    *list = g_ptr_array_new();
  g_ptr_array_add(*list, item);
  return TRUE;
}

static void set_text(const EvsField *field, char **slot, const char *text)
{
  if (*slot && field->flags & EVS_FIELD_SECRET)
    explicit_bzero(*slot, strlen(*slot));
  g_free(*slot);
  *slot = g_strdup(text);
}

/* TRUE if the text could be taken at all; *error is set only by what lies within an item. */
static gboolean take(const EvsField *field, gpointer slot, const char *text, GError **error)
{
  switch (field->kind) {
  case EVS_FIELD_TEXT:
    set_text(field, slot, text);
    return TRUE;
  case EVS_FIELD_INT:
    return text_parse_int64(text, G_MININT64, G_MAXINT64, slot);
  case EVS_FIELD_BOOL:
    return text_parse_bool(text, slot);
  case EVS_FIELD_MAP:
    return add_pair(slot, text);
  case EVS_FIELD_TEXTS:
    return add_texts(slot, text);
  case EVS_FIELD_LIST:
    return add_item(field, slot, text, error);
  default:
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "this cannot be given as text");
  }
}

/* 0 counts as left out in a request; who types it means it. */
static gboolean is_zero_out_of_range(const EvsField *field, gconstpointer slot)
{
  return field->kind == EVS_FIELD_INT && *(const gint64 *)slot == 0 && field->least > 0;
}

gboolean evs_field_set(const EvsField *field, gpointer value, const char *text, GError **error)
{
  g_autoptr(GError) within = NULL;
  gpointer slot = G_STRUCT_MEMBER_P(value, field->offset);
  if (!g_utf8_validate(text, -1, NULL) || field->fixed)
    return refuse(field, text, error);
  if (take(field, slot, text, &within) && !is_zero_out_of_range(field, slot) &&
      evs_field_check(field, value, NULL))
    return TRUE;
  if (!within)
    return refuse(field, text, error);
  g_propagate_error(error, g_steal_pointer(&within));
  return FALSE;
}
