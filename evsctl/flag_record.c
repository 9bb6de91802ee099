/* Flags that set fields of records. */
#include "base/text.h"
#include "evsctl/flag_entry.h"

#include <unistd.h>

enum { MAX_SECRET_BYTES = 4096 };

static gboolean is_settable(const EvsField *field)
{
  switch (field->kind) {
  case EVS_FIELD_TEXT:
  case EVS_FIELD_INT:
  case EVS_FIELD_BOOL:
  case EVS_FIELD_MAP:
  case EVS_FIELD_TEXTS:
  case EVS_FIELD_LIST:
    return !field->fixed && !(field->flags & EVS_FIELD_DERIVED);
  default:
    return FALSE;
  }
}

static gboolean is_repeated(const EvsField *field)
{
  return field->kind == EVS_FIELD_MAP || field->kind == EVS_FIELD_TEXTS || field->kind == EVS_FIELD_LIST;
}

static const char *value_name(const EvsField *field)
{
  switch (field->kind) {
  case EVS_FIELD_INT:
    return "N";
  case EVS_FIELD_MAP:
    return "KEY=VALUE";
  case EVS_FIELD_LIST:
    return field->record->count > 1 ? "KEY=VALUE" : "KEY";
  default:
    return field->flags & EVS_FIELD_UUID ? "ID" : "TEXT";
  }
}

static gboolean set_field(const FlagEntry *entry, const char *text, GError **error)
{
  if (evs_field_set(entry->source, entry->target, text, error))
    return TRUE;
  g_prefix_error(error, "--%s: ", entry->name);
  return FALSE;
}

/* A secret comes from a file or stdin: all users of the machine can read a command line. */
static gboolean set_secret(const FlagEntry *entry, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  const char *file = g_str_equal(path, "-") ? "/dev/stdin" : path;
  gboolean ok = text_read_file(file, MAX_SECRET_BYTES, &text, NULL, error);
  if (ok) {
    g_strchomp(text);
    ok = evs_field_set(entry->source, entry->target, text, error);
    explicit_bzero(text, strlen(text));
  }
  if (!ok)
    g_prefix_error(error, "--%s: ", entry->name);
  return ok;
}

/* As a phrase of its own: evs_field_accepts() reads on with "is expected". */
static char *accepts_of(const EvsField *field)
{
  char *accepts = evs_field_accepts(field);
  if (g_str_has_suffix(accepts, ","))
    accepts[strlen(accepts) - 1] = '\0';
  return accepts;
}

static FlagEntry *entry_new(const EvsField *field, void *value)
{
  FlagEntry *entry = g_new0(FlagEntry, 1);
  gboolean secret = (field->flags & EVS_FIELD_SECRET) != 0;
  g_autofree char *flag = evs_field_flag(field);
  entry->set = secret ? set_secret : set_field;
  entry->source = field;
  entry->target = value;
  entry->name = g_strconcat(flag, secret ? "-file" : "", NULL);
  entry->accepts = secret ? g_strdup("a file, or - for stdin") : accepts_of(field);
  entry->view = (FlagView){
    .name = entry->name,
    .accepts = field->kind == EVS_FIELD_BOOL ? "" : entry->accepts,
    .is_switch = field->kind == EVS_FIELD_BOOL,
    .repeated = is_repeated(field),
    .required = (field->flags & EVS_FIELD_REQUIRED) != 0,
    .value = secret ? "FILE" : value_name(field),
    .help = field->help ? field->help : "",
    .choices = field->choices,
  };
  return entry;
}

void flag_set_add_record(FlagSet *set, const EvsRecord *record, void *value)
{
  for (gsize i = 0; record && i < record->count; i++) {
    if (is_settable(&record->fields[i]))
      flag_set_add_entry(set, entry_new(&record->fields[i], value));
  }
}

void flag_set_add_query(FlagSet *set, const EvsRecord *record, void *value)
{
  for (gsize i = 0; record && i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    if (!is_settable(field))
      continue;
    FlagEntry *entry = entry_new(field, value);
    if (g_str_equal(entry->name, "limit")) {
      g_free(entry->name);
      entry->name = g_strdup(PAGE_SIZE_FLAG);
      entry->view.name = entry->name;
      entry->view.help = "how many the cloud is asked for at a time";
    }
    flag_set_add_entry(set, entry);
  }
}
