#include "evsctl/flag_entry.h"

#include "base/text.h"
#include "evsctl/nearest.h"

struct FlagSet {
  GPtrArray *entries; /* of FlagEntry* */
};

static void entry_free(gpointer data)
{
  FlagEntry *entry = data;
  g_free(entry->name);
  g_free(entry->accepts);
  g_free(entry);
}

FlagSet *flag_set_new(void)
{
  FlagSet *set = g_new0(FlagSet, 1);
  set->entries = g_ptr_array_new_with_free_func(entry_free);
  return set;
}

void flag_set_free(FlagSet *set)
{
  if (set)
    g_ptr_array_unref(set->entries);
  g_free(set);
}

void flag_set_add_entry(FlagSet *set, FlagEntry *entry)
{
  g_ptr_array_add(set->entries, entry);
}

gboolean flag_entry_refuse(const FlagEntry *entry, const char *text, const char *accepts, GError **error)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--%s: %s: %s is expected", entry->name, text,
                       accepts);
}

/* ---- flags of tables ---- */

static char *option_accepts(const Flag *flag)
{
  if (flag->choices) {
    g_autofree char *all = g_strjoinv(", ", (char **)flag->choices);
    return g_strdup_printf("one of %s", all);
  }
  if (flag->kind != FLAG_NUMBER)
    return g_strdup("");
  if (!flag->least && !flag->most)
    return g_strdup("a number");
  return g_strdup_printf("a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, flag->least, flag->most);
}

static gboolean set_number(const FlagEntry *entry, gint64 *target, const char *text, GError **error)
{
  const Flag *flag = entry->source;
  gboolean any = !flag->least && !flag->most;
  return text_parse_int64(text, any ? G_MININT64 : flag->least, any ? G_MAXINT64 : flag->most, target) ||
         flag_entry_refuse(entry, text, entry->accepts, error);
}

static gboolean set_text(const FlagEntry *entry, char **target, const char *text, GError **error)
{
  const Flag *flag = entry->source;
  if (flag->choices && !g_strv_contains(flag->choices, text))
    return flag_entry_refuse(entry, text, entry->accepts, error);
  g_free(*target);
  *target = g_strdup(text);
  return TRUE;
}

static gboolean set_option(const FlagEntry *entry, const char *text, GError **error)
{
  const Flag *flag = entry->source;
  void *target = (char *)entry->target + flag->offset;
  GPtrArray **list = target;
  switch (flag->kind) {
  case FLAG_SWITCH:
    return text_parse_bool(text, target) || flag_entry_refuse(entry, text, "true or false", error);
  case FLAG_NUMBER:
    return set_number(entry, target, text, error);
  case FLAG_TEXT:
    return set_text(entry, target, text, error);
  case FLAG_TEXTS:
    if (!*list)
      *list = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(*list, g_strdup(text));
    return TRUE;
  }
  return TRUE;
}

void flag_set_add(FlagSet *set, const Flag *flags, gsize count, void *options)
{
  for (gsize i = 0; i < count; i++) {
    FlagEntry *entry = g_new0(FlagEntry, 1);
    entry->set = set_option;
    entry->source = &flags[i];
    entry->target = options;
    entry->name = g_strdup(flags[i].name);
    entry->accepts = option_accepts(&flags[i]);
    entry->view = (FlagView){
      .name = entry->name,
      .letter = flags[i].letter,
      .is_switch = flags[i].kind == FLAG_SWITCH,
      .repeated = flags[i].kind == FLAG_TEXTS,
      .value = flags[i].value ? flags[i].value : "TEXT",
      .help = flags[i].help,
      .accepts = entry->accepts,
      .choices = flags[i].choices,
    };
    flag_set_add_entry(set, entry);
  }
}

void flags_free_options(const Flag *flags, gsize count, void *options)
{
  for (gsize i = 0; options && i < count; i++) {
    void *target = (char *)options + flags[i].offset;
    if (flags[i].kind == FLAG_TEXT)
      g_free(*(char **)target);
    else if (flags[i].kind == FLAG_TEXTS && *(GPtrArray **)target)
      g_ptr_array_unref(*(GPtrArray **)target);
  }
  g_free(options);
}

/* ---- the set ---- */

static FlagEntry *find_entry(const FlagSet *set, const char *name, gsize length)
{
  for (guint i = 0; i < set->entries->len; i++) {
    FlagEntry *entry = g_ptr_array_index(set->entries, i);
    if (strlen(entry->name) == length && strncmp(entry->name, name, length) == 0)
      return entry;
  }
  return NULL;
}

static FlagEntry *find_letter(const FlagSet *set, char letter)
{
  for (guint i = 0; i < set->entries->len; i++) {
    FlagEntry *entry = g_ptr_array_index(set->entries, i);
    if (entry->view.letter == letter)
      return entry;
  }
  return NULL;
}

gsize flag_set_count(const FlagSet *set)
{
  return set->entries->len;
}

FlagView flag_set_view(const FlagSet *set, gsize index)
{
  return ((const FlagEntry *)g_ptr_array_index(set->entries, index))->view;
}

gboolean flag_set_has(const FlagSet *set, const char *name)
{
  return find_entry(set, name, strlen(name)) != NULL;
}

gboolean flag_set_given(const FlagSet *set, const char *name)
{
  FlagEntry *entry = find_entry(set, name, strlen(name));
  return entry && entry->given;
}

static gboolean set_entry(FlagEntry *entry, const char *text, GError **error)
{
  entry->given = TRUE;
  return entry->set(entry, text, error);
}

gboolean flag_set_value(FlagSet *set, const char *name, const char *text, GError **error)
{
  FlagEntry *entry = find_entry(set, name, strlen(name));
  g_assert(entry);
  return set_entry(entry, text, error);
}

static gboolean unknown_flag(const FlagSet *set, const char *given, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < set->entries->len; i++)
    g_ptr_array_add(names, ((FlagEntry *)g_ptr_array_index(set->entries, i))->name);
  g_ptr_array_add(names, NULL);
  g_autofree char *name = g_strndup(given, strcspn(given, "="));
  const char *nearest = nearest_word(name + strspn(name, "-"), (const char *const *)names->pdata);
  if (nearest)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "%s: no such flag; is --%s meant? --help shows all", name, nearest);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: no such flag; --help shows all", name);
}

