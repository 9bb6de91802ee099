/* The INI dialect of cloud-config files: [Section], key = value, comments from '#' or ';' at the start of a line or
 * behind white space, values in double quotes with \" \\ \n \t escapes. Names are compared without regard to case.
 * GKeyFile is not used: it knows neither quotes nor ';', and its error texts quote the line, which may hold a secret.
 */
#pragma once

#include <glib.h>

enum { INI_MAX_LINE = 16384 };

/* Called per key with the 1-based line. FALSE with *error set ends the parse. */
typedef gboolean (*IniHandler)(void *data, guint line, const char *section, const char *key,
                               const char *value, GError **error);

/* Errors: INVALID_ARGUMENT "name:line: ..." without any text of the line. Value buffers are wiped. */
gboolean ini_parse(const char *text, const char *name_for_errors, IniHandler handle, void *data,
                   GError **error);

/* Overwrites and frees a string that held a secret. NULL is fine. */
void secret_free(char *secret);
/* For g_autofree-like use. */
static inline void secret_clear(char **secret)
{
  secret_free(*secret);
  *secret = NULL;
}
