#include "tests/integration/metrics_table.h"

#include "base/text.h"
#include "tests/unit/cmocka_all.h"

enum { DOC_MAX = 1 << 20, COLUMNS = 5 };

/* name -> "type label,label" of the families that a plugin has by docs/metrics.md. */
static GHashTable *documented(const char *plugin)
{
  g_autofree char *text = NULL;
  assert_true(text_read_file(EVS_METRICS_DOC, DOC_MAX, &text, NULL, NULL));
  GHashTable *families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line; line++) {
    if (!g_str_has_prefix(*line, "| `"))
      continue;
    g_auto(GStrv) cells = g_strsplit(*line + 1, "|", -1);
    if (g_strv_length(cells) != COLUMNS + 1)
      fail_msg("a row of the table has not %d cells: %s", COLUMNS, *line);
    for (int i = 0; i < COLUMNS; i++)
      g_strdelimit(g_strstrip(cells[i]), "`", ' ');
    if (!g_str_equal(cells[3], "both") && !g_str_equal(cells[3], plugin))
      continue;
    g_auto(GStrv) labels = g_strsplit(cells[2], ",", -1);
    for (char **label = labels; *label; label++)
      g_strstrip(*label);
    g_autofree char *joined = g_strjoinv(",", labels);
    g_hash_table_insert(families, g_strdup(g_strstrip(cells[0])), g_strdup_printf("%s %s", cells[1], joined));
  }
  assert_true(g_hash_table_size(families) > 10);
  return families;
}

/* The label names of a series as written, without a histogram's le. */
static char *label_names(const char *line)
{
  GString *names = g_string_new(NULL);
  const char *at = strchr(line, '{');
  for (; at && *at && *at != '}'; at = strchr(at, '"') ? strchr(at, '"') + 1 : NULL) {
    at++;
    gsize length = strcspn(at, "=");
    if (strncmp(at, "le=", 3) != 0 && at[length] == '=')
      g_string_append_printf(names, "%s%.*s", names->len ? "," : "", (int)length, at);
    at = strchr(at, '"');
    if (!at)
      break;
    at++; /* in the value; none of ours has a quote in it */
  }
  return g_string_free(names, FALSE);
}

/* The same of a page. */
static GHashTable *shown(const char *page)
{
  GHashTable *families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_auto(GStrv) lines = g_strsplit(page, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    if (!g_str_has_prefix(lines[i], "# TYPE "))
      continue;
    g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
    assert_non_null(lines[i + 1]);
    g_autofree char *labels = label_names(lines[i + 1]);
    g_hash_table_insert(families, g_strdup(words[2]), g_strdup_printf("%s %s", words[3], labels));
  }
  return families;
}

/* What of the first is not, or not so, in the second. */
static void append_missing(GString *out, GHashTable *first, GHashTable *second, const char *where)
{
  GHashTableIter iterator;
  gpointer name, is;
  g_hash_table_iter_init(&iterator, first);
  while (g_hash_table_iter_next(&iterator, &name, &is)) {
    const char *there = g_hash_table_lookup(second, name);
    if (!there || !g_str_equal(there, is))
      g_string_append_printf(out, "%s (%s) is not %s, but: %s\n", (char *)name, (char *)is, where,
                             there ? there : "nothing");
  }
}

char *metrics_compare(const char *plugin, const char *page)
{
  g_autoptr(GHashTable) table = documented(plugin);
  g_autoptr(GHashTable) families = shown(page);
  GString *problems = g_string_new(NULL);
  append_missing(problems, table, families, "on the page");
  append_missing(problems, families, table, "in docs/metrics.md");
  gboolean none = problems->len == 0;
  return g_string_free(problems, none);
}
