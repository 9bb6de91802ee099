/* Transfers of disks from account alpha to account beta, through the router, without a socket. */
#include "tests/unit/evssim_cloud.h"

#include <event2/event.h>
#include <fcntl.h>

#include "evssim/disks.h"
#include "evssim/transfers.h"

#define ALPHA "/evs/v2/" ALPHA_PROJECT "/os-volume-transfer"
#define BETA "/evs/v2/" BETA_PROJECT "/os-volume-transfer"

/* As beta's user. */
static Answer beta_call(Cloud *cloud, const char *method, const char *target, const char *single_quoted)
{
  g_autofree char *body = single_quoted ? cloud_quoted(single_quoted) : NULL;
  g_autofree char *token = cloud_login(cloud, "other");
  const char *const headers[] = {"X-Auth-Token", token, NULL};
  return cloud_request(cloud, method, target, body, headers);
}

static Answer beta_accept(Cloud *cloud, const char *id, const char *auth_key)
{
  g_autofree char *target = g_strdup_printf(BETA "/%s/accept", id);
  g_autofree char *body = g_strdup_printf("{'accept':{'auth_key':'%s'}}", auth_key);
  return beta_call(cloud, "POST", target, body);
}

static Answer create(Cloud *cloud, const Disk *disk)
{
  g_autofree char *body = g_strdup_printf("{'transfer':{'volume_id':'%s','name':' gift '}}", disk->id);
  return cloud_post(cloud, ALPHA, body, NULL);
}

static Answer transfer_call(Cloud *cloud, const char *method, const char *id)
{
  g_autofree char *target = g_strconcat(ALPHA "/", id, NULL);
  return cloud_call(cloud, method, target, NULL);
}

static void expect_status(Cloud *cloud, const Disk *disk, const char *status)
{
  g_auto(Answer) answer = cloud_get_disk(cloud, disk->id);
  answer_expect(&answer, 200, "");
  assert_string_equal(answer_text(&answer, "volume/status"), status);
}

static gsize listed(const Answer *answer)
{
  return json_array_size(json_object_get(answer->body, "transfers"));
}

/* ---- the life ---- */

static void disks_change_hands(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  json_object_set_new(disk->metadata, "k", json_string("v"));
  json_object_set_new(disk->tags, "t", json_string("w"));
  g_free(disk->enterprise_project_id);
  disk->enterprise_project_id = g_strdup(NO_SUCH_ID);
  g_autofree char *file = disk_file(cloud->sim, disk);
  int fd = open(file, O_WRONLY | O_CLOEXEC);
  assert_int_equal(write(fd, "precious", 8), 8);
  close(fd);
  g_auto(Answer) made = create(cloud, disk);
  answer_expect(&made, 202, "");
  assert_int_equal(strlen(answer_text(&made, "transfer/auth_key")), 16);
  assert_string_equal(answer_text(&made, "transfer/name"), "gift");
  assert_string_equal(answer_text(&made, "transfer/volume_id"), disk->id);
  assert_non_null(answer_text(&made, "transfer/created_at"));
  assert_string_equal(answer_text(&made, "transfer/links/0/rel"), "self");
  expect_status(cloud, disk, "awaiting-transfer");

  g_auto(Answer) taken =
    beta_accept(cloud, answer_text(&made, "transfer/id"), answer_text(&made, "transfer/auth_key"));
  answer_expect(&taken, 202, "");
  assert_string_equal(answer_text(&taken, "transfer/volume_id"), disk->id);
  assert_null(json_object_get(json_object_get(taken.body, "transfer"), "auth_key"));
  assert_null(json_object_get(json_object_get(taken.body, "transfer"), "created_at"));
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);

  g_auto(Answer) gone = cloud_get_disk(cloud, disk->id);
  answer_expect(&gone, 404, "EVS.5404");
  g_autofree char *target = g_strconcat("/evs/v2/" BETA_PROJECT "/cloudvolumes/", disk->id, NULL);
  g_auto(Answer) there = beta_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&there, "volume/status"), "available");
  assert_string_equal(answer_text(&there, "volume/metadata/k"), "v");
  assert_string_equal(answer_text(&there, "volume/tags/t"), "w");
  assert_string_equal(answer_text(&there, "volume/volume_type"), "SSD");
  assert_string_equal(answer_text(&there, "volume/enterprise_project_id"), "0");
  assert_int_equal(json_integer_value(json_object_get(json_object_get(there.body, "volume"), "size")), 10);
  char bytes[8] = {0}; /* no more: the file is as long as the disk */
  fd = open(file, O_RDONLY | O_CLOEXEC);
  assert_int_equal(read(fd, bytes, sizeof bytes), sizeof bytes);
  close(fd);
  assert_memory_equal(bytes, "precious", sizeof bytes);
}

