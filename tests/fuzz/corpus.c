/* fuzz_corpus DIR DICTIONARY   writes what the fuzzer begins with. */
#include "tests/fuzz/samples.h"

static gboolean write_file(const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(dir, name, NULL);
  g_autoptr(GError) error = NULL;
  if (g_file_set_contents(path, text, -1, &error))
    return TRUE;
  g_printerr("fuzz_corpus: %s\n", error->message);
  return FALSE;
}

int main(int count, char **arguments)
{
  if (count != 3) {
    g_printerr("usage: fuzz_corpus DIR DICTIONARY\n");
    return 2;
  }
  gboolean ok = TRUE;
  for (guint op = 0; op < EVS_OP_COUNT; op++) {
    g_autofree char *text = sample_answer((EvsOp)op);
    ok &= !text || write_file(arguments[1], evs_operations[op].id, text);
    g_autofree char *typed = sample_typed((EvsOp)op),
                    *name = g_strconcat("typed-", evs_operations[op].id, NULL);
    ok &= !typed || write_file(arguments[1], name, typed);
  }
  for (guint i = 0; sample_others[i]; i++) {
    g_autofree char *name = g_strdup_printf("other-%u", i);
    ok &= write_file(arguments[1], name, sample_others[i]);
  }
  g_autofree char *dictionary = sample_dictionary();
  ok &= write_file("", arguments[2], dictionary);
  return ok ? 0 : 1;
}
