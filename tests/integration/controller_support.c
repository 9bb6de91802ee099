#include "tests/integration/controller_support.h"

#include "base/thread.h"

#include <fcntl.h>
#include <unistd.h>

struct CallRun {
  Call *call;
  Thread thread;
};

static void *make_call(void *argument)
{
  Call *call = argument;
  call->reply =
    csi_call_json(call->plugin, call->method, g_steal_pointer(&call->request), CSI_TIMEOUT_MS, &call->error);
  return NULL;
}

CallRun *call_begin(Call *call)
{
  CallRun *run = g_new0(CallRun, 1);
  run->call = call;
  run->thread = thread_start("call", make_call, call);
  return run;
}

void call_await(CallRun *run)
{
  thread_join(run->thread);
  g_free(run);
}

void calls_run(Call *calls, gsize count)
{
  g_autoptr(GPtrArray) runs = g_ptr_array_new();
  for (gsize i = 0; i < count; i++)
    g_ptr_array_add(runs, call_begin(&calls[i]));
  for (gsize i = 0; i < count; i++)
    call_await(runs->pdata[i]);
}

void call_assert_ok(const Call *call)
{
  if (call->error)
    fail_msg("%s: %s: %s", call->method, evs_code_name(evs_error_code(call->error)), call->error->message);
}

void call_clear(Call *call)
{
  json_decref(call->reply);
  g_clear_error(&call->error);
  call->reply = NULL;
}

const char *call_volume_id(const Call *call)
{
  return json_string_value(json_object_get(json_object_get(call->reply, "volume"), "volume_id"));
}

json_t *create_request(const char *name)
{
  return csi_create_request(name, 10 * GIB, csi_mount("ext4", NULL));
}

typedef struct {
  const Sim *sim;
  const char *op;
  gint64 count;
} CallCount;

static gboolean is_reached(void *data)
{
  CallCount *wanted = data;
  return sim_calls(wanted->sim, wanted->op) >= wanted->count;
}

void await_calls(const Sim *sim, const char *op, gint64 count)
{
  CallCount wanted = {.sim = sim, .op = op, .count = count};
  if (!wait_until(is_reached, &wanted, HARNESS_WAIT_MS))
    fail_msg("%s was not called %d times", op, (int)count);
}

void assert_calls_at_most(const Sim *sim, const char *op, gint64 most)
{
  gint64 calls = sim_calls(sim, op);
  if (calls <= most)
    return;
  g_autofree char *all = sim_describe_calls(sim);
  fail_msg("%d calls of %s, at most %d wanted: %s", (int)calls, op ? op : "all", (int)most, all);
}

Plugin *controller_start_quiet(Harness *harness, const Sim *sim, const PluginOptions *options)
{
  gint64 before = sim_calls(sim, "6.2.4");
  Plugin *controller = controller_start(harness, sim, options);
  await_calls(sim, "6.2.4", before + 1);
  sim_reset_calls(sim);
  return controller;
}

json_t *sim_snapshots(const Sim *sim)
{
  json_t *state = sim_get(sim, "/_sim/state");
  json_t *snapshots = json_incref(json_object_get(state, "snapshots"));
  json_decref(state);
  assert_true(json_is_array(snapshots));
  return snapshots;
}

gsize sim_snapshot_count(const Sim *sim)
{
  json_t *snapshots = sim_snapshots(sim);
  gsize count = json_array_size(snapshots);
  json_decref(snapshots);
  return count;
}

typedef struct {
  const Sim *sim;
  gsize count;
} SnapshotCount;

static gboolean has_count(void *data)
{
  const SnapshotCount *wanted = data;
  return sim_snapshot_count(wanted->sim) == wanted->count;
}

void sim_wait_snapshot_count(const Sim *sim, gsize count)
{
  SnapshotCount wanted = {.sim = sim, .count = count};
  if (!wait_until(has_count, &wanted, HARNESS_WAIT_MS))
    fail_msg("%zu snapshots, %zu wanted", sim_snapshot_count(sim), count);
}

json_t *snapshot_request(const char *name, const char *volume_id)
{
  return json_pack("{s:s, s:s}", "name", name, "source_volume_id", volume_id);
}

char *snapshot_create(const Plugin *controller, const char *name, const char *volume_id)
{
  json_t *reply =
    csi_call_json(controller, "CreateSnapshot", snapshot_request(name, volume_id), CSI_TIMEOUT_MS, NULL);
  char *id = g_strdup(json_string_value(json_object_get(json_object_get(reply, "snapshot"), "snapshot_id")));
  json_decref(reply);
  assert_non_null(id);
  return id;
}

void snapshot_delete(const Plugin *controller, const char *snapshot_id)
{
  json_decref(csi_call(controller, "DeleteSnapshot", NULL, "{s:s}", "snapshot_id", snapshot_id));
}

json_t *sourced_request(const char *name, const char *kind, const char *source_id)
{
  json_t *request = create_request(name);
  g_autofree char *key = g_strconcat(kind, "_id", NULL);
  json_object_set_new(request, "volume_content_source", json_pack("{s:{s:s}}", kind, key, source_id));
  return request;
}

void file_write_at(const char *path, gint64 offset, const char *text)
{
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, text, strlen(text), offset), strlen(text));
  assert_int_equal(close(fd), 0);
}

void file_assert_at(const char *path, gint64 offset, const char *text)
{
  gsize length = strlen(text);
  g_autofree char *got = g_malloc0(length + 1);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    fail_msg("cannot open '%s'", path);
  assert_int_equal(pread(fd, got, length, offset), length);
  assert_int_equal(close(fd), 0);
  assert_string_equal(got, text);
}