static void keys_are_told_once(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) made = create(cloud, cloud_disk(cloud, "sim-1a", 10));
  const char *id = answer_text(&made, "transfer/id");
  g_auto(Answer) got = transfer_call(cloud, "GET", id);
  g_auto(Answer) list = cloud_call(cloud, "GET", ALPHA, NULL);
  g_auto(Answer) detail = cloud_call(cloud, "GET", ALPHA "/detail", NULL);
  g_auto(Answer) twin = cloud_call(cloud, "GET", "/evs/v3/" ALPHA_PROJECT "/os-volume-transfer/detail", NULL);
  assert_string_equal(answer_text(&got, "transfer/id"), id);
  assert_non_null(answer_text(&got, "transfer/created_at"));
  assert_string_equal(answer_text(&list, "transfers/0/id"), id);
  assert_string_equal(answer_text(&detail, "transfers/0/id"), id);
  assert_non_null(answer_text(&detail, "transfers/0/created_at"));
  assert_string_equal(answer_text(&twin, "transfers/0/id"), id);
  assert_null(json_object_get(json_array_get(json_object_get(list.body, "transfers"), 0), "created_at"));
  const Answer *const answers[] = {&got, &list, &detail, &twin};
  for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
    char *text = json_dumps(answers[i]->body, 0);
    assert_null(strstr(text, "auth_key"));
    assert_null(strstr(text, answer_text(&made, "transfer/auth_key")));
    free(text);
  }
}

static void lists_are_of_the_tenant(void **state)
{
  Cloud *cloud = *state;
  for (int i = 0; i < 3; i++) {
    g_auto(Answer) made = create(cloud, cloud_disk(cloud, "sim-1a", 10));
    answer_expect(&made, 202, "");
  }
  g_auto(Answer) mine = cloud_call(cloud, "GET", ALPHA, NULL);
  assert_int_equal(listed(&mine), 3);
  g_auto(Answer) page = cloud_call(cloud, "GET", ALPHA "/detail?limit=1&offset=1", NULL);
  assert_int_equal(listed(&page), 1);
  assert_string_equal(answer_text(&page, "transfers/0/id"), answer_text(&mine, "transfers/1/id"));
  g_auto(Answer) others = beta_call(cloud, "GET", BETA, NULL);
  assert_int_equal(listed(&others), 0);
  g_autofree char *target = g_strconcat(BETA "/", answer_text(&mine, "transfers/0/id"), NULL);
  g_auto(Answer) got = beta_call(cloud, "GET", target, NULL);
  answer_expect(&got, 404, "EVS.5404");
  g_auto(Answer) removed = beta_call(cloud, "DELETE", target, NULL);
  answer_expect(&removed, 404, "EVS.5404");
  static const struct {
    const char *query, *code;
  } bad[] = {{"?limit=0", "EVS.1023"},
             {"?limit=x", "EVS.5400"},
             {"?offset=x", "EVS.5400"},
             {"/detail?limit=1001", "EVS.2142"}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *path = g_strconcat(ALPHA, bad[i].query, NULL);
    g_auto(Answer) answer = cloud_call(cloud, "GET", path, NULL);
    answer_expect(&answer, 400, bad[i].code);
  }
}

