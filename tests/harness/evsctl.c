#include "tests/harness/evsctl.h"

static Evsctl finish(Process *process)
{
  int status = process_wait_exit(process, HARNESS_WAIT_MS);
  return (Evsctl){status, process_stdout(process), process_stderr(process)};
}

Evsctl evsctl_with(Harness *harness, const char *cloud_config, const GPtrArray *arguments)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  g_autofree char *flag = cloud_config ? g_strconcat("--cloud-config=", cloud_config, NULL) : NULL;
  g_ptr_array_add(argv, (char *)"evsctl");
  if (flag)
    g_ptr_array_add(argv, flag);
  for (guint i = 0; i < arguments->len && arguments->pdata[i]; i++)
    g_ptr_array_add(argv, arguments->pdata[i]);
  g_ptr_array_add(argv, NULL);
  return finish(process_start(harness, (const char *const *)argv->pdata));
}

static GPtrArray *collect(va_list list)
{
  GPtrArray *arguments = g_ptr_array_new();
  for (char *text; (text = va_arg(list, char *));)
    g_ptr_array_add(arguments, text);
  return arguments;
}

Evsctl evsctl(Harness *harness, const char *cloud_config, ...)
{
  va_list list;
  va_start(list, cloud_config);
  g_autoptr(GPtrArray) arguments = collect(list);
  va_end(list);
  return evsctl_with(harness, cloud_config, arguments);
}

Evsctl evsctl_fed(Harness *harness, const char *cloud_config, const char *stdin_file, ...)
{
  va_list list;
  va_start(list, stdin_file);
  g_autoptr(GPtrArray) arguments = collect(list);
  va_end(list);
  const char *directory = g_getenv("EVS_BIN_DIR");
  g_autofree char *program = g_build_filename(directory ? directory : EVS_DEFAULT_BIN_DIR, "evsctl", NULL);
  g_autofree char *flag = g_strconcat("--cloud-config=", cloud_config, NULL);
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  const char *const head[] = {"sh", "-c", "exec \"$@\" < \"$0\"", stdin_file, program, flag};
  for (gsize i = 0; i < G_N_ELEMENTS(head); i++)
    g_ptr_array_add(argv, (char *)head[i]);
  for (guint i = 0; i < arguments->len; i++)
    g_ptr_array_add(argv, arguments->pdata[i]);
  g_ptr_array_add(argv, NULL);
  return finish(process_start(harness, (const char *const *)argv->pdata));
}

void evsctl_assert_status(const Evsctl *run, int status)
{
  if (run->status != status)
    fail_msg("evsctl ended with %d instead of %d\n%s\n%s", run->status, status, run->err, run->out);
}

void evsctl_clear(Evsctl *run)
{
  g_free(run->out);
  g_free(run->err);
}
