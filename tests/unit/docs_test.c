/* The documentation against the tree: links and their anchors lead somewhere, docs/README.md lists every page, and what
 * docs/troubleshooting.md quotes of the driver's words stands in the source. */
#include "base/text.h"
#include "tests/unit/cmocka_all.h"

#include <glib.h>

/* Blocks of code. */
#define FENCES "^ *```.*?^ *```$"

enum { FILE_MAX = 4 << 20, LEAST_LINKS = 50, LEAST_QUOTES = 60 };

static const char *const page_dirs[] = {"", "docs", "docs/examples"};
static const char *const source_dirs[] = {"base",     "rpc",        "evsclient", "ownership",
                                          "transfer", "controller", "node"};

static char *in_tree(const char *path)
{
  return g_build_filename(EVS_SOURCE_DIR, path, NULL);
}

static char *read_text(const char *path)
{
  char *text = NULL;
  g_autoptr(GError) error = NULL;
  if (!text_read_file(path, FILE_MAX, &text, NULL, &error))
    fail_msg("%s", error->message);
  return text;
}

static char *replace(const char *text, const char *pattern, const char *with)
{
  g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE | G_REGEX_DOTALL, 0, NULL);
  assert_non_null(regex);
  char *result = g_regex_replace(regex, text, -1, 0, with, 0, NULL);
  assert_non_null(result);
  return result;
}

/* What the pattern's first group finds, in order. */
static GPtrArray *find_all(const char *text, const char *pattern)
{
  GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
  assert_non_null(regex);
  g_autoptr(GMatchInfo) match = NULL;
  for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL))
    g_ptr_array_add(found, g_match_info_fetch(match, 1));
  return found;
}

/* Paths of the directory's files with this ending, whole. */
static GPtrArray *list_files(const char *dir, const char *ending)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *path = in_tree(dir);
  g_autoptr(GDir) opened = g_dir_open(path, 0, NULL);
  assert_non_null(opened);
  for (const char *name = g_dir_read_name(opened); name; name = g_dir_read_name(opened)) {
    if (g_str_has_suffix(name, ending))
      g_ptr_array_add(paths, g_build_filename(path, name, NULL));
  }
  return paths;
}

/* ---- links ---- */

/* The anchor that a heading gets: lower case, blanks become '-', and of the rest only letters, digits, '-' and '_'. */
static char *anchor_of(const char *heading)
{
  g_autofree char *lower = g_utf8_strdown(heading, -1);
  g_autofree char *plain = replace(lower, "[^\\w -]", "");
  g_strdelimit(plain, " ", '-');
  return g_steal_pointer(&plain);
}

static gboolean has_anchor(const char *path, const char *anchor)
{
  g_autofree char *text = read_text(path);
  g_autofree char *prose = replace(text, FENCES, "");
  g_autoptr(GPtrArray) headings = find_all(prose, "^#+ (.*)$");
  for (guint i = 0; i < headings->len; i++) {
    g_autofree char *made = anchor_of(headings->pdata[i]);
    if (g_str_equal(made, anchor))
      return TRUE;
  }
  return FALSE;
}

static void check_link(const char *page, const char *link)
{
  if (strstr(link, "://") || g_str_has_prefix(link, "mailto:"))
    return;
  g_auto(GStrv) sides = g_strsplit(link, "#", 2);
  g_autofree char *dir = g_path_get_dirname(page);
  g_autofree char *target = *sides[0] ? g_build_filename(dir, sides[0], NULL) : g_strdup(page);
  if (!g_file_test(target, G_FILE_TEST_EXISTS))
    fail_msg("%s links '%s', which is not there", page, link);
  if (*sides[0] != '\0' && !sides[1])
    return;
  if (sides[1] && !has_anchor(target, sides[1]))
    fail_msg("%s links '%s', but that page has no such heading", page, link);
}

static void links_lead_somewhere(void **state)
{
  (void)state;
  guint count = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(page_dirs); i++) {
    g_autoptr(GPtrArray) pages = list_files(page_dirs[i], ".md");
    for (guint k = 0; k < pages->len; k++) {
      g_autofree char *text = read_text(pages->pdata[k]);
      g_autofree char *prose = replace(text, FENCES, "");
      g_autofree char *plain = replace(prose, "`[^`\n]*`", "");
      g_autoptr(GPtrArray) links = find_all(plain, "\\]\\(([^)\\s]+)\\)");
      for (guint n = 0; n < links->len; n++)
        check_link(pages->pdata[k], links->pdata[n]);
      count += links->len;
    }
  }
  assert_true(count >= LEAST_LINKS);
}

static void every_page_is_in_the_index(void **state)
{
  (void)state;
  g_autofree char *path = in_tree("docs/README.md");
  g_autofree char *index = read_text(path);
  g_autoptr(GPtrArray) pages = list_files("docs", ".md");
  for (guint i = 0; i < pages->len; i++) {
    g_autofree char *name = g_path_get_basename(pages->pdata[i]);
    g_autofree char *link = g_strdup_printf("](%s)", name);
    if (!g_str_equal(name, "README.md") && !strstr(index, link))
      fail_msg("docs/README.md has no line for docs/%s: add one where its reader looks for it", name);
  }
}