static void deleted_transfers_free_the_disk(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) made = create(cloud, disk);
  const char *id = answer_text(&made, "transfer/id");
  g_auto(Answer) removed = transfer_call(cloud, "DELETE", id);
  answer_expect(&removed, 202, "");
  assert_null(removed.body);
  expect_status(cloud, disk, "available");
  g_auto(Answer) again = transfer_call(cloud, "DELETE", id);
  answer_expect(&again, 404, "EVS.5404");
  g_auto(Answer) taken = beta_accept(cloud, id, answer_text(&made, "transfer/auth_key"));
  answer_expect(&taken, 404, "EVS.5404");
  g_auto(Answer) anew = create(cloud, disk);
  answer_expect(&anew, 202, "");
}

/* ---- refusals ---- */

static void only_plain_disks_move(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *bad, *good, *why;
  } edits[] = {
    {"{'metadata':{'orderID':'o'}}", "{'metadata':{'orderID':null}}", "yearly/monthly"},
    {"{'frozen':true}", "{'frozen':false}", "frozen"},
    {"{'metadata':{'__system__encrypted':'1'}}", "{'metadata':{'__system__encrypted':null}}", "encrypted"},
    {"{'backups':true}", "{'backups':false}", "backups"},
    {"{'backup_policy':true}", "{'backup_policy':false}", "backup policy"},
    {"{'service_type':'DSS'}", "{'service_type':'EVS'}", "DSS"},
    {"{'service_type':'DESS'}", "{'service_type':'EVS'}", "DESS"},
    {"{'bootable':true}", "{'bootable':false}", "system"},
    {"{'replicated':true}", "{'replicated':false}", "replication"},
  };
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  for (gsize i = 0; i < G_N_ELEMENTS(edits); i++) {
    cloud_set_disk(cloud, disk->id, edits[i].bad);
    g_auto(Answer) answer = create(cloud, disk);
    answer_expect(&answer, 400, "EVS.5400");
    assert_non_null(strstr(answer.message, edits[i].why));
    cloud_set_disk(cloud, disk->id, edits[i].good);
  }
  g_auto(Answer) made = create(cloud, disk);
  answer_expect(&made, 202, "");
  const char *id = answer_text(&made, "transfer/id"), *key = answer_text(&made, "transfer/auth_key");
  for (gsize i = 0; i < G_N_ELEMENTS(edits); i++) {
    cloud_set_disk(cloud, disk->id, edits[i].bad);
    g_auto(Answer) answer = beta_accept(cloud, id, key);
    answer_expect(&answer, 400, "EVS.5400");
    assert_non_null(strstr(answer.message, edits[i].why));
    cloud_set_disk(cloud, disk->id, edits[i].good);
  }
  g_auto(Answer) taken = beta_accept(cloud, id, key);
  answer_expect(&taken, 202, "");
}

static void disks_must_be_available(void **state)
{
  Cloud *cloud = *state;
  static const char *const statuses[] = {"creating",   "attaching",   "in-use",
                                         "extending",  "uploading",   "awaiting-transfer",
                                         "backing-up", "rollbacking", "error"};
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
    g_autofree char *edit = g_strdup_printf("{'status':'%s'}", statuses[i]);
    cloud_set_disk(cloud, disk->id, edit);
    g_auto(Answer) answer = create(cloud, disk);
    answer_expect(&answer, 400, "EVS.5400");
    assert_non_null(strstr(answer.message, "valid status"));
  }
}

static void snapshots_hold_a_disk(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) snapped = cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots", body, NULL);
  answer_expect(&snapped, 202, "");
  g_auto(Answer) answer = create(cloud, disk);
  answer_expect(&answer, 400, "EVS.5400");
  assert_non_null(strstr(answer.message, "snapshots"));
}

static void waiting_disks_can_do_nothing(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) made = create(cloud, disk);
  answer_expect(&made, 202, "");
  g_auto(Answer) again = create(cloud, disk);
  answer_expect(&again, 400, "EVS.5400");
  g_auto(Answer) removed = cloud_delete_disk(cloud, disk->id);
  answer_expect(&removed, 400, "EVS.1046");
  g_autofree char *action = g_strdup_printf("/evs/v2.1/" ALPHA_PROJECT "/cloudvolumes/%s/action", disk->id);
  g_auto(Answer) grown = cloud_post(cloud, action, "{'os-extend':{'new_size':11}}", NULL);
  answer_expect(&grown, 400, "EVS.1064");
  g_autofree char *snapshot = g_strdup_printf("{'snapshot':{'volume_id':'%s','force':true}}", disk->id);
  g_auto(Answer) snapped = cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots", snapshot, NULL);
  answer_expect(&snapped, 400, "EVS.5400");
  g_autofree char *target = g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s/attachvolume",
                                            cloud_server(cloud, "alpha-1")->id);
  g_autofree char *attach = g_strdup_printf("{'volumeAttachment':{'volumeId':'%s'}}", disk->id);
  g_auto(Answer) attached = cloud_post(cloud, target, attach, NULL);
  answer_expect(&attached, 400, "Ecs.0103");
}

