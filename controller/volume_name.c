#include "controller/volume_name.h"

#include "base/error.h"
#include "base/text.h"

/* EVS keeps this prefix for the snapshots of its backup service. */
#define RESERVED_PREFIX "autobk_snapshot_"

enum { PREFIX_BYTES = 31, HASH_DIGITS = 32 };

gboolean volume_name_check(const char *name, GError **error)
{
  if (name[0] == '\0')
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field 'name' is empty: a name is needed");
  gsize length = strlen(name);
  if (length > VOLUME_NAME_MAX)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'name' has %zu bytes; at most %d are accepted", length, VOLUME_NAME_MAX);
  if (!text_is_printable(name))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'name' must be UTF-8 text without control characters");
  if (g_str_has_prefix(name, RESERVED_PREFIX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'name' begins with '" RESERVED_PREFIX
                         "', which the cloud reserves for backups");
  return TRUE;
}

char *volume_name_to_evs(const char *name)
{
  if (text_is_label(name, EVS_NAME_MAX))
    return g_strdup(name);

  char prefix[PREFIX_BYTES + 1] = "";
  for (gsize i = 0; i < PREFIX_BYTES && name[i]; i++)
    prefix[i] = g_ascii_isalnum(name[i]) || strchr("._-", name[i]) ? name[i] : '_';
  g_autofree char *hash = text_sha256(name);
  return g_strdup_printf("%s-%.*s", prefix, HASH_DIGITS, hash);
}