/* ---- quotes ---- */

/* The strings of all sources, each on a line of its own: pieces joined, what is filled in (conversions, macros between
 * pieces) as an ellipsis. */
static char *read_strings(void)
{
  g_autoptr(GString) all = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(source_dirs); i++) {
    g_autoptr(GPtrArray) files = list_files(source_dirs[i], ".c");
    for (guint k = 0; k < files->len; k++) {
      g_autofree char *text = read_text(files->pdata[k]);
      g_autofree char *numbers = replace(text, "%\" *G_[A-Z0-9_]+\\s*\"", "%d");
      g_autofree char *joined = replace(numbers, "([^\\\\])\"\\s*\"", "\\1");
      g_autofree char *macros = replace(joined, "\"\\s*[A-Z][A-Z0-9_]+\\s*\"", "…");
      g_autofree char *filled = replace(macros, "%[-.0-9*]*(z|l)?[a-z]", "…");
      g_autoptr(GPtrArray) strings = find_all(filled, "\"((?:[^\"\\\\\n]|\\\\.)+)\"");
      for (guint n = 0; n < strings->len; n++)
        g_string_append_printf(all, "%s\n", (char *)strings->pdata[n]);
    }
  }
  return g_string_free(g_steal_pointer(&all), FALSE);
}

/* The first cells of the tables whose head says "the driver says". */
static GPtrArray *read_quotes(void)
{
  g_autofree char *path = in_tree("docs/troubleshooting.md");
  g_autofree char *text = read_text(path);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  GPtrArray *quotes = g_ptr_array_new_with_free_func(g_free);
  gboolean here = FALSE;
  for (char **line = lines; *line; line++) {
    if (g_str_has_prefix(*line, "| the driver says |")) {
      here = TRUE;
      line++; /* the rule below the head */
      continue;
    }
    here = here && **line == '|';
    if (!here)
      continue;
    g_autoptr(GPtrArray) cell = find_all(*line, "^\\| `([^`|]+)` \\|");
    if (cell->len != 1)
      fail_msg("this row quotes no text: %s", *line);
    g_ptr_array_add(quotes, g_strdup(cell->pdata[0]));
  }
  return quotes;
}

static void quoted_errors_are_the_drivers(void **state)
{
  (void)state;
  g_autofree char *strings = read_strings();
  g_autoptr(GPtrArray) quotes = read_quotes();
  assert_true(quotes->len >= LEAST_QUOTES);
  GString *missing = g_string_new(NULL);
  for (guint i = 0; i < quotes->len; i++) {
    if (!strstr(strings, quotes->pdata[i]))
      g_string_append_printf(missing, "\n  %s", (char *)quotes->pdata[i]);
  }
  if (missing->len)
    fail_msg("docs/troubleshooting.md quotes what no source says:%s", missing->str);
  g_string_free(missing, TRUE);
}

/* Codes of the cloud that pages name are known to the client. */
static void named_codes_are_known(void **state)
{
  (void)state;
  static const char *const pages[] = {"docs/troubleshooting.md"};
  g_autofree char *table_path = in_tree("evsclient/codes.c");
  g_autofree char *table = read_text(table_path);
  for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
    g_autofree char *path = in_tree(pages[i]);
    g_autofree char *text = read_text(path);
    g_autoptr(GPtrArray) codes = find_all(text, "`((?:EVS|Ecs|APIGW|Common)\\.[0-9]+)`");
    for (guint k = 0; k < codes->len; k++) {
      g_autofree char *row = g_strdup_printf("{\"%s\",", (char *)codes->pdata[k]);
      if (!strstr(table, row))
        fail_msg("%s names %s, which the client does not know", pages[i], (char *)codes->pdata[k]);
    }
  }
}

/* Tests that pages name as what guards a statement. */
static void named_tests_exist(void **state)
{
  (void)state;
  for (gsize i = 0; i < G_N_ELEMENTS(page_dirs); i++) {
    g_autoptr(GPtrArray) pages = list_files(page_dirs[i], ".md");
    for (guint k = 0; k < pages->len; k++) {
      g_autofree char *text = read_text(pages->pdata[k]);
      g_autoptr(GPtrArray) names = find_all(text, "`([a-z_]+_test)`");
      for (guint n = 0; n < names->len; n++) {
        g_autofree char *unit =
          g_strdup_printf("%s/tests/unit/%s.c", EVS_SOURCE_DIR, (char *)names->pdata[n]);
        g_autofree char *integration =
          g_strdup_printf("%s/tests/integration/%s.c", EVS_SOURCE_DIR, (char *)names->pdata[n]);
        if (!g_file_test(unit, G_FILE_TEST_EXISTS) && !g_file_test(integration, G_FILE_TEST_EXISTS))
          fail_msg("%s names the test %s, which is not there", (char *)pages->pdata[k],
                   (char *)names->pdata[n]);
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(links_lead_somewhere),
    cmocka_unit_test(every_page_is_in_the_index),
    cmocka_unit_test(quoted_errors_are_the_drivers),
    cmocka_unit_test(named_codes_are_known),
    cmocka_unit_test(named_tests_exist),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
