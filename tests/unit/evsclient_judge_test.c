/* evsclient/watch.c: what a record of each kind says, as a table. */
#include "evsclient/records.h"
#include "evsclient/watch.h"

#include "tests/unit/cmocka_all.h"

#define ID "b104b8db-170d-441b-897a-3c8ba9c5a214"
#define SERVER_ID "a0000000-0000-4000-8000-000000000001"
#define AT(attachment)                                                                                       \
  ",\"attachments\":[{\"server_id\":\"" SERVER_ID "\",\"attachment_id\":\"" attachment "\"}]"

static const char *const known[] = {"old", NULL};

/* Every kind's wishes at once: each looks only at its own. */
static const Watch wish = {.server_id = SERVER_ID,
                           .known_attachments = known,
                           .size_gib = 20,
                           .iops = 4000,
                           .throughput = 200,
                           .type = "SSD"};

typedef struct {
  WatchKind kind;
  const char *members; /* of the record; NULL: there is none */
  WatchVerdict row, truth;
  gboolean under_way;
} Case;

static const Case cases[] = {
  {WATCH_CREATE, NULL, WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_CREATE, "\"status\":\"creating\"", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_CREATE, "\"status\":\"downloading\"", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_CREATE, "\"status\":\"Available\"", WATCH_DONE, WATCH_DONE, FALSE},
  {WATCH_CREATE, "\"status\":\"error\"", WATCH_SUSPECT, WATCH_BROKEN, FALSE},
  {WATCH_DELETE, NULL, WATCH_SUSPECT, WATCH_DONE, FALSE},
  {WATCH_DELETE, "\"status\":\"deleting\"", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_DELETE, "\"status\":\"error\"", WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_DELETE, "\"status\":\"error_deleting\"", WATCH_SUSPECT, WATCH_BROKEN, FALSE},
  {WATCH_ATTACH, NULL, WATCH_PENDING, WATCH_BROKEN, FALSE},
  {WATCH_ATTACH, "\"status\":\"attaching\"", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_ATTACH, "\"status\":\"in-use\"" AT("old"), WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_ATTACH, "\"status\":\"in-use\"" AT("new"), WATCH_DONE, WATCH_DONE, FALSE},
  {WATCH_ATTACH, "\"status\":\"error_attaching\"", WATCH_SUSPECT, WATCH_BROKEN, FALSE},
  {WATCH_DETACH, NULL, WATCH_SUSPECT, WATCH_DONE, FALSE},
  {WATCH_DETACH, "\"status\":\"detaching\"" AT("old"), WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_DETACH, "\"status\":\"detaching\"", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_DETACH, "\"status\":\"available\"", WATCH_SUSPECT, WATCH_DONE, FALSE},
  {WATCH_DETACH, "\"status\":\"error_detaching\"", WATCH_SUSPECT, WATCH_BROKEN, FALSE},
  {WATCH_EXTEND, NULL, WATCH_PENDING, WATCH_BROKEN, FALSE},
  {WATCH_EXTEND, "\"status\":\"extending\",\"size\":10", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_EXTEND, "\"status\":\"extending\",\"size\":20", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_EXTEND, "\"status\":\"in-use\",\"size\":19", WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_EXTEND, "\"status\":\"in-use\",\"size\":20", WATCH_DONE, WATCH_DONE, FALSE},
  {WATCH_EXTEND, "\"status\":\"available\",\"size\":\"21\"", WATCH_DONE, WATCH_DONE, FALSE},
  {WATCH_EXTEND, "\"status\":\"error_extending\",\"size\":20", WATCH_SUSPECT, WATCH_BROKEN, FALSE},
  {WATCH_QOS, NULL, WATCH_PENDING, WATCH_BROKEN, FALSE},
  {WATCH_QOS, "\"status\":\"in-use\",\"iops\":{\"total_val\":3000},\"throughput\":{\"total_val\":200}",
   WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_QOS, "\"status\":\"in-use\",\"iops\":{\"total_val\":4000},\"throughput\":{\"total_val\":125}",
   WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_QOS, "\"status\":\"in-use\",\"iops\":{\"total_val\":4000},\"throughput\":{\"total_val\":200}",
   WATCH_DONE, WATCH_DONE, FALSE},
  {WATCH_RETYPE, NULL, WATCH_PENDING, WATCH_BROKEN, FALSE},
  {WATCH_RETYPE, "\"status\":\"in-use\",\"volume_type\":\"SAS\"", WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_RETYPE, "\"status\":\"in-use\",\"volume_type\":\"SSD\"", WATCH_DONE, WATCH_DONE, FALSE},
  {WATCH_SNAPSHOT, NULL, WATCH_PENDING, WATCH_BROKEN, FALSE},
  {WATCH_SNAPSHOT, "\"status\":\"creating\"", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_SNAPSHOT, "\"status\":\"available\"", WATCH_DONE, WATCH_DONE, FALSE},
  {WATCH_SNAPSHOT, "\"status\":\"error\"", WATCH_SUSPECT, WATCH_BROKEN, FALSE},
  {WATCH_SNAPSHOT_DELETE, NULL, WATCH_SUSPECT, WATCH_DONE, FALSE},
  {WATCH_SNAPSHOT_DELETE, "\"status\":\"deleting\"", WATCH_PENDING, WATCH_PENDING, TRUE},
  {WATCH_SNAPSHOT_DELETE, "\"status\":\"error\"", WATCH_PENDING, WATCH_PENDING, FALSE},
  {WATCH_SNAPSHOT_DELETE, "\"status\":\"error_deleting\"", WATCH_SUSPECT, WATCH_BROKEN, FALSE},
};

static void *read_record(const WatchSubject *subject, const char *members)
{
  if (!members)
    return NULL;
  g_autofree char *text = g_strdup_printf("{\"id\":\"" ID "\",%s}", members);
  g_autoptr(json_t) object = evs_json_parse(text, strlen(text));
  assert_non_null(object);
  void *record = evs_record_read(subject == &watch_disks ? &evs_record_disk : &evs_record_snapshot, object);
  assert_string_equal(subject->id(record), ID);
  return record;
}

static void test_verdicts(void **state)
{
  (void)state;
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    Watch watch = wish;
    watch.kind = cases[i].kind;
    const WatchSubject *subject = watch_traits(&watch)->subject;
    void *record = read_record(subject, cases[i].members);
    if (watch_judge_row(&watch, record) != cases[i].row || watch_judge(&watch, record) != cases[i].truth ||
        (record && watch_in_progress(&watch, record) != cases[i].under_way))
      fail_msg("%s: %s", watch_traits(&watch)->what, cases[i].members ? cases[i].members : "none");
    if (record)
      subject->free(record);
  }
}

static void test_every_kind_is_described(void **state)
{
  (void)state;
  for (guint kind = 0; kind < WATCH_KINDS; kind++) {
    Watch watch = {.kind = kind};
    assert_non_null(watch_traits(&watch)->what);
    assert_non_null(watch_traits(&watch)->subject);
    assert_true(watch_traits(&watch)->is_done || watch_traits(&watch)->gone == WATCH_DONE);
  }
}

static void test_performance_that_does_not_matter(void **state)
{
  (void)state;
  Watch watch = {.kind = WATCH_QOS, .iops = 500};
  void *record = read_record(&watch_disks, "\"iops\":{\"total_val\":500}");
  assert_int_equal(watch_judge_row(&watch, record), WATCH_DONE);
  evs_disk_free(record);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_verdicts),
    cmocka_unit_test(test_every_kind_is_described),
    cmocka_unit_test(test_performance_that_does_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
