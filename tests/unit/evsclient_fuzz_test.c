/* The fuzzer's target with fixed inputs: its corpus, cut off anywhere, and mutations that are the same in every run. */
#include "tests/fuzz/decode.h"
#include "tests/fuzz/samples.h"

#include "evsclient/typed_call.h"
#include "tests/unit/cmocka_all.h"

enum { SEED = 1, MUTATIONS = 20, MAX_CHANGES = 6, CUTS = 30 };

static void decode_text(const char *text, gsize length)
{
  decode_any((const guint8 *)text, length);
}

static void mutate(GRand *random, GByteArray *bytes)
{
  static const char marks[] = "{}[]\",:0-9\\ntu\xff";
  for (gint n = g_rand_int_range(random, 1, MAX_CHANGES); n > 0 && bytes->len > 1; n--) {
    guint at = (guint)g_rand_int_range(random, 0, (gint)bytes->len);
    guint wanted = (guint)g_rand_int_range(random, 1, 16), length = MIN(wanted, bytes->len - at);
    switch (g_rand_int_range(random, 0, 4)) {
    case 0:
      bytes->data[at] = (guint8)marks[g_rand_int_range(random, 0, sizeof marks)];
      break;
    case 1:
      bytes->data[at] ^= (guint8)(1 << g_rand_int_range(random, 0, 8));
      break;
    case 2:
      g_byte_array_remove_range(bytes, at, length);
      break;
    default: {
      g_autofree guint8 *part = g_memdup2(bytes->data + at, length);
      g_byte_array_append(bytes, part, length);
    }
    }
  }
}

static void decode_around(GRand *random, const char *text)
{
  gsize length = strlen(text);
  decode_text(text, length);
  for (gsize cut = 0; cut < length; cut += 1 + length / CUTS)
    decode_text(text, cut);
  for (guint i = 0; i < MUTATIONS; i++) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)text, (guint)length);
    mutate(random, bytes);
    decode_any(bytes->data, bytes->len);
  }
}

static void test_corpus(void **state)
{
  (void)state;
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  for (guint op = 0; op < EVS_OP_COUNT; op++) {
    g_autofree char *text = sample_answer((EvsOp)op);
    if (text)
      decode_around(random, text);
    g_autofree char *typed = sample_typed((EvsOp)op);
    if (typed)
      decode_around(random, typed);
  }
  for (guint i = 0; sample_others[i]; i++)
    decode_around(random, sample_others[i]);
}

/* So that the corpus is worth something: its answers are read whole. */
static void test_samples_are_read(void **state)
{
  (void)state;
  for (guint op = 0; op < EVS_OP_COUNT; op++) {
    g_autofree char *text = sample_answer((EvsOp)op);
    if (!text)
      continue;
    g_autoptr(json_t) answer = evs_json_parse(text, strlen(text));
    gpointer reply = NULL;
    assert_true(evs_reply_read((EvsOp)op, answer, &reply, NULL));
    const GPtrArray *list = reply;
    if (evs_operations[op].shape == EVS_REPLY_LIST)
      assert_int_equal(list->len, 2);
    else
      assert_non_null(reply);
    evs_reply_free((EvsOp)op, reply);
  }
}

static void test_dictionary(void **state)
{
  (void)state;
  g_autofree char *dictionary = sample_dictionary();
  assert_non_null(strstr(dictionary, "\"\\\"volume_types\\\"\"\n"));
  assert_non_null(strstr(dictionary, "\"\\\"auth_key\\\"\"\n"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_corpus),
    cmocka_unit_test(test_samples_are_read),
    cmocka_unit_test(test_dictionary),
  };
  return cmocka_run_group_tests_name("evsclient_fuzz", tests, NULL, NULL);
}
