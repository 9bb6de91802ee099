/* Values as an aligned table. Widths are those of a terminal: wide characters count two, marks none. */
#include "evsctl/output.h"

enum { GAP = 2, MIN_CUT = 8, MAX_COLUMNS = 64 };

typedef struct {
  char *path, *heading;
} Column;

typedef struct {
  GArray *columns;  /* of Column */
  GPtrArray *lines; /* of char ** with a cell per column */
} Table;

char *output_plain_text(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *out = g_string_new(NULL);
  for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
    gunichar code = g_utf8_get_char(c);
    GUnicodeType type = g_unichar_type(code);
    gboolean hostile = type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
                       type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
    g_string_append_unichar(out, hostile ? '?' : code);
  }
  return g_string_free(out, FALSE);
}

static gsize char_width(gunichar code)
{
  return g_unichar_iszerowidth(code) ? 0 : g_unichar_iswide(code) ? 2 : 1;
}

static gsize text_width(const char *text)
{
  gsize width = 0;
  for (; *text; text = g_utf8_next_char(text))
    width += char_width(g_utf8_get_char(text));
  return width;
}

/* ---- cells ---- */

static void append_cell(GString *out, const json_t *value, const char *path);

static void append_members(GString *out, const json_t *object)
{
  const char *key;
  json_t *member;
  gboolean first = TRUE;
  json_object_foreach((json_t *)object, key, member)
  {
    g_string_append_printf(out, "%s%s=", first ? "" : ",", key);
    append_cell(out, member, "");
    first = FALSE;
  }
}

static void append_items(GString *out, const json_t *array, const char *path)
{
  size_t index;
  json_t *item;
  json_array_foreach(array, index, item)
  {
    if (index)
      g_string_append(out, json_is_object(item) && !*path ? "; " : ",");
    append_cell(out, item, path);
  }
}

/* The value at path below value. */
static void append_cell(GString *out, const json_t *value, const char *path)
{
  if (json_is_array(value)) {
    append_items(out, value, path);
  } else if (*path) {
    gsize length = strcspn(path, "/");
    g_autofree char *key = g_strndup(path, length);
    append_cell(out, json_object_get(value, key), path[length] ? path + length + 1 : "");
  } else if (json_is_object(value)) {
    append_members(out, value);
  } else if (json_is_string(value)) {
    g_string_append(out, json_string_value(value));
  } else if (value && !json_is_null(value)) {
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    g_string_append(out, text);
    free(text);
  }
}

static char *cell_text(const json_t *value, const char *path)
{
  g_autoptr(GString) raw = g_string_new(NULL);
  append_cell(raw, value, path);
  return output_plain_text(raw->str);
}

/* ---- columns ---- */

static void column_clear(gpointer data)
{
  Column *column = data;
  g_free(column->path);
  g_free(column->heading);
}

static void add_column(Table *table, const char *path, const char *heading)
{
  if (table->columns->len == MAX_COLUMNS)
    return;
  const char *last = strrchr(path, '/');
  g_autofree char *plain = output_plain_text(heading ? heading : last ? last + 1 : path);
  Column column = {g_strdup(path), g_utf8_strup(plain, -1)};
  g_array_append_val(table->columns, column);
}

static void add_columns(Table *table, const char *columns)
{
  g_auto(GStrv) words = g_strsplit(columns, " ", -1);
  for (char **word = words; *word; word++) {
    char *heading = strrchr(*word, ':');
    if (heading)
      *heading++ = '\0';
    if (**word)
      add_column(table, *word, heading);
  }
}

static void add_own_columns(Table *table, const json_t *object)
{
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)object, key, member) add_column(table, key, NULL);
}

static Table table_new(void)
{
  Table table = {g_array_new(FALSE, FALSE, sizeof(Column)),
                 g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev)};
  g_array_set_clear_func(table.columns, column_clear);
  return table;
}

static void table_clear(Table *table)
{
  g_array_unref(table->columns);
  g_ptr_array_unref(table->lines);
}

