#include "node/taint_patch.h"

#include "base/error.h"

/* The array at spec.<name>; *ret_array stays NULL when it is absent or null, which means empty. */
static gboolean find_list(json_t *object, const char *kind, const char *name, json_t **ret_array,
                          GError **error)
{
  json_t *spec = json_object_get(object, "spec"), *list = json_object_get(spec, name);
  gboolean empty = (!spec || json_is_object(spec)) && (!list || json_is_null(list));
  *ret_array = empty ? NULL : list;
  if (empty || json_is_array(list))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INTERNAL, "the %s object has no list 'spec.%s'", kind, name);
}

gboolean taint_driver_is_listed(json_t *csi_node, const char *driver_name, gboolean *ret_listed,
                                GError **error)
{
  json_t *drivers = NULL, *driver;
  gsize i;
  *ret_listed = FALSE;
  if (!find_list(csi_node, "CSINode", "drivers", &drivers, error))
    return FALSE;
  json_array_foreach(drivers, i, driver)
  {
    const char *name = json_string_value(json_object_get(driver, "name"));
    json_t *count = json_object_get(json_object_get(driver, "allocatable"), "count");
    if (!name)
      return evs_error_set(error, EVS_CODE_INTERNAL,
                           "'spec.drivers[%zu]' of the CSINode object has no 'name'", i);
    if (g_str_equal(name, driver_name) && json_is_integer(count))
      *ret_listed = TRUE;
  }
  return TRUE;
}

gboolean taint_make_patch(json_t *node, const char *key, char **ret_patch, GError **error)
{
  json_t *taints = NULL;
  *ret_patch = NULL;
  if (!find_list(node, "Node", "taints", &taints, error))
    return FALSE;
  json_t *patch = json_array();
  gboolean good = TRUE;
  /* Backwards: a removal moves only what stands behind it. */
  for (gsize i = json_array_size(taints); good && i-- > 0;) {
    json_t *taint = json_array_get(taints, i);
    const char *found = json_string_value(json_object_get(taint, "key"));
    good = found != NULL;
    if (!found || !g_str_equal(found, key))
      continue;
    g_autofree char *path = g_strdup_printf("/spec/taints/%zu", i);
    json_array_append_new(patch, json_pack("{s:s, s:s, s:O}", "op", "test", "path", path, "value", taint));
    json_array_append_new(patch, json_pack("{s:s, s:s}", "op", "remove", "path", path));
  }
  if (!good)
    evs_error_set(error, EVS_CODE_INTERNAL, "a taint of the Node object has no 'key'");
  else if (json_array_size(patch) > 0) {
    char *text = json_dumps(patch, JSON_COMPACT);
    *ret_patch = g_strdup(text);
    free(text);
  }
  json_decref(patch);
  return good;
}
