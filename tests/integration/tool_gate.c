#include "tests/integration/tool_gate.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

void gate_init(Gate *gate, Harness *harness)
{
  gate->harness = harness;
  gate->bin = harness_path(harness, "gate-bin");
  gate->reached = harness_path(harness, "gate-reached");
  assert_int_equal(mkdir(gate->bin, 0755), 0);
  g_autofree char *path = g_strconcat(gate->bin, ":", g_getenv("PATH"), NULL);
  g_setenv("PATH", path, TRUE);
}

void gate_clear(Gate *gate)
{
  const char *path = g_getenv("PATH");
  g_autofree char *rest = g_strdup(path + strlen(gate->bin) + 1);
  g_setenv("PATH", rest, TRUE);
  g_free(gate->bin);
  g_free(gate->reached);
}

/* What stands in for a tool finds the real one where it would be without us. */
static char *real_tool(const Gate *gate, const char *tool)
{
  g_auto(GStrv) directories = g_strsplit(g_getenv("PATH"), ":", -1);
  for (guint i = 0; directories[i]; i++) {
    g_autofree char *path = g_build_filename(directories[i], tool, NULL);
    if (!g_str_equal(directories[i], gate->bin) && g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
      return g_steal_pointer(&path);
  }
  fail_msg("no tool '%s' in PATH", tool);
  return NULL;
}

void gate_script(const Gate *gate, const char *tool, const char *script)
{
  g_autofree char *path = g_build_filename(gate->bin, tool, NULL);
  assert_true(g_file_set_contents(path, script, -1, NULL));
  assert_int_equal(chmod(path, 0755), 0);
}

void gate_close(const Gate *gate, const char *tool, int at, const char *action)
{
  g_autofree char *real = real_tool(gate, tool);
  g_autofree char *script =
    g_strdup_printf("#!/bin/sh\nexport LD_PRELOAD='%s' EVS_GATE_AT=%d EVS_GATE_ACTION=%s EVS_GATE_FILE='%s'\n"
                    "exec %s \"$@\"\n",
                    WRITE_GATE, at, action, gate->reached, real);
  gate_script(gate, tool, script);
}

#define HOLD ": > '%s'; while [ -e '%s' ]; do sleep 0.02; done\n"

void gate_hold_before(const Gate *gate, const char *tool)
{
  g_autofree char *real = real_tool(gate, tool);
  g_autofree char *script =
    g_strdup_printf("#!/bin/sh\n" HOLD "exec %s \"$@\"\n", gate->reached, gate->reached, real);
  gate_script(gate, tool, script);
}

void gate_hold_after(const Gate *gate, const char *tool)
{
  g_autofree char *real = real_tool(gate, tool);
  g_autofree char *script = g_strdup_printf("#!/bin/sh\n%s \"$@\"; code=$?\n" HOLD "exit $code\n", real,
                                            gate->reached, gate->reached);
  gate_script(gate, tool, script);
}

void gate_open(const Gate *gate, const char *tool)
{
  g_autofree char *path = g_build_filename(gate->bin, tool, NULL);
  g_remove(path);
}

void gate_release(const Gate *gate)
{
  g_remove(gate->reached);
}

gboolean gate_reached(void *data)
{
  const Gate *gate = data;
  return g_file_test(gate->reached, G_FILE_TEST_EXISTS);
}

int gate_tool_pid(const char *tool)
{
  g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
  for (const char *name; (name = g_dir_read_name(proc));) {
    g_autofree char *path = g_build_filename("/proc", name, "comm", NULL), *comm = NULL;
    if (!g_ascii_isdigit(name[0]) || !g_file_get_contents(path, &comm, NULL, NULL))
      continue;
    if (g_str_equal(g_strstrip(comm), tool))
      return (int)g_ascii_strtoll(name, NULL, 10);
  }
  return 0;
}

gboolean gate_tool_gone(void *data)
{
  return gate_tool_pid(data) == 0;
}

void *call_and_lose_the_answer(void *argument)
{
  LostCall *call = argument;
  g_autoptr(GError) error = NULL;
  json_t *reply = csi_call_json(call->node, call->method, call->request, CSI_TIMEOUT_MS, &error);
  json_decref(reply);
  return NULL;
}
