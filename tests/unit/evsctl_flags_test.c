/* evsctl/flags: every form of a flag, and every way to get it wrong. */
#include "evsctl/flags.h"
#include "evsctl/nearest.h"
#include "tests/unit/cmocka_all.h"

typedef struct {
  char *name, *format;
  gint64 size;
  gboolean force;
  GPtrArray *headers;
} Options;

static const char *const formats[] = {"raw", "qcow2", NULL};

static const Flag flags[] = {
  FLAG(Options, name, TEXT, "name", "TEXT", "its name", .letter = 'n'),
  FLAG(Options, format, TEXT, "format", "FORMAT", "its format", .choices = formats),
  FLAG(Options, size, NUMBER, "size", "GIB", "its size", .least = 10, .most = 32768),
  FLAG(Options, force, SWITCH, "force", NULL, "even if attached", .letter = 'f'),
  FLAG(Options, headers, TEXTS, "header", "LINE", "another header"),
};

typedef struct {
  Options *options;
  GPtrArray *arguments;
  gsize index;
} Parsed;

static gboolean parse(Parsed *parsed, const char *line, gboolean whole, GError **error)
{
  g_auto(GStrv) args = g_strsplit(line, " ", -1);
  *parsed = (Parsed){g_new0(Options, 1), g_ptr_array_new_with_free_func(g_free), 0};
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  g_autoptr(FlagSet) set = flag_set_new();
  flag_set_add(set, flags, G_N_ELEMENTS(flags), parsed->options);
  gboolean ok = flag_set_parse(set, args, &parsed->index, whole ? found : NULL, error);
  for (guint i = 0; i < found->len; i++)
    g_ptr_array_add(parsed->arguments, g_strdup(g_ptr_array_index(found, i)));
  return ok;
}

static void parsed_clear(Parsed *parsed)
{
  flags_free_options(flags, G_N_ELEMENTS(flags), parsed->options);
  g_ptr_array_unref(parsed->arguments);
}

static void every_form_is_read(void **state)
{
  (void)state;
  static const char *const lines[] = {
    "a --name=disk --size=40 --force --header=x --header y: b",
    "-n disk --size 40 -f a b --header=x --header y:",
    "-ndisk --force=true --size=40 --header x --header=y: -- a b",
    "--name=old a b --name disk --size 40 -f --header x --header y:",
    "-n=disk --force=false --force a b --size=40 --header x --header y:",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
    Parsed parsed;
    assert_true(parse(&parsed, lines[i], TRUE, NULL));
    assert_string_equal(parsed.options->name, "disk");
    assert_int_equal(parsed.options->size, 40);
    assert_true(parsed.options->force);
    assert_int_equal(parsed.options->headers->len, 2);
    assert_string_equal(g_ptr_array_index(parsed.options->headers, 1), "y:");
    assert_int_equal(parsed.arguments->len, 2);
    assert_string_equal(g_ptr_array_index(parsed.arguments, 1), "b");
    parsed_clear(&parsed);
  }
}

static void reading_stops_at_the_first_argument(void **state)
{
  (void)state;
  Parsed parsed;
  assert_true(parse(&parsed, "--size=40 -n x volume --nosuch", FALSE, NULL));
  assert_int_equal(parsed.index, 3);
  parsed_clear(&parsed);
}

static void what_follows_two_dashes_is_no_flag(void **state)
{
  (void)state;
  Parsed parsed;
  assert_true(parse(&parsed, "- -- --name=x --", TRUE, NULL));
  assert_int_equal(parsed.arguments->len, 3);
  assert_string_equal(g_ptr_array_index(parsed.arguments, 0), "-");
  assert_string_equal(g_ptr_array_index(parsed.arguments, 1), "--name=x");
  assert_null(parsed.options->name);
  parsed_clear(&parsed);
}

static void every_mistake_names_the_flag(void **state)
{
  (void)state;
  static const struct {
    const char *line, *complaint;
  } rows[] = {
    {"--size=5", "--size: 5: a number from 10 to 32768 is expected"},
    {"--size=32769", "--size: 32769: a number from 10 to 32768 is expected"},
    {"--size=1e2", "--size: 1e2: a number from 10 to 32768 is expected"},
    {"--size=", "--size: : a number from 10 to 32768 is expected"},
    {"--size", "--size: a value is expected: a number from 10 to 32768"},
    {"--format=vhd", "--format: vhd: one of raw, qcow2 is expected"},
    {"--force=maybe", "--force: maybe: true or false is expected"},
    {"--sise=10", "--sise: no such flag; is --size meant? --help shows all"},
    {"--entirely-else", "--entirely-else: no such flag; --help shows all"},
    {"-z", "-z: no such flag; --help shows all"},
    {"-fx", "-fx: no such flag; --help shows all"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Parsed parsed;
    g_autoptr(GError) error = NULL;
    assert_false(parse(&parsed, rows[i].line, TRUE, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    assert_string_equal(error->message, rows[i].complaint);
    parsed_clear(&parsed);
  }
}

static void the_nearest_word_is_near(void **state)
{
  (void)state;
  const char *const words[] = {"volume", "snapshot", "tag", "job", NULL};
  assert_string_equal(nearest_word("volumes", words), "volume");
  assert_string_equal(nearest_word("Snapshto", words), "snapshot");
  assert_string_equal(nearest_word("tga", words), "tag");
  assert_string_equal(nearest_word("snap", words), "snapshot");
  assert_null(nearest_word("xyz", words));
  assert_null(nearest_word("sn", words));
  assert_null(nearest_word("", words));
  g_autofree char *endless = g_strnfill(5000, 'v');
  assert_null(nearest_word(endless, words));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_form_is_read),
    cmocka_unit_test(reading_stops_at_the_first_argument),
    cmocka_unit_test(what_follows_two_dashes_is_no_flag),
    cmocka_unit_test(every_mistake_names_the_flag),
    cmocka_unit_test(the_nearest_word_is_near),
  };
  return cmocka_run_group_tests_name("evsctl flags", tests, NULL, NULL);
}
