#include "evsclient/ini.h"

#include "base/error.h"

typedef struct {
  const char *name; /* of the file, for errors */
  guint line;
  char *section;
  IniHandler handle;
  void *data;
} Ini;

void secret_free(char *secret)
{
  if (secret)
    explicit_bzero(secret, strlen(secret));
  g_free(secret);
}

static gboolean fail(const Ini *ini, GError **error, const char *what)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' line %u: %s", ini->name, ini->line, what);
}

static gboolean is_comment_start(const char *text, gsize at)
{
  return (text[at] == '#' || text[at] == ';') && (at == 0 || g_ascii_isspace(text[at - 1]));
}

/* TRUE if only blanks and a comment follow. */
static gboolean is_rest_empty(const char *text)
{
  while (g_ascii_isspace(*text))
    text++;
  return *text == '\0' || *text == '#' || *text == ';';
}

static gboolean parse_section(Ini *ini, const char *line, GError **error)
{
  const char *end = strchr(line, ']');
  if (!end || end == line + 1 || !is_rest_empty(end + 1))
    return fail(ini, error, "a section is written [Name]");
  g_free(ini->section);
  ini->section = g_strstrip(g_strndup(line + 1, (gsize)(end - line - 1)));
  return TRUE;
}

/* In place; the text starts behind the opening quote. */
static gboolean unquote(const Ini *ini, char *text, GError **error)
{
  char *out = text, *in = text;
  for (; *in && *in != '"'; in++) {
    if (*in == '\\' && in[1]) {
      in++;
      *out++ = *in == 'n' ? '\n' : *in == 't' ? '\t' : *in;
    } else {
      *out++ = *in;
    }
  }
  if (*in != '"')
    return fail(ini, error, "the quoted value does not end");
  if (!is_rest_empty(in + 1))
    return fail(ini, error, "only a comment may follow the quoted value");
  *out = '\0';
  return TRUE;
}

static void cut_comment(char *value)
{
  for (gsize at = 0; value[at]; at++) {
    if (is_comment_start(value, at)) {
      value[at] = '\0';
      break;
    }
  }
  g_strchomp(value);
}

static gboolean parse_key(Ini *ini, char *line, GError **error)
{
  char *equals = strchr(line, '=');
  if (!equals || equals == line)
    return fail(ini, error, "neither a [Section], a comment nor 'key = value'");
  if (!ini->section)
    return fail(ini, error, "a key before the first [Section]");
  *equals = '\0';
  char *key = g_strstrip(line), *value = equals + 1;
  while (g_ascii_isspace(*value))
    value++;
  if (*value == '"') {
    if (!unquote(ini, ++value, error))
      return FALSE;
  } else {
    cut_comment(value);
  }
  return ini->handle(ini->data, ini->line, ini->section, key, value, error);
}

static gboolean parse_line(Ini *ini, char *line, GError **error)
{
  g_strstrip(line);
  if (*line == '\0' || *line == '#' || *line == ';')
    return TRUE;
  return *line == '[' ? parse_section(ini, line, error) : parse_key(ini, line, error);
}

gboolean ini_parse(const char *text, const char *name_for_errors, IniHandler handle, void *data,
                   GError **error)
{
  Ini ini = {.name = name_for_errors, .handle = handle, .data = data};
  gboolean ok = TRUE;
  if (g_str_has_prefix(text, "\xef\xbb\xbf"))
    text += 3;
  while (ok && *text) {
    gsize length = strcspn(text, "\n");
    ini.line++;
    if (length > INI_MAX_LINE) {
      ok = fail(&ini, error, "the line is longer than 16384 bytes");
      break;
    }
    char *line = g_strndup(text, length);
    ok = parse_line(&ini, line, error);
    explicit_bzero(line, length);
    g_free(line);
    text += length + (text[length] == '\n');
  }
  g_free(ini.section);
  return ok;
}
