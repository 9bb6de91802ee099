#include "controller/volume_id.h"

#include "base/error.h"
#include "base/text.h"

gboolean volume_id_check(const char *field, const char *id, GError **error)
{
  if (id[0] == '\0')
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field '%s' is empty", field);
  if (strlen(id) > ID_MAX)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field '%s' has %zu bytes; at most %d are accepted", field, strlen(id), ID_MAX);
  return TRUE;
}

gboolean volume_id_check_exists(const char *kind, const char *id, GError **error)
{
  if (text_is_uuid(id))
    return TRUE;
  return evs_error_set(error, EVS_CODE_NOT_FOUND, "%s '%s' does not exist: an id is a UUID", kind, id);
}

char *volume_id_resource(const char *volume_id)
{
  return g_strconcat("volume:", volume_id, NULL);
}
