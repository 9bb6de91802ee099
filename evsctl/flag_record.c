/* Flags that set fields of records. */
#include "evsctl/flag_entry.h"

static gboolean is_settable(const EvsField *field)
{
  switch (field->kind) {
  case EVS_FIELD_TEXT:
  case EVS_FIELD_INT:
  case EVS_FIELD_BOOL:
  case EVS_FIELD_MAP:
  case EVS_FIELD_TEXTS:
    return !(field->flags & EVS_FIELD_DERIVED);
  default:
    return FALSE;
  }
}

static const char *value_name(const EvsField *field)
{
  switch (field->kind) {
  case EVS_FIELD_INT:
    return "N";
  case EVS_FIELD_MAP:
    return "KEY=VALUE";
  default:
    return field->flags & EVS_FIELD_UUID ? "ID" : "TEXT";
  }
}

static gboolean set_field(const FlagEntry *entry, const char *text, GError **error)
{
  g_autoptr(GError) refused = NULL;
  if (evs_field_set(entry->source, entry->target, text, &refused))
    return TRUE;
  if (*entry->accepts)
    return flag_entry_refuse(entry, text, entry->accepts, error);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--%s: %s", entry->name, refused->message);
}

void flag_set_add_record(FlagSet *set, const EvsRecord *record, void *value)
{
  for (gsize i = 0; record && i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    if (!is_settable(field))
      continue;
    FlagEntry *entry = g_new0(FlagEntry, 1);
    entry->set = set_field;
    entry->source = field;
    entry->target = value;
    entry->name = evs_field_flag(field);
    entry->accepts = evs_field_accepts(field);
    entry->view = (FlagView){
      .name = entry->name,
      .accepts = entry->accepts,
      .is_switch = field->kind == EVS_FIELD_BOOL,
      .repeated = field->kind == EVS_FIELD_MAP || field->kind == EVS_FIELD_TEXTS,
      .required = (field->flags & EVS_FIELD_REQUIRED) != 0,
      .value = value_name(field),
      .help = field->help ? field->help : "",
      .choices = field->choices,
    };
    flag_set_add_entry(set, entry);
  }
}