static void requests_are_read_strictly(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  static const struct {
    const char *body;
    int status;
    const char *code;
  } bad[] = {{"[]", 400, "EVS.5400"},
             {"{'transfer':{'name':'n'}}", 400, "EVS.5400"},
             {"{'transfer':{'name':'n','volume_id':'x'}}", 400, "EVS.1002"},
             {"{'transfer':{'name':'n','volume_id':'" NO_SUCH_ID "'}}", 404, "EVS.5404"}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) answer = cloud_post(cloud, ALPHA, bad[i].body, NULL);
    answer_expect(&answer, bad[i].status, bad[i].code);
  }
  g_autofree char *longest = g_strnfill(64, 'n'), *longer = g_strnfill(65, 'n');
  const struct {
    const char *name, *code;
  } names[] = {{"7", "EVS.1018"}, {"'  '", "EVS.5400"}, {longer, "EVS.5400"}, {longest, ""}};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *quote = names[i].name[0] == 'n' ? "'" : "";
    g_autofree char *body =
      g_strdup_printf("{'transfer':{'volume_id':'%s','name':%s%s%s}}", disk->id, quote, names[i].name, quote);
    g_auto(Answer) answer = cloud_post(cloud, ALPHA, body, NULL);
    answer_expect(&answer, *names[i].code ? 400 : 202, names[i].code);
  }
}

static void keys_must_fit(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) made = create(cloud, disk);
  const char *id = answer_text(&made, "transfer/id"), *key = answer_text(&made, "transfer/auth_key");
  g_auto(Answer) wrong = beta_accept(cloud, id, "0123456789abcdeg");
  answer_expect(&wrong, 400, "EVS.5400");
  assert_non_null(strstr(wrong.message, "auth_key"));
  g_autofree char *target = g_strdup_printf(BETA "/%s/accept", id);
  g_auto(Answer) none = beta_call(cloud, "POST", target, "{'accept':{}}");
  answer_expect(&none, 400, "EVS.5400");
  g_auto(Answer) unknown = beta_accept(cloud, NO_SUCH_ID, key);
  answer_expect(&unknown, 404, "EVS.5404");
  expect_status(cloud, disk, "awaiting-transfer");
  g_auto(Answer) taken = beta_accept(cloud, id, key);
  answer_expect(&taken, 202, "");
  g_auto(Answer) during = beta_accept(cloud, id, key);
  answer_expect(&during, 400, "EVS.5400");
  g_auto(Answer) removed = transfer_call(cloud, "DELETE", id);
  answer_expect(&removed, 400, "EVS.5400");
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  g_auto(Answer) second = beta_accept(cloud, id, key);
  answer_expect(&second, 400, "EVS.5400");
  assert_non_null(strstr(second.message, "has been accepted"));
  g_auto(Answer) late = transfer_call(cloud, "DELETE", id);
  answer_expect(&late, 404, "EVS.5404");
}

static void receivers_need_quota(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    gint64 size_gib;
    const char *type, *code;
  } cases[] = {{501, "SSD", "EVS.1042"}, {110, "SAS", "EVS.1042"}, {90, "SAS", ""},
               {20, "SAS", "EVS.1042"},  {400, "SSD", ""},         {500, "SSD", ""},
               {10, "SSD", "EVS.1034"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    Disk *disk = cloud_disk(cloud, "sim-1a", cases[i].size_gib);
    g_free(disk->type);
    disk->type = g_strdup(cases[i].type);
    g_auto(Answer) made = create(cloud, disk);
    g_auto(Answer) taken =
      beta_accept(cloud, answer_text(&made, "transfer/id"), answer_text(&made, "transfer/auth_key"));
    answer_expect(&taken, *cases[i].code ? 400 : 202, cases[i].code);
  }
}

