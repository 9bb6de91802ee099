#include "evsctl/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_WIDTH = 80 };

gsize terminal_width(FILE *stream)
{
  struct winsize size;
  if (!isatty(fileno(stream)))
    return 0;
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : DEFAULT_WIDTH;
}

gboolean terminal_has_user(void)
{
  return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

gboolean terminal_ask(const char *question)
{
  char answer[16];
  fprintf(stderr, "%s [y/N] ", question);
  if (!fgets(answer, sizeof answer, stdin)) {
    fputs("\n", stderr);
    return FALSE;
  }
  g_strstrip(answer);
  return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}

/* Cut to the line: a longer one would wrap and could not be written over. */
void terminal_progress(const char *text)
{
  gsize width = terminal_width(stderr);
  if (!width)
    return;
  g_autofree char *line =
    text ? g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), (glong)width - 1)) : NULL;
  fprintf(stderr, "\r\033[K%s", line ? line : "");
  fflush(stderr);
}