/* The value that is not part of the flag's own word. */
static gboolean set_from_next(FlagEntry *entry, char **args, gsize *index, GError **error)
{
  if (entry->view.is_switch)
    return set_entry(entry, "true", error);
  if (!args[*index])
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--%s: a value is expected%s%s", entry->name,
                         *entry->accepts ? ": " : "", entry->accepts);
  return set_entry(entry, args[(*index)++], error);
}

static gboolean parse_long(FlagSet *set, const char *word, char **args, gsize *index, GError **error)
{
  gsize length = strcspn(word + 2, "=");
  FlagEntry *entry = find_entry(set, word + 2, length);
  if (!entry)
    return unknown_flag(set, word, error);
  if (word[2 + length] == '=')
    return set_entry(entry, word + 3 + length, error);
  return set_from_next(entry, args, index, error);
}

static gboolean parse_short(FlagSet *set, const char *word, char **args, gsize *index, GError **error)
{
  FlagEntry *entry = find_letter(set, word[1]);
  if (!entry || (entry->view.is_switch && word[2]))
    return unknown_flag(set, word, error);
  if (word[2])
    return set_entry(entry, word + 2 + (word[2] == '='), error);
  return set_from_next(entry, args, index, error);
}

gboolean flag_set_parse(FlagSet *set, char **args, gsize *index, GPtrArray *arguments, GError **error)
{
  gboolean only_arguments = FALSE;
  while (args[*index]) {
    const char *word = args[*index];
    if (only_arguments || word[0] != '-' || !word[1]) {
      if (!arguments)
        return TRUE;
      g_ptr_array_add(arguments, args[(*index)++]);
      continue;
    }
    (*index)++;
    if (g_str_equal(word, "--"))
      only_arguments = TRUE;
    else if (!(word[1] == '-' ? parse_long : parse_short)(set, word, args, index, error))
      return FALSE;
  }
  return TRUE;
}