static void actions_are_asked_for(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) made = create(cloud, disk);
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "reader");
  g_auto(Answer) refused = create(cloud, disk);
  answer_expect(&refused, 403, "EVS.5403");
  g_auto(Answer) removed = transfer_call(cloud, "DELETE", answer_text(&made, "transfer/id"));
  answer_expect(&removed, 403, "EVS.5403");
  g_autofree char *target = g_strdup_printf(ALPHA "/%s/accept", answer_text(&made, "transfer/id"));
  g_auto(Answer) taken = cloud_post(cloud, target, "{'accept':{'auth_key':'x'}}", NULL);
  answer_expect(&taken, 403, "EVS.5403");
  g_auto(Answer) list = cloud_call(cloud, "GET", ALPHA, NULL);
  answer_expect(&list, 200, "");
}

/* ---- restarts ---- */

static void transfers_outlive_the_process(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10), *moving = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *moving_id = g_strdup(moving->id);
  g_auto(Answer) made = create(cloud, disk);
  g_auto(Answer) other = create(cloud, moving);
  g_auto(Answer) taken =
    beta_accept(cloud, answer_text(&other, "transfer/id"), answer_text(&other, "transfer/auth_key"));
  answer_expect(&taken, 202, "");
  cloud_restart(cloud); /* the second is on its way */
  moving = sim_disk(cloud->sim, moving_id);
  cloud_turn_until(cloud, moving, DISK_AVAILABLE);
  assert_string_equal(moving->project->id, BETA_PROJECT);
  g_auto(Answer) list = cloud_call(cloud, "GET", ALPHA, NULL);
  assert_int_equal(listed(&list), 1);
  g_auto(Answer) second =
    beta_accept(cloud, answer_text(&other, "transfer/id"), answer_text(&other, "transfer/auth_key"));
  answer_expect(&second, 400, "EVS.5400");
  g_auto(Answer) first =
    beta_accept(cloud, answer_text(&made, "transfer/id"), answer_text(&made, "transfer/auth_key"));
  answer_expect(&first, 202, "");
}

/* Killed between the two records of a create, or of a delete: the disk decides. */
static void half_transfers_are_none(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  const Transfer *half = transfer_add(cloud->sim, disk, "half");
  g_autofree char *id = g_strdup(half->id), *key = g_strdup(half->auth_key);
  g_auto(Answer) made = create(cloud, disk);
  answer_expect(&made, 202, "");
  g_auto(Answer) list = cloud_call(cloud, "GET", ALPHA, NULL);
  assert_int_equal(listed(&list), 1);
  g_auto(Answer) taken = beta_accept(cloud, id, key);
  answer_expect(&taken, 404, "EVS.5404");
}

static void failed_accepts_leave_the_transfer(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) made = create(cloud, disk);
  const char *id = answer_text(&made, "transfer/id"), *key = answer_text(&made, "transfer/auth_key");
  cloud_fault(cloud, "{'match':{'op':'7.4.2'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) failing = beta_accept(cloud, id, key);
  answer_expect(&failing, 202, "");
  while (transfer_find(cloud->sim, id)->stage == TRANSFER_ACCEPTING)
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  expect_status(cloud, disk, "awaiting-transfer");
  g_auto(Answer) taken = beta_accept(cloud, id, key);
  answer_expect(&taken, 202, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(disks_change_hands),
    TEST(keys_are_told_once),
    TEST(lists_are_of_the_tenant),
    TEST(deleted_transfers_free_the_disk),
    TEST(only_plain_disks_move),
    TEST(disks_must_be_available),
    TEST(snapshots_hold_a_disk),
    TEST(waiting_disks_can_do_nothing),
    TEST(requests_are_read_strictly),
    TEST(keys_must_fit),
    TEST(receivers_need_quota),
    TEST(actions_are_asked_for),
    TEST(transfers_outlive_the_process),
    TEST(half_transfers_are_none),
    TEST(failed_accepts_leave_the_transfer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
