#include "tests/integration/operator_support.h"

#include "base/text.h"

#include <sys/stat.h>

json_t *cloud_call(Harness *harness, const Sim *sim, const char *service, const char *method,
                   const char *path, const char *body)
{
  g_autoptr(GPtrArray) arguments = g_ptr_array_new();
  const char *const fixed[] = {"api", method, path, "--service", service ? service : "evs"};
  for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
    g_ptr_array_add(arguments, (char *)fixed[i]);
  if (body) {
    g_ptr_array_add(arguments, (char *)"--data");
    g_ptr_array_add(arguments, (char *)body);
  }
  g_auto(Evsctl) run = evsctl_with(harness, sim->cloud_config, arguments);
  evsctl_assert_status(&run, 0);
  return json_loads(run.out, 0, NULL);
}

static char *marks(const char *cluster, const char *volume_name, const char *extra)
{
  g_autoptr(GString) text = g_string_new("{");
  if (cluster)
    g_string_append_printf(
      text, "\"evs.csi.huaweicloud.com/cluster\":\"%s\",\"evs.csi.huaweicloud.com/driver\":\"" DRIVER "\"",
      cluster);
  if (volume_name) {
    g_autofree char *hash = text_sha256(volume_name);
    g_string_append_printf(text, "%s\"evs.csi.huaweicloud.com/name-sha256\":\"%s\"", text->len > 1 ? "," : "",
                           hash);
  }
  if (extra)
    g_string_append_printf(text, "%s%s", text->len > 1 ? "," : "", extra);
  g_string_append_c(text, '}');
  return g_string_free(g_steal_pointer(&text), FALSE);
}

char *disk_make(Harness *harness, const Sim *sim, const char *cluster, const char *volume_name)
{
  g_autofree char *metadata = marks(cluster, volume_name, "\"create_for_volume_id\":\"true\"");
  g_autofree char *body = g_strdup_printf("{\"volume\":{\"name\":\"%s\",\"size\":10,\"volume_type\":\"SSD\","
                                          "\"availability_zone\":\"sim-1a\",\"metadata\":%s}}",
                                          volume_name ? volume_name : "by-hand", metadata);
  json_t *answer = cloud_call(harness, sim, NULL, "POST", "/v2.1/{project}/cloudvolumes", body);
  char *id = g_strdup(json_string_value(json_array_get(json_object_get(answer, "volume_ids"), 0)));
  json_decref(answer);
  assert_non_null(id);
  sim_wait_disk_status(sim, id, "available");
  return id;
}

typedef struct {
  const Sim *sim;
  const char *id;
} Wanted;

static gboolean snapshot_is_available(void *data)
{
  const Wanted *wanted = data;
  json_t *state = sim_get(wanted->sim, "/_sim/state");
  gboolean is_available = FALSE;
  gsize i;
  json_t *row;
  json_array_foreach(json_object_get(state, "snapshots"), i, row)
  {
    is_available |=
      g_str_equal(row_text(row, "id"), wanted->id) && g_str_equal(row_text(row, "status"), "available");
  }
  json_decref(state);
  return is_available;
}

char *snapshot_make(Harness *harness, const Sim *sim, const char *volume_id, const char *name,
                    const char *cluster, const char *extra)
{
  g_autofree char *metadata = marks(cluster, name, extra);
  g_autofree char *body =
    g_strdup_printf("{\"snapshot\":{\"volume_id\":\"%s\",\"name\":\"%s\",\"force\":true,\"metadata\":%s}}",
                    volume_id, name, metadata);
  json_t *answer = cloud_call(harness, sim, NULL, "POST", "/v2/{project}/cloudsnapshots", body);
  char *id = g_strdup(json_string_value(json_object_get(json_object_get(answer, "snapshot"), "id")));
  json_decref(answer);
  Wanted wanted = {sim, id};
  assert_true(wait_until(snapshot_is_available, &wanted, HARNESS_WAIT_MS));
  return id;
}

void disk_attach(Harness *harness, const Sim *sim, const char *volume_id, gsize server)
{
  json_t *row = sim_server(sim, server);
  g_autofree char *path = g_strdup_printf("/v1/{project}/cloudservers/%s/attachvolume", row_text(row, "id"));
  g_autofree char *body = g_strdup_printf("{\"volumeAttachment\":{\"volumeId\":\"%s\"}}", volume_id);
  json_decref(row);
  json_decref(cloud_call(harness, sim, "ecs", "POST", path, body));
  sim_wait_disk_status(sim, volume_id, "in-use");
}

char *pv_list_file(Harness *harness, const char *name, const char *const *handles,
                   const char *const *contents)
{
  json_t *items = json_array();
  for (gsize i = 0; handles[i]; i++) {
    g_autofree char *pv = g_strdup_printf("pv-%zu", i);
    json_array_append_new(items, json_pack("{s:s, s:{s:s}, s:{s:{s:s, s:s}}}", "kind", "PersistentVolume",
                                           "metadata", "name", pv, "spec", "csi", "driver", DRIVER,
                                           "volumeHandle", handles[i]));
  }
  for (gsize i = 0; contents && contents[i]; i++) {
    g_autofree char *content = g_strdup_printf("snapcontent-%zu", i);
    json_array_append_new(items,
                          json_pack("{s:s, s:{s:s}, s:{s:s}}", "kind", "VolumeSnapshotContent", "metadata",
                                    "name", content, "status", "snapshotHandle", contents[i]));
  }
  json_t *list = json_pack("{s:s, s:o}", "kind", "List", "items", items);
  char *text = json_dumps(list, 0);
  char *path = harness_write_file(harness, name, text);
  free(text);
  json_decref(list);
  return path;
}

void fake_kubectl(Harness *harness, const char *script)
{
  g_autofree char *text = g_strconcat("#!/bin/sh\n", script, "\n", NULL);
  g_autofree char *file = harness_write_file(harness, "kubectl", text);
  assert_int_equal(chmod(file, 0755), 0);
  g_autofree char *path = g_strconcat(harness_dir(harness), ":", g_getenv("PATH"), NULL);
  g_setenv("PATH", path, TRUE);
}

const char *row_text(const json_t *row, const char *key)
{
  const char *text = json_string_value(json_object_get(row, key));
  return text ? text : "";
}

static const json_t *find_row(const json_t *rows, const char *id)
{
  gsize i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    if (g_str_equal(row_text(row, "id"), id))
      return row;
  }
  return NULL;
}

const json_t *row_of(const json_t *rows, const char *id)
{
  const json_t *row = find_row(rows, id);
  if (!row)
    fail_msg("no row of '%s'", id);
  return row;
}

gboolean has_row(const json_t *rows, const char *id)
{
  return find_row(rows, id) != NULL;
}
