#include "evsclient/snapshot_json.h"

#include "base/text.h"
#include "evsclient/query.h"

enum { MAX_PAGE = 1000 };

EvsSnapshot *evs_snapshot_from_json(const json_t *object)
{
  g_autofree char *id = evs_json_text(object, "id");
  if (!text_is_uuid(id))
    return NULL;
  EvsSnapshot *snapshot = g_new0(EvsSnapshot, 1);
  snapshot->id = g_steal_pointer(&id);
  snapshot->name = evs_json_text(object, "name");
  snapshot->status = evs_json_text(object, "status");
  snapshot->description = evs_json_text(object, "description");
  snapshot->volume_id = evs_json_text(object, "volume_id");
  snapshot->size_gib = evs_json_int(object, "size", 0);
  snapshot->created_at = evs_json_text(object, "created_at");
  snapshot->created_wall_us = evs_json_time(snapshot->created_at);
  snapshot->metadata = evs_json_map(object, "metadata");
  return snapshot;
}

char *evs_snapshot_create_body(const EvsSnapshotCreate *request)
{
  json_t *snapshot = json_object(), *root = json_object();
  evs_json_set_text(snapshot, "volume_id", request->volume_id);
  evs_json_set_text(snapshot, "name", request->name);
  evs_json_set_text(snapshot, "description", request->description);
  json_object_set_new(snapshot, "force", json_boolean(request->force));
  evs_json_set_map(snapshot, "metadata", request->metadata);
  json_object_set_new(root, "snapshot", snapshot);
  return evs_json_write(root);
}

char *evs_snapshot_list_query(const EvsSnapshotFilter *filter)
{
  GString *query = g_string_new(NULL);
  evs_query_add_int(query, "limit", filter->limit ? MIN(filter->limit, MAX_PAGE) : MAX_PAGE);
  evs_query_add(query, "name", filter->name);
  evs_query_add(query, "volume_id", filter->volume_id);
  evs_query_add(query, "id", filter->id);
  for (guint i = 0; filter->ids && filter->ids[i]; i++)
    evs_query_add(query, "id", filter->ids[i]);
  evs_query_add_int(query, "offset", filter->offset);
  return g_string_free(query, FALSE);
}