static void add_line(Table *table, const json_t *value)
{
  char **cells = g_new0(char *, table->columns->len + 1);
  for (guint i = 0; i < table->columns->len; i++)
    cells[i] = cell_text(value, g_array_index(table->columns, Column, i).path);
  g_ptr_array_add(table->lines, cells);
}

/* ---- layout ---- */

static gsize cell_width(const Table *table, guint column)
{
  gsize width = text_width(g_array_index(table->columns, Column, column).heading);
  for (guint i = 0; i < table->lines->len; i++)
    width = MAX(width, text_width(((char **)g_ptr_array_index(table->lines, i))[column]));
  return width;
}

/* Takes from the widest columns until the line fits, or nothing is left to take; never from the first, which names the
 * thing. */
static void fit(gsize *widths, guint count, gsize width)
{
  for (;;) {
    gsize sum = widths[0] + (count - 1) * GAP;
    guint widest = 1;
    for (guint i = 1; i < count; i++) {
      sum += widths[i];
      if (widths[i] > widths[widest])
        widest = i;
    }
    if (sum <= width || widths[widest] <= MIN_CUT)
      return;
    widths[widest]--;
  }
}

static void append_padded(GString *out, const char *text, gsize width, gboolean last)
{
  gsize used = text_width(text);
  if (used <= width) {
    g_string_append(out, text);
  } else {
    for (used = 0; used + char_width(g_utf8_get_char(text)) < width; text = g_utf8_next_char(text)) {
      used += char_width(g_utf8_get_char(text));
      g_string_append_unichar(out, g_utf8_get_char(text));
    }
    g_string_append(out, "…");
    used++;
  }
  for (; !last && used < width + GAP; used++)
    g_string_append_c(out, ' ');
}

static void append_line(GString *out, char *const *cells, const gsize *widths, guint count)
{
  for (guint i = 0; i < count; i++)
    append_padded(out, cells[i], widths[i], i + 1 == count);
  while (out->len && out->str[out->len - 1] == ' ')
    g_string_truncate(out, out->len - 1);
  g_string_append_c(out, '\n');
}

static char *layout(const Table *table, gboolean headings, gsize width)
{
  guint count = table->columns->len;
  gsize widths[MAX_COLUMNS];
  char *titles[MAX_COLUMNS];
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < count; i++) {
    widths[i] = cell_width(table, i);
    titles[i] = g_array_index(table->columns, Column, i).heading;
  }
  if (width && count > 1)
    fit(widths, count, width);
  if (headings && count)
    append_line(out, titles, widths, count);
  for (guint i = 0; i < table->lines->len; i++)
    append_line(out, g_ptr_array_index(table->lines, i), widths, count);
  return g_string_free(out, FALSE);
}

/* A line per member, never cut. */
static char *object_table(const json_t *object)
{
  Table table = table_new();
  const char *key;
  json_t *member;
  add_columns(&table, "name value");
  json_object_foreach((json_t *)object, key, member)
  {
    char **cells = g_new0(char *, 3);
    cells[0] = output_plain_text(key);
    cells[1] = cell_text(member, "");
    g_ptr_array_add(table.lines, cells);
  }
  /* No heading, and none that widens the columns. */
  for (guint i = 0; i < table.columns->len; i++)
    g_array_index(table.columns, Column, i).heading[0] = '\0';
  char *text = layout(&table, FALSE, 0);
  table_clear(&table);
  return text;
}

static char *array_table(const json_t *array, const char *columns, gsize width)
{
  Table table = table_new();
  if (columns)
    add_columns(&table, columns);
  else if (json_is_object(json_array_get(array, 0)))
    add_own_columns(&table, json_array_get(array, 0));
  else
    add_column(&table, "", NULL);
  size_t index;
  json_t *item;
  json_array_foreach(array, index, item) add_line(&table, item);
  char *text = layout(&table, columns || json_is_object(json_array_get(array, 0)), width);
  table_clear(&table);
  return text;
}

char *output_table(const json_t *value, const char *columns, gsize width)
{
  if (json_is_object(value))
    return object_table(value);
  if (json_is_array(value))
    return array_table(value, columns, width);
  g_autofree char *text = cell_text(value, "");
  return g_strconcat(text, "\n", NULL);
}
