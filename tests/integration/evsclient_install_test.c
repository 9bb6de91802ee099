/* libevsclient as other programs get it: installed below a DESTDIR, found by pkg-config, read from C and C++. */
#include "tests/harness/sim.h"

enum { TOOL_MS = 240000 };

typedef struct {
  Harness *harness;
  char *root;    /* DESTDIR */
  char *include; /* the installed evsclient/ */
  char *library; /* libevsclient.so.0 */
} Installed;

/* Runs it and returns what it wrote; a status other than 0 fails the test. Newly allocated. */
static char *run_tool(Harness *harness, const char *const *argv)
{
  Process *process = process_start(harness, argv);
  int status = process_wait_exit(process, TOOL_MS);
  char *out = process_stdout(process);
  if (status != 0) {
    g_autofree char *err = process_stderr(process), *line = g_strjoinv(" ", (char **)argv);
    fail_msg("'%s' ended with %d:\n%s%s", line, status, out, err);
  }
  return out;
}

/* The only file below root with this name. Newly allocated. */
static char *find_installed(Harness *harness, const char *root, const char *name)
{
  char *path = run_tool(harness, (const char *[]){"find", root, "-name", name, NULL});
  g_strchomp(path);
  if (!*path || strchr(path, '\n'))
    fail_msg("'%s' is not installed just once: '%s'", name, path);
  return path;
}

static Installed install(void **state)
{
  Harness *harness = *state;
  Installed installed = {.harness = harness, .root = harness_path(harness, "root")};
  g_autofree char *destdir = g_strdup_printf("DESTDIR=%s", installed.root);
  g_free(run_tool(harness, (const char *[]){"env", destdir, CMAKE, "--install", BUILD_DIR, "--prefix", "/usr",
                                            "--component", "evsclient", NULL}));
  g_autofree char *umbrella = find_installed(harness, installed.root, "evsclient.h");
  installed.include = g_path_get_dirname(umbrella);
  installed.library = find_installed(harness, installed.root, "libevsclient.so.0");
  return installed;
}

static void installed_clear(Installed *installed)
{
  g_free(installed->root);
  g_free(installed->include);
  g_free(installed->library);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Installed, installed_clear)

/* What pkg-config says, as words. */
static char **pkg_config(const Installed *installed, const char *const *options)
{
  g_autofree char *pc = find_installed(installed->harness, installed->root, "evsclient.pc");
  g_autofree char *dir = g_path_get_dirname(pc), *path = g_strdup_printf("PKG_CONFIG_PATH=%s", dir);
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  g_ptr_array_add(argv, (char *)"env");
  g_ptr_array_add(argv, path);
  g_ptr_array_add(argv, (char *)"pkg-config");
  for (; *options; options++)
    g_ptr_array_add(argv, (char *)*options);
  g_ptr_array_add(argv, (char *)"evsclient");
  g_ptr_array_add(argv, NULL);
  g_autofree char *flags = run_tool(installed->harness, (const char *const *)argv->pdata);
  return g_strsplit(g_strstrip(flags), " ", -1);
}

/* Compiler with pkg-config's flags and more. */
static char *compile(const Installed *installed, const char *const *compiler, const char *const *options,
                     const char *const *more)
{
  g_auto(GStrv) flags = pkg_config(installed, options);
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  const char *const *lists[] = {compiler, more, (const char *const *)flags};
  for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
    for (const char *const *word = lists[i]; *word; word++)
      if (**word)
        g_ptr_array_add(argv, (char *)*word);
  g_ptr_array_add(argv, NULL);
  return run_tool(installed->harness, (const char *const *)argv->pdata);
}

/* Names of the installed headers, as they are included. */
static GPtrArray *installed_headers(const Installed *installed)
{
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *found =
    run_tool(installed->harness, (const char *[]){"find", installed->include, "-name", "*.h", NULL});
  g_auto(GStrv) paths = g_strsplit(g_strchomp(found), "\n", -1);
  for (guint i = 0; paths[i]; i++)
    g_ptr_array_add(names, g_strconcat("evsclient", paths[i] + strlen(installed->include), NULL));
  assert_true(names->len >= 10);
  return names;
}

static const char *const c_compiler[] = {"gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-x", "c", NULL};
static const char *const cpp_compiler[] = {"g++",     "-std=c++17", "-Wall", "-Wextra",
                                           "-Werror", "-x",         "c++",   NULL};
static const char *const cflags[] = {"--cflags", NULL};
static const char *const all_flags[] = {"--cflags", "--libs", NULL};

static void test_headers_stand_alone(void **state)
{
  g_auto(Installed) installed = install(state);
  g_autoptr(GPtrArray) headers = installed_headers(&installed);
  for (guint i = 0; i < headers->len; i++) {
    g_autofree char *source = g_strdup_printf("#include <%s>\n", (char *)headers->pdata[i]);
    g_autofree char *path = harness_write_file(installed.harness, "alone.txt", source);
    const char *more[] = {"-fsyntax-only", path, NULL}, *list[] = {"-M", path, NULL};
    g_free(compile(&installed, c_compiler, cflags, more));
    g_free(compile(&installed, cpp_compiler, cflags, more));
    g_autofree char *read = compile(&installed, c_compiler, cflags, list);
    if (strstr(read, "jansson") || strstr(read, "curl"))
      fail_msg("'%s' draws in headers of libraries that users need not have:\n%s", (char *)headers->pdata[i],
               read);
  }
}

