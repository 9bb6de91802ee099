/* The person at the terminal: how wide it is, questions, and the line that tells how far long work is. */
#pragma once

#include <glib.h>
#include <stdio.h>

/* Columns of the terminal behind the stream; 0 if it is none. */
gsize terminal_width(FILE *stream);

/* Asks on stderr and reads one line from stdin: TRUE for "y" or "yes". */
gboolean terminal_ask(const char *question);
/* TRUE if there is somebody to ask: stdin and stderr are terminals. */
gboolean terminal_has_user(void);

/* Writes text over the line on stderr; nothing unless that is a terminal. NULL: clears the line. */
void terminal_progress(const char *text);
