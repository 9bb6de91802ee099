/* evssim/oracle.c: makespans that can be worked out by hand. */
#include "evssim/oracle.h"
#include "tests/unit/cmocka_all.h"

#include "evssim/jsonread.h"

static Oracle *oracle_of(Profile **ret_profile, const char *text)
{
  json_t *document = jsonread_text(text, strlen(text), "profile", NULL);
  *ret_profile = profile_parse(document, "profile", 1, NULL);
  json_decref(document);
  assert_non_null(*ret_profile);
  return oracle_new(*ret_profile);
}

static void assert_oracle(Oracle *oracle, const char *kind, gint64 ms)
{
  json_t *got = oracle_render(oracle);
  const json_t *value = json_object_get(got, kind);
  if (!value || json_integer_value(value) != ms)
    fail_msg("%s: %" JSON_INTEGER_FORMAT ", not %" G_GINT64_FORMAT, kind, json_integer_value(value), ms);
  json_decref(got);
}

#define TEN_BURST_TWO "\"rps\":10,\"burst\":2"

/* 10 calls a second after a burst of 2: the fourth is sent at 200 ms; a server's work is serial. */
static void kinds_have_their_own_makespan(void **state)
{
  (void)state;
  g_autoptr(Profile) profile = NULL;
  Oracle *oracle = oracle_of(&profile, "{\"rate\":{" TEN_BURST_TWO "}}");
  for (int i = 0; i < 4; i++)
    oracle_add(oracle, "create", NULL, "", 1000000);
  oracle_add(oracle, "attach", NULL, "s1", 1000000);
  oracle_add(oracle, "attach", NULL, "s1", 500000);
  oracle_add(oracle, "attach", NULL, "s2", 100000);
  assert_oracle(oracle, "create", 1200);
  assert_oracle(oracle, "attach", 1500);
  assert_oracle(oracle, "all", 1500);
  oracle_free(oracle);
}

static void one_bucket_is_shared_by_all_kinds(void **state)
{
  (void)state;
  g_autoptr(Profile) profile = NULL;
  Oracle *oracle = oracle_of(&profile, "{\"rate\":{\"per\":\"user\"," TEN_BURST_TWO "}}");
  oracle_add(oracle, "create", "v1", NULL, 50000);
  oracle_add(oracle, "create", "v2", NULL, 50000);
  oracle_add(oracle, "snapshot", NULL, NULL, 50000);
  oracle_add(oracle, "snapshot", NULL, NULL, 50000);
  assert_oracle(oracle, "create", 50);
  assert_oracle(oracle, "snapshot", 50); /* as if there were nothing else */
  assert_oracle(oracle, "all", 250);
  oracle_free(oracle);
}

/* Detach before delete, each with its own token; a disk's work waits for what comes before it, others' does not. */
static void a_disks_work_follows_in_order(void **state)
{
  (void)state;
  g_autoptr(Profile) profile = NULL;
  Oracle *oracle = oracle_of(&profile, "{\"rate\":{" TEN_BURST_TWO "}}");
  oracle_add(oracle, "detach", "v1", "s1", 300000);
  oracle_add(oracle, "detach", "v2", "s1", 300000);
  oracle_add(oracle, "delete", "v1", NULL, 1000000);
  oracle_add(oracle, "delete", "v2", NULL, 200000);
  assert_oracle(oracle, "detach", 600);
  assert_oracle(oracle, "delete", 1000);
  assert_oracle(oracle, "all", 1300);
  oracle_free(oracle);
}

static void snapshots_and_equal_work_do_not_wait(void **state)
{
  (void)state;
  g_autoptr(Profile) profile = NULL;
  Oracle *oracle = oracle_of(&profile, "{}");
  oracle_add(oracle, "create", "v1", NULL, 100000);
  oracle_add(oracle, "snapshot", "v1", NULL, 5000000);
  oracle_add(oracle, "attach", "v1", "s1", 200000);
  oracle_add(oracle, "attach", "v1", "s2", 300000);
  oracle_add(oracle, "detach", "v1", "s1", 400000);
  assert_oracle(oracle, "attach", 300);
  assert_oracle(oracle, "snapshot", 5000);
  assert_oracle(oracle, "all", 5100);
  oracle_add(oracle, "delete", "v1", NULL, 4500000);
  assert_oracle(oracle, "all", 5300); /* 100 + 300 + 400 + 4500 */
  oracle_free(oracle);
}

/* A token that nobody could use is saved, up to the burst. */
static void tokens_are_saved(void **state)
{
  (void)state;
  g_autoptr(Profile) profile = NULL;
  Oracle *oracle = oracle_of(&profile, "{\"rate\":{\"per\":\"user\"," TEN_BURST_TWO "}}");
  oracle_add(oracle, "create", "v1", NULL, 10000000);
  for (int i = 0; i < 3; i++)
    oracle_add(oracle, "attach", "v1", NULL, 100000);
  assert_oracle(oracle, "all", 10200); /* two at once, the third 100 ms later */
  oracle_free(oracle);
}

static void beyond_its_ceiling_it_is_silent(void **state)
{
  (void)state;
  g_autoptr(Profile) profile = NULL;
  Oracle *oracle = oracle_of(&profile, "{}");
  for (int i = 0; i <= ORACLE_JOBS_MAX; i++)
    oracle_add(oracle, "create", NULL, NULL, 1);
  json_t *got = oracle_render(oracle);
  assert_int_equal(json_object_size(got), 0);
  json_decref(got);
  oracle_reset(oracle);
  oracle_add(oracle, "create", NULL, NULL, 7000);
  assert_oracle(oracle, "create", 7);
  oracle_free(oracle);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(kinds_have_their_own_makespan),
    cmocka_unit_test(one_bucket_is_shared_by_all_kinds),
    cmocka_unit_test(a_disks_work_follows_in_order),
    cmocka_unit_test(snapshots_and_equal_work_do_not_wait),
    cmocka_unit_test(tokens_are_saved),
    cmocka_unit_test(beyond_its_ceiling_it_is_silent),
  };
  return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
