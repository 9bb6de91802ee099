#include "tests/integration/evsctl_transfer_support.h"

#include <signal.h>

World world_begin(void **state)
{
  World world = {.accounts = accounts_open(*state, NULL), .harness = *state};
  world.sim = world.accounts->sim;
  world.directory = harness_path(world.harness, "out");
  assert_int_equal(g_mkdir_with_parents(world.directory, 0700), 0);
  world.disk = world_disk(&world);
  world.file = world_file(&world, world.disk);
  sim_reset_calls(world.sim);
  return world;
}

void world_end(World *world)
{
  accounts_close(world->accounts);
  g_free(world->directory);
  g_free(world->disk);
  g_free(world->file);
}

char *world_disk(World *world)
{
  return accounts_make_disk(world->accounts, accounts_marks("alpha-cluster", "pvc-alpha"));
}

char *world_file(const World *world, const char *disk)
{
  return g_strdup_printf("%s/evs-transfer-%s.json", world->directory, disk);
}

static Evsctl run(const World *world, const char *config, const char *line, va_list list) G_GNUC_PRINTF(3, 0);

static Evsctl run(const World *world, const char *config, const char *line, va_list list)
{
  g_autofree char *text = g_strdup_vprintf(line, list);
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  g_autoptr(GPtrArray) arguments = g_ptr_array_new();
  for (char **word = words; *word; word++)
    g_ptr_array_add(arguments, *word);
  return evsctl_with(world->harness, config, arguments);
}

Evsctl alpha(const World *world, const char *line, ...)
{
  va_list list;
  va_start(list, line);
  Evsctl result = run(world, world->accounts->alpha_config, line, list);
  va_end(list);
  return result;
}

Evsctl beta(const World *world, const char *line, ...)
{
  va_list list;
  va_start(list, line);
  Evsctl result = run(world, world->accounts->beta_config, line, list);
  va_end(list);
  return result;
}

static gboolean is_stopped(void *data)
{
  g_autofree char *path = g_strdup_printf("/proc/%d/stat", process_pid(data)), *text = NULL;
  const char *state = g_file_get_contents(path, &text, NULL, NULL) ? strrchr(text, ')') : NULL;
  return state && g_str_has_prefix(state, ") T");
}

Process *world_start_stopped(const World *world, const char *config, const char *line, ...)
{
  va_list list;
  va_start(list, line);
  g_autofree char *text = g_strdup_vprintf(line, list);
  va_end(list);
  const char *directory = g_getenv("EVS_BIN_DIR");
  g_autofree char *script = g_strdup_printf("kill -STOP $$; exec %s/evsctl --cloud-config=%s %s",
                                            directory ? directory : EVS_DEFAULT_BIN_DIR, config, text);
  Process *process = process_start_list(world->harness, "sh", "-c", script, NULL);
  assert_true(wait_until(is_stopped, process, HARNESS_WAIT_MS));
  return process;
}

void world_offer(World *world, const char *disk)
{
  g_auto(Evsctl) run = alpha(world, "transfer create %s --output-dir=%s", disk, world->directory);
  expect(&run, 0, "created");
}

void expect(const Evsctl *run, int status, const char *text)
{
  evsctl_assert_status(run, status);
  if (!strstr(run->out, text) && !strstr(run->err, text))
    fail_msg("'%s' is not said\n%s\n%s", text, run->err, run->out);
}

void expect_no_text(const Evsctl *run, const char *text)
{
  if (strstr(run->out, text) || strstr(run->err, text))
    fail_msg("'%s' is said\n%s\n%s", text, run->err, run->out);
}

json_t *json_file(const char *path)
{
  json_error_t error;
  json_t *value = json_load_file(path, 0, &error);
  if (!value)
    fail_msg("%s: %s", path, error.text);
  return value;
}

const char *json_text(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

char *key_in(const char *path)
{
  json_t *file = json_file(path);
  char *key = g_strdup(json_text(file, "auth_key"));
  json_decref(file);
  assert_string_not_equal(key, "");
  return key;
}

guint sim_transfers(const Sim *sim, const char *disk, char **ret_id)
{
  json_t *state = sim_get(sim, "/_sim/state");
  guint count = 0;
  size_t index;
  json_t *row;
  json_array_foreach(json_object_get(state, "transfers"), index, row)
  {
    if (!g_str_equal(json_text(row, "volume_id"), disk))
      continue;
    count++;
    if (ret_id) {
      g_free(*ret_id);
      *ret_id = g_strdup(json_text(row, "id"));
    }
  }
  json_decref(state);
  return count;
}

void sim_set_disk(const Sim *sim, const char *disk, const char *json)
{
  g_autofree char *path = g_strconcat("/_sim/disks/", disk, NULL);
  g_auto(GStrv) parts = g_strsplit(json, "'", -1);
  g_autofree char *body = g_strjoinv("\"", parts);
  sim_send(sim, "PUT", path, body);
}