static void test_umbrella_has_all(void **state)
{
  g_auto(Installed) installed = install(state);
  g_autoptr(GPtrArray) headers = installed_headers(&installed);
  g_autofree char *path =
    harness_write_file(installed.harness, "all.txt", "#include <evsclient/evsclient.h>\n");
  g_autofree char *read = compile(&installed, c_compiler, cflags, (const char *[]){"-M", path, NULL});
  for (guint i = 0; i < headers->len; i++) {
    g_autofree char *whole = g_strdup_printf("/include/evsclient-0/%s", (char *)headers->pdata[i]);
    if (!strstr(read, whole))
      fail_msg("evsclient.h does not include '%s'", (char *)headers->pdata[i]);
  }
}

/* Functions that the installed headers declare: gcc lists all declarations with the file of each. */
static GHashTable *declared_functions(const Installed *installed)
{
  g_autofree char *source =
    harness_write_file(installed->harness, "all.txt", "#include <evsclient/evsclient.h>\n");
  g_autofree char *list = harness_path(installed->harness, "declared.txt"), *text = NULL;
  const char *more[] = {"-fsyntax-only", "-aux-info", list, source, NULL};
  g_free(compile(installed, c_compiler, cflags, more));
  assert_true(g_file_get_contents(list, &text, NULL, NULL));
  GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GRegex) shape = g_regex_new("^/\\* \\S*/evsclient/\\S+ \\*/ extern .*?(\\w+) \\(", 0, 0, NULL);
  for (guint i = 0; lines[i]; i++) {
    g_autoptr(GMatchInfo) match = NULL;
    if (g_regex_match(shape, lines[i], 0, &match))
      g_hash_table_add(names, g_match_info_fetch(match, 1));
  }
  return names;
}

static GHashTable *exported_symbols(const Installed *installed)
{
  g_autofree char *text =
    run_tool(installed->harness, (const char *[]){"nm", "-D", "--defined-only", installed->library, NULL});
  GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    g_auto(GStrv) words = g_strsplit(lines[i], " ", 3);
    if (g_strv_length(words) != 3 || *words[1] == 'A') /* the version itself */
      continue;
    g_auto(GStrv) parts = g_strsplit(words[2], "@@", 2);
    assert_string_equal(parts[1], "EVSCLIENT_0");
    g_hash_table_add(names, g_strdup(parts[0]));
  }
  return names;
}

static void assert_all_in(GHashTable *names, GHashTable *others, const char *complaint)
{
  g_autoptr(GString) missing = g_string_new(NULL);
  GHashTableIter iterator;
  gpointer name;
  g_hash_table_iter_init(&iterator, names);
  while (g_hash_table_iter_next(&iterator, &name, NULL))
    if (!g_hash_table_contains(others, name))
      g_string_append_printf(missing, " %s", (char *)name);
  if (missing->len > 0)
    fail_msg("%s:%s", complaint, missing->str);
}

static void test_symbols_are_the_headers(void **state)
{
  g_auto(Installed) installed = install(state);
  g_autoptr(GHashTable) declared = declared_functions(&installed), exported = exported_symbols(&installed);
  assert_true(g_hash_table_size(declared) >= 60);
  assert_all_in(declared, exported, "declared in a public header but not in the library");
  assert_all_in(exported, declared, "in the library but declared in no public header");
  GHashTableIter iterator;
  gpointer name;
  g_hash_table_iter_init(&iterator, exported);
  while (g_hash_table_iter_next(&iterator, &name, NULL))
    assert_true(g_str_has_prefix(name, "evs_"));
}

static void test_needs_no_other_flags(void **state)
{
  g_auto(Installed) installed = install(state);
  g_auto(GStrv) flags = pkg_config(&installed, all_flags);
  for (guint i = 0; flags[i]; i++)
    if (strstr(flags[i], "curl") || strstr(flags[i], "jansson"))
      fail_msg("pkg-config asks users for '%s'", flags[i]);
  assert_true(g_strv_contains((const char *const *)flags, "-levsclient"));
  assert_true(g_strv_contains((const char *const *)flags, "-lglib-2.0"));
}

static void test_example_runs(void **state)
{
  g_auto(Installed) installed = install(state);
  Sim *sim = sim_start(installed.harness, NULL);
  g_autofree char *program = harness_path(installed.harness, "disks");
  const char *more[] = {*SANITIZE ? "-fsanitize=" SANITIZE : "", EXAMPLE, "-o", program, NULL};
  g_free(compile(&installed, c_compiler, all_flags, more));
  g_autofree char *dir = g_path_get_dirname(installed.library),
                  *path = g_strdup_printf("LD_LIBRARY_PATH=%s", dir);
  g_autofree char *out = run_tool(installed.harness, (const char *[]){"env", path, program, sim->cloud_config,
                                                                      "mine", "sim-1a", "SSD", "10", NULL});
  assert_non_null(strstr(out, "  available      10 GiB  SSD  mine\n"));
  assert_true(g_str_has_suffix(out, "deleted\n"));
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_int_equal(sim_calls(sim, "6.1.6"), 1);
  assert_int_equal(sim_disk_count(sim), 0);

  Process *refused =
    process_start(installed.harness, (const char *[]){"env", path, program, sim->cloud_config, "mine",
                                                      "nowhere", "SSD", "10", NULL});
  assert_int_equal(process_wait_exit(refused, TOOL_MS), 1);
  g_autofree char *text = process_stderr(refused);
  assert_non_null(strstr(text, "disks: cannot create disk: "));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_headers_stand_alone, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(test_umbrella_has_all, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(test_symbols_are_the_headers, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(test_needs_no_other_flags, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(test_example_runs, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("evsclient_install", tests, NULL, NULL);
}
