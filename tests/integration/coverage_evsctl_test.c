/* Each of the 74 operations of the reference, once at least, as a command of evsctl. */
#include "tests/integration/coverage.h"
#include "tests/integration/evsctl_support.h"

typedef struct {
  Ctl ctl;
  char *disk, *snapshot, *server;
} World;

static void done(const World *world, const char *line, ...) G_GNUC_PRINTF(2, 3);

/* Any result is fine: the others look at results. */
static void done(const World *world, const char *line, ...)
{
  va_list arguments;
  va_start(arguments, line);
  g_autofree char *whole = g_strdup_vprintf(line, arguments);
  va_end(arguments);
  g_auto(CtlResult) result = ctl_run(&world->ctl, "%s --yes", whole);
  if (result.status != 0)
    fail_msg("evsctl %s: status %d: %s", whole, result.status, result.err);
}

static char *made(const World *world, const char *line)
{
  json_t *result = ctl_json(&world->ctl, "%s", line);
  char *id = json_text_at(result, "id");
  assert_string_not_equal(id, "");
  json_decref(result);
  return id;
}

static void versions(const World *world)
{
  done(world, "version list");
  done(world, "version list --cinder");
  done(world, "version show v2");
  done(world, "version show --cinder v3");
  done(world, "version extensions");
}

static void catalog(const World *world)
{
  json_t *types = ctl_json(&world->ctl, "type list");
  g_autofree char *type = json_text_at(json_array_get(types, 0), "id");
  json_decref(types);
  done(world, "type show %s", type);
  done(world, "zone list");
  done(world, "quota show");
}

static void custom_disks(const World *world)
{
  g_autofree char *old = made(world, "volume create --v2 --name=old --zone=sim-1a --type=SSD --size=10");
  json_t *taken = ctl_json(&world->ctl, "volume extend %s 11 --no-wait", old);
  g_autofree char *job = json_text_at(taken, "job_id");
  json_decref(taken);
  done(world, "job show %s", job);
  sim_wait_disk_status(world->ctl.sim, old, "available");
  done(world, "volume extend --v2 %s 12", old);
  done(world, "volume update %s --name=new", old);
  done(world, "volume show %s", old);
  done(world, "volume show --vendor %s", old);
  done(world, "volume list");
  done(world, "volume list --short");
  done(world, "volume list --vendor");
  done(world, "volume delete %s", old);
  g_autofree char *fast = made(
    world, "volume create --name=fast --zone=sim-1a --type=GPSSD2 --size=100 --iops=3000 --throughput=125");
  done(world, "volume set-qos %s --iops=4000 --throughput=150", fast);
  /* Of a disk that nobody pays by the month: the call is taken, its result says FAIL. */
  ctl_expect(&world->ctl, 1, "refused for 1 of 1", "volume unsubscribe %s --yes", fast);
}

static void cinder_disks(const World *world)
{
  const char *disk = world->disk;
  done(world, "volume list --cinder");
  done(world, "volume list --cinder-short");
  done(world, "volume show --cinder %s", disk);
  done(world, "volume update --cinder %s --description=text", disk);
  done(world, "volume extend --cinder %s 20", disk);
  done(world, "volume set-bootable %s true", disk);
  done(world, "volume set-bootable %s false", disk);
  done(world, "volume set-readonly %s true", disk);
  done(world, "volume set-readonly %s false", disk);
  done(world, "volume export-image %s image", disk);
  done(world, "volume reserve %s", disk);
  done(world, "volume unreserve %s", disk);
  done(world, "volume mark-attached %s --server=%s --mountpoint=/dev/vdb", disk, world->server);
  done(world, "volume mark-detached %s", disk);
  g_autofree char *other =
    made(world, "volume create --cinder --name=other --zone=sim-1a --type=SSD --size=10");
  done(world, "volume delete --cinder %s", other);
}

static void snapshots(const World *world)
{
  const char *snapshot = world->snapshot;
  done(world, "snapshot list");
  done(world, "snapshot list --cinder");
  done(world, "snapshot list --cinder-short");
  done(world, "snapshot show %s", snapshot);
  done(world, "snapshot show --cinder %s", snapshot);
  done(world, "snapshot update %s --name=renamed", snapshot);
  done(world, "snapshot update --cinder %s --description=text", snapshot);
  done(world, "snapshot rollback %s %s", snapshot, world->disk);
  done(world, "snapshot rollback --vendor %s %s", snapshot, world->disk);
  g_autofree char *line = g_strconcat("snapshot create --cinder --name=other ", world->disk, NULL);
  g_autofree char *other = made(world, line);
  done(world, "snapshot delete --cinder %s", other);
}

static void tags_and_metadata(const World *world)
{
  const char *disk = world->disk, *snapshot = world->snapshot;
  done(world, "tag add %s a=b c=d", disk);
  done(world, "tag remove %s a", disk);
  done(world, "tag list");
  done(world, "tag show %s", disk);
  done(world, "tag find c=d");
  done(world, "metadata add %s a=b c=d", disk);
  done(world, "metadata get %s a", disk);
  done(world, "metadata set %s a z", disk);
  done(world, "metadata update %s a=y c=x", disk);
  done(world, "metadata list %s", disk);
  done(world, "metadata list --v3 %s", disk);
  done(world, "metadata remove %s a", disk);
  done(world, "metadata add --snapshot %s a=b c=d", snapshot);
  done(world, "metadata get --snapshot %s a", snapshot);
  done(world, "metadata set --snapshot %s a z", snapshot);
  done(world, "metadata update --snapshot %s a=y c=x", snapshot);
  done(world, "metadata list --snapshot %s", snapshot);
  done(world, "metadata remove --snapshot %s a", snapshot);
}

static void transfers(const World *world)
{
  g_autofree char *key = harness_path(world->ctl.harness, "key");
  g_autofree char *disk = ctl_create_disk(&world->ctl, "moved");
  g_autofree char *line = g_strdup_printf("transfer create --raw %s first --show-key --yes", disk);
  g_autofree char *first = made(world, line);
  done(world, "transfer show --raw %s", first);
  done(world, "transfer list --raw");
  done(world, "transfer list --short");
  done(world, "transfer delete %s", first);
  sim_wait_disk_status(world->ctl.sim, disk, "available");
  g_autofree char *again = g_strdup_printf("transfer create --raw %s second --key-file=%s --yes", disk, key);
  g_autofree char *second = made(world, again);
  done(world, "transfer accept --raw %s --auth-key-file=%s", second, key);
}

static void every_operation_arrives(void **state)
{
  World world = {.ctl = ctl_start(*state, NULL)};
  json_t *server = sim_server(world.ctl.sim, 0);
  world.server = json_text_at(server, "id");
  json_decref(server);
  world.disk = ctl_create_disk(&world.ctl, "data");
  g_autofree char *line = g_strconcat("snapshot create --name=snap ", world.disk, NULL);
  world.snapshot = made(&world, line);
  versions(&world);
  catalog(&world);
  custom_disks(&world);
  snapshots(&world);
  tags_and_metadata(&world);
  done(&world, "snapshot delete %s", world.snapshot);
  cinder_disks(&world);
  transfers(&world);
  coverage_assert_all(world.ctl.sim, "evsctl");
  g_free(world.disk);
  g_free(world.snapshot);
  g_free(world.server);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_operation_arrives, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("coverage evsctl", tests, NULL, NULL);
}
