#include "evsctl/duration.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

enum { MAX_NUMBER = 1000000 };

static const struct {
  char letter;
  gint64 seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

gboolean duration_parse(const char *flag, const char *text, gint64 *ret_seconds, GError **error)
{
  gsize length = strlen(text);
  gint64 scale = 1, number;
  g_autofree char *digits = g_strdup(text);
  for (gsize i = 0; i < G_N_ELEMENTS(units) && length > 1; i++) {
    if (text[length - 1] == units[i].letter) {
      scale = units[i].seconds;
      digits[length - 1] = '\0';
    }
  }
  if (!text_parse_int64(digits, 0, MAX_NUMBER, &number))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--%s: %s: a number with s, m, h or d is expected, as 90s, 15m, 1h, 2d", flag, text);
  *ret_seconds = number * scale;
  return TRUE;
}

char *duration_format(gint64 seconds)
{
  if (seconds < 0)
    return g_strdup("-");
  for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
    if (seconds >= 2 * units[i].seconds)
      return g_strdup_printf("%" G_GINT64_FORMAT "%c", seconds / units[i].seconds, units[i].letter);
  }
  return g_strdup_printf("%" G_GINT64_FORMAT "s", seconds);
}
