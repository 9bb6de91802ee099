#include "tests/integration/controller_support.h"

#include "base/thread.h"

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
