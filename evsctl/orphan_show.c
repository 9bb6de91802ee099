#include "evsctl/orphan_show.h"

#include "evsctl/duration.h"

static char *end_text(const Orphan *orphan, const OrphanResult *result)
{
  if (!result)
    return orphan->keep ? g_strdup_printf("stays: %s", orphan->keep) : g_strdup("may be deleted");
  switch (result->end) {
  case ORPHAN_KEPT:
    return g_strdup_printf("stays: %s", result->text);
  case ORPHAN_DELETED:
    return g_strdup("deleted");
  case ORPHAN_FAILED_TO_GO:
    return g_strdup_printf("failed: %s", result->text);
  case ORPHAN_GOING:
    break;
  }
  return g_strdup("being deleted");
}

json_t *orphan_show(const Orphan *orphan, const OrphanResult *result)
{
  json_t *shown = json_object();
  g_autofree char *age = duration_format(orphan->age_s);
  g_autofree char *end = end_text(orphan, result);
  gboolean may_go = result ? result->end != ORPHAN_KEPT : !orphan->keep;
  evs_json_set_text(shown, "kind", orphan_kind_name(orphan->kind));
  evs_json_set_text(shown, "id", orphan->id);
  evs_json_set_text(shown, "name", orphan->name);
  json_object_set_new(shown, "size_gib", json_integer(orphan->size_gib));
  evs_json_set_text(shown, "status", orphan->status);
  evs_json_set_text(shown, "age", age);
  json_object_set_new(shown, "age_seconds", orphan->age_s < 0 ? json_null() : json_integer(orphan->age_s));
  evs_json_set_text(shown, "pv", orphan->volume_name);
  evs_json_set_text(shown, "why", orphan->why);
  json_object_set_new(shown, "may_go", json_boolean(may_go));
  json_object_set_new(shown, "deleted", json_boolean(result && result->end == ORPHAN_DELETED));
  evs_json_set_text(shown, "end", end);
  return shown;
}
