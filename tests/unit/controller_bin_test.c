/* recycle_bin.c: how often the cloud is asked after deletes, with the bin on, off, or unknown. */
#include "base/clock.h"
#include "controller/recycle_bin.h"
#include "tests/unit/evsclient_fixture.h"

#define POLICY "GET /v3/" PROJECT "/recycle-bin-volumes/policy"
#define IN_BIN "GET /v3/" PROJECT "/recycle-bin-volumes/" DISK_ID

static void report(Fixture *fixture, RecycleBin *bin)
{
  (void)fixture;
  const EvsContext context = {.deadline_us = clock_deadline_in_ms(5000)};
  recycle_bin_report(bin, &context, DISK_ID);
}

static void assert_asked(Fixture *fixture, guint policy, guint disk)
{
  assert_int_equal(http_script_count(fixture->script, POLICY), policy);
  assert_int_equal(http_script_count(fixture->script, IN_BIN), disk);
}

static void test_off(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = POLICY, .body = "{\"switch\":false}"});
  RecycleBin *bin = recycle_bin_new(fixture->client);
  for (int i = 0; i < 3; i++)
    report(fixture, bin);
  assert_asked(fixture, 1, 0);
  recycle_bin_free(bin);
}

static void test_on(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = POLICY, .body = "{\"switch\":true}"});
  http_script_add(fixture->script, (ScriptRule){.match = IN_BIN, .status = 404, .body = "{}"});
  RecycleBin *bin = recycle_bin_new(fixture->client);
  for (int i = 0; i < 3; i++)
    report(fixture, bin);
  assert_asked(fixture, 1, 3);
  recycle_bin_free(bin);
}

/* A policy that cannot be read counts as off, and is not asked after every delete. */
static void test_unknown(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = POLICY,
                               .status = 403,
                               .body = "{\"error\":{\"code\":\"EVS.5403\",\"message\":\"no\"}}"});
  RecycleBin *bin = recycle_bin_new(fixture->client);
  for (int i = 0; i < 3; i++)
    report(fixture, bin);
  assert_asked(fixture, 1, 0);
  recycle_bin_free(bin);
  recycle_bin_free(NULL);
}

#define BIN_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {BIN_TEST(test_off), BIN_TEST(test_on), BIN_TEST(test_unknown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
