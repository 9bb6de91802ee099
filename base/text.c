#include "base/text.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>

gboolean text_parse_int64(const char *text, gint64 min, gint64 max, gint64 *ret_value)
{
  if (!text || !(g_ascii_isdigit(text[0]) || (text[0] == '-' && g_ascii_isdigit(text[1]))))
    return FALSE;
  return g_ascii_string_to_signed(text, 10, min, max, ret_value, NULL);
}

gboolean text_parse_bool(const char *text, gboolean *ret_value)
{
  static const struct {
    const char *word;
    gboolean value;
  } words[] = {{"true", TRUE}, {"false", FALSE}, {"1", TRUE}, {"0", FALSE}, {"yes", TRUE}, {"no", FALSE}};
  for (gsize i = 0; text && i < G_N_ELEMENTS(words); i++) {
    if (g_ascii_strcasecmp(text, words[i].word) == 0) {
      *ret_value = words[i].value;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean text_is_uuid(const char *text)
{
  if (!text || strlen(text) != 36)
    return FALSE;
  for (int i = 0; i < 36; i++) {
    gboolean hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
      return FALSE;
  }
  return TRUE;
}

gboolean text_is_label(const char *text, gsize max)
{
  if (!text || !*text || strlen(text) > max)
    return FALSE;
  for (const char *c = text; *c; c++)
    if (!g_ascii_isalnum(*c) && *c != '.' && *c != '_' && *c != '-')
      return FALSE;
  return TRUE;
}

gboolean text_is_printable(const char *text)
{
  if (!g_utf8_validate(text, -1, NULL))
    return FALSE;
  for (const char *c = text; *c; c = g_utf8_next_char(c))
    if (g_unichar_iscntrl(g_utf8_get_char(c)))
      return FALSE;
  return TRUE;
}

void text_append_json(GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_string_append_c(out, '"');
  for (const char *c = valid; *c; c++) {
    switch (*c) {
    case '"':
    case '\\':
      g_string_append_c(out, '\\');
      g_string_append_c(out, *c);
      break;
    case '\n':
      g_string_append(out, "\\n");
      break;
    case '\t':
      g_string_append(out, "\\t");
      break;
    default:
      if ((guchar)*c < 0x20)
        g_string_append_printf(out, "\\u%04x", (guchar)*c);
      else
        g_string_append_c(out, *c);
    }
  }
  g_string_append_c(out, '"');
}

char *text_sha256(const char *text)
{
  return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

gboolean text_read_file(const char *path, gsize max_bytes, char **ret_text, gsize *ret_length, GError **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return evs_error_set_errno(error, errno == ENOENT ? EVS_CODE_NOT_FOUND : EVS_CODE_INTERNAL, errno,
                               "cannot open '%s'", path);
  g_autoptr(GString) text = g_string_new(NULL);
  char chunk[4096];
  ssize_t got;
  while ((got = TEMP_FAILURE_RETRY(read(fd, chunk, sizeof chunk))) > 0 && text->len + (gsize)got <= max_bytes)
    g_string_append_len(text, chunk, got);
  int read_errno = errno;
  close(fd);
  if (got < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, read_errno, "cannot read '%s'", path);
  if (got > 0)
    return evs_error_set(error, EVS_CODE_OUT_OF_RANGE, "'%s' is larger than %zu bytes", path, max_bytes);
  if (ret_length)
    *ret_length = text->len;
  *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
  return TRUE;
}
