#include "tests/unit/evsclient_fixture.h"

#include "base/clock.h"
#include "evsclient/disk.h"

EvsContext fixture_within_ms(gint64 ms)
{
  return (EvsContext){.deadline_us = clock_deadline_in_ms(ms)};
}

EvsConfig *fixture_config(const char *base, const char *extra)
{
  g_autofree char *text = g_strdup_printf("[Global]\nregion = r1\nendpoint-evs = %s\nendpoint-ecs = %s\n"
                                          "endpoint-iam = %s\nmetadata-url = %s\n%s",
                                          base, base, base, base, extra);
  g_autoptr(GError) error = NULL;
  EvsConfig *config = evs_config_parse(text, "test", &error);
  assert_null(error);
  return config;
}

void fixture_connect(Fixture *fixture, const char *extra)
{
  g_autoptr(EvsConfig) config = fixture_config(http_script_url(fixture->script), extra);
  evs_client_free(fixture->client);
  fixture->client = evs_client_new(config, NULL);
}

int fixture_setup(void **state)
{
  Fixture *fixture = g_new0(Fixture, 1);
  fixture->script = http_script_start();
  fixture_connect(fixture, "access-key = AK1\nsecret-key = " SECRET "\nproject-id = " PROJECT "\n");
  *state = fixture;
  return 0;
}

int fixture_teardown(void **state)
{
  Fixture *fixture = *state;
  evs_client_free(fixture->client);
  http_script_stop(fixture->script);
  g_free(fixture);
  return 0;
}

gboolean fixture_get_disk(Fixture *fixture, gint64 ms, GError **error)
{
  EvsContext context = fixture_within_ms(ms);
  g_autoptr(EvsDisk) disk = evs_disk_get(fixture->client, &context, DISK_ID, error);
  return disk != NULL;
}
