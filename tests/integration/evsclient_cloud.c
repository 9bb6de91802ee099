#include "tests/integration/evsclient_cloud.h"

#include "base/clock.h"

EvsConfig *cloud_load_config(const Sim *sim)
{
  g_autoptr(GError) error = NULL;
  EvsConfig *config = evs_config_load(sim->cloud_config, &error);
  if (!config)
    fail_msg("%s", error->message);
  return config;
}

Cloud cloud_open(const EvsConfig *config)
{
  Cloud cloud = {
    .context = {.deadline_us = clock_deadline_in_ms(HARNESS_WAIT_MS)},
    .request = {.name = "disk", .availability_zone = "sim-1a", .volume_type = "SSD", .size_gib = 10},
  };
  cloud.client = evs_client_new(config, NULL);
  cloud.watcher = evs_watcher_new(cloud.client);
  return cloud;
}

void cloud_close(Cloud *cloud)
{
  evs_watcher_free(cloud->watcher);
  evs_client_free(cloud->client);
}

void cloud_assert_ok(gboolean ok, GError *error)
{
  g_autofree char *text = error ? evs_error_describe(error) : NULL;
  if (!ok || error)
    fail_msg("%s", text ? text : "failed without an error");
}

char *cloud_create_disk(Cloud *cloud, const char *token)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *job = NULL;
  char *id = NULL;
  gboolean ok = evs_disk_create(cloud->client, &cloud->context, &cloud->request, token, &job, &id, &error) &&
                evs_watch_create(cloud->watcher, &cloud->context, id, job, NULL, &error);
  cloud_assert_ok(ok, error);
  return id;
}
