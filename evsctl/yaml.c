/* JSON values as YAML. */
#include "evsctl/output.h"

/* Words that a YAML reader, 1.1 or 1.2, takes for something else than text. */
static const char *const reserved[] = {"y", "n", "yes", "no", "true", "false", "null", "on", "off", NULL};

/* Letters first, then what means nothing to YAML: everything else is quoted, numbers and dates too. */
static gboolean is_plain(const char *text)
{
  if (!g_ascii_isalpha(text[0]) && text[0] != '_')
    return FALSE;
  for (const char *c = text; *c; c++) {
    if (!g_ascii_isalnum(*c) && !strchr("_-./", *c))
      return FALSE;
  }
  g_autofree char *lower = g_ascii_strdown(text, -1);
  return !g_strv_contains(reserved, lower);
}

static gboolean is_printable(gunichar c)
{
  if (c < 0x20 || (c >= 0x7f && c < 0xa0))
    return FALSE;
  return c != 0x2028 && c != 0x2029 && c != 0xfeff && (c & 0xfffe) != 0xfffe;
}

static void append_quoted(GString *out, const char *text, gsize length)
{
  g_string_append_c(out, '"');
  for (const char *c = text; c < text + length; c = g_utf8_next_char(c)) {
    gunichar code = g_utf8_get_char(c);
    if (code == '"' || code == '\\')
      g_string_append_printf(out, "\\%c", (char)code);
    else if (code == '\n')
      g_string_append(out, "\\n");
    else if (code == '\t')
      g_string_append(out, "\\t");
    else if (is_printable(code))
      g_string_append_unichar(out, code);
    else
      g_string_append_printf(out, code > 0xffff ? "\\U%08x" : code > 0xff ? "\\u%04x" : "\\x%02x", code);
  }
  g_string_append_c(out, '"');
}

static void append_text(GString *out, const char *text, gsize length)
{
  if (strlen(text) == length && is_plain(text))
    g_string_append(out, text);
  else
    append_quoted(out, text, length);
}

static void append_value(GString *out, const json_t *value, gsize depth);

static void append_indent(GString *out, gsize depth)
{
  for (gsize i = 0; i < depth; i++)
    g_string_append(out, "  ");
}

static gboolean is_block(const json_t *value)
{
  return (json_is_object(value) && json_object_size(value)) ||
         (json_is_array(value) && json_array_size(value));
}

static void append_object(GString *out, const json_t *object, gsize depth, gboolean in_item)
{
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)object, key, member)
  {
    if (!in_item)
      append_indent(out, depth);
    in_item = FALSE;
    append_text(out, key, strlen(key));
    g_string_append_c(out, ':');
    if (is_block(member))
      g_string_append_c(out, '\n');
    append_value(out, member, json_is_array(member) ? depth : depth + 1);
  }
}

/* An item's first line stands behind its dash. */
static void append_array(GString *out, const json_t *array, gsize depth)
{
  size_t index;
  json_t *item;
  json_array_foreach(array, index, item)
  {
    append_indent(out, depth);
    g_string_append_c(out, '-');
    if (json_is_object(item) && json_object_size(item)) {
      g_string_append_c(out, ' ');
      append_object(out, item, depth + 1, TRUE);
    } else {
      if (is_block(item))
        g_string_append_c(out, '\n');
      append_value(out, item, depth + 1);
    }
  }
}

static void append_scalar(GString *out, const json_t *value)
{
  if (json_is_string(value)) {
    append_text(out, json_string_value(value), json_string_length(value));
    return;
  }
  char *text =
    json_dumps(value, JSON_ENCODE_ANY); /* numbers, true, false, null, {} and [] are YAML as well */
  g_string_append(out, text);
  free(text);
}

static void append_value(GString *out, const json_t *value, gsize depth)
{
  if (json_is_object(value) && json_object_size(value)) {
    append_object(out, value, depth, FALSE);
  } else if (is_block(value)) {
    append_array(out, value, depth);
  } else {
    if (out->len && out->str[out->len - 1] != '\n')
      g_string_append_c(out, ' ');
    append_scalar(out, value);
    g_string_append_c(out, '\n');
  }
}

char *output_yaml(const json_t *value)
{
  GString *out = g_string_new(NULL);
  append_value(out, value, 0);
  return g_string_free(out, FALSE);
}
