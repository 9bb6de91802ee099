#include "tests/integration/evsctl_support.h"

void ctl_result_clear(CtlResult *result)
{
  g_free(result->out);
  g_free(result->err);
}

Ctl ctl_start(Harness *harness, const SimOptions *options)
{
  const Sim *sim = sim_start(harness, options);
  return (Ctl){harness, sim, sim->cloud_config};
}

static Process *begin(const Ctl *ctl, const char *line)
{
  g_auto(GStrv) words = NULL;
  g_autofree char *config = g_strconcat("--cloud-config=", ctl->cloud_config, NULL);
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  assert_true(g_shell_parse_argv(line, NULL, &words, NULL));
  g_ptr_array_add(argv, "evsctl");
  g_ptr_array_add(argv, config);
  for (char **word = words; *word; word++)
    g_ptr_array_add(argv, *word);
  g_ptr_array_add(argv, NULL);
  return process_start(ctl->harness, (const char *const *)argv->pdata);
}

static CtlResult run(const Ctl *ctl, const char *line)
{
  Process *process = begin(ctl, line);
  int status = process_wait_exit(process, HARNESS_WAIT_MS);
  return (CtlResult){status, process_stdout(process), process_stderr(process)};
}

Process *ctl_begin(const Ctl *ctl, const char *line, ...)
{
  va_list arguments;
  va_start(arguments, line);
  g_autofree char *whole = g_strdup_vprintf(line, arguments);
  va_end(arguments);
  return begin(ctl, whole);
}

CtlResult ctl_run(const Ctl *ctl, const char *line, ...)
{
  va_list arguments;
  va_start(arguments, line);
  g_autofree char *whole = g_strdup_vprintf(line, arguments);
  va_end(arguments);
  return run(ctl, whole);
}

json_t *ctl_json(const Ctl *ctl, const char *line, ...)
{
  va_list arguments;
  va_start(arguments, line);
  g_autofree char *whole = g_strdup_vprintf(line, arguments);
  va_end(arguments);
  g_autofree char *with_json = g_strconcat(whole, " -o json", NULL);
  g_auto(CtlResult) result = run(ctl, with_json);
  if (result.status != 0)
    fail_msg("evsctl %s: status %d: %s", whole, result.status, result.err);
  json_t *value = json_loads(result.out, JSON_DECODE_ANY, NULL);
  if (!value)
    fail_msg("evsctl %s: no JSON: %s", whole, result.out);
  return value;
}

void ctl_expect(const Ctl *ctl, int status, const char *complaint, const char *line, ...)
{
  va_list arguments;
  va_start(arguments, line);
  g_autofree char *whole = g_strdup_vprintf(line, arguments);
  va_end(arguments);
  g_auto(CtlResult) result = run(ctl, whole);
  if (result.status != status || !strstr(result.err, complaint))
    fail_msg("evsctl %s: status %d, stdout '%s', stderr '%s', expected are %d and '%s'", whole, result.status,
             result.out, result.err, status, complaint);
}

char *json_text_at(const json_t *value, const char *member)
{
  const char *text = json_string_value(json_object_get(value, member));
  return g_strdup(text ? text : "");
}

char *ctl_create_disk(const Ctl *ctl, const char *name)
{
  json_t *disk = ctl_json(ctl, "volume create --name=%s --zone=sim-1a --type=SSD --size=10", name);
  char *id = json_text_at(disk, "id");
  assert_string_not_equal(id, "");
  json_decref(disk);
  return id;
}
