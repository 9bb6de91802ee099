/* evssim/iam.c, iam_routes.c, credentials.c, metadata.c: who gets in, with what, and for how long. */
#include "evssim/iam.h"
#include "evssim/parts.h"
#include "tests/unit/evssim_cloud.h"

#define LIST "/evs/v2/" ALPHA_PROJECT "/cloudvolumes/detail"
#define HOUR 3600

static void assert_answer(const Answer *answer, int status, const char *code)
{
  if (answer->status != status || strcmp(answer->code, code) != 0)
    fail_msg("answer %d '%s' (%s), expected %d '%s'", answer->status, answer->code, answer->message, status,
             code);
}

static Answer with_token(Cloud *cloud, const char *token, const char *target)
{
  const char *const headers[] = {"X-Auth-Token", token, NULL};
  return cloud_request(cloud, "GET", target, NULL, headers);
}

static void actions_match_with_wildcards(void **state)
{
  (void)state;
  static const struct {
    const char *pattern, *action;
    gboolean allowed;
  } rows[] = {
    {"*", "evs:volumes:create", TRUE},
    {"evs:*", "evs:volumes:create", TRUE},
    {"evs:volumes:*", "evs:volumes:create", TRUE},
    {"evs:*:get", "evs:volumes:get", TRUE},
    {"evs:*:get", "evs:volumes:create", FALSE},
    {"evs:volumes:create", "evs:volumes:create", TRUE},
    {"evs:volumes:create", "evs:volumes:createX", FALSE},
    {"evs:*", "ecs:cloudServers:attach", FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    const char *const actions[] = {"iam:x:y", rows[i].pattern, NULL};
    Principal principal = {.actions = actions};
    assert_int_equal(iam_allows(&principal, rows[i].action), rows[i].allowed);
  }
  assert_false(iam_allows(&(Principal){0}, "evs:volumes:get"));
}

static void password_token_opens_its_project(void **state)
{
  Cloud *cloud = *state;
  static const char body[] =
    "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"csi\","
    "\"password\":\"pw-csi\","
    "\"domain\":{\"name\":\"alpha\"}}}},\"scope\":{\"project\":{\"id\":\"" ALPHA_PROJECT "\"}}}}";
  g_auto(Answer) token = cloud_request(cloud, "POST", "/iam/v3/auth/tokens", body, NULL);
  assert_int_equal(token.status, 201);
  assert_string_equal(answer_text(&token, "token/project/name"), "sim-1");
  assert_string_equal(answer_text(&token, "token/user/domain/name"), "alpha");
  assert_string_equal(answer_text(&token, "token/methods/0"), "password");
  assert_int_equal(strlen(answer_text(&token, "token/expires_at")), strlen("2019-02-13T06:52:13.855000Z"));
  g_auto(Answer) list = with_token(cloud, token.token, LIST);
  assert_int_equal(list.status, 200);
  /* Another project of the same account, a foreign one, and none at all. */
  g_auto(Answer) sub = with_token(cloud, token.token, "/evs/v2/" ALPHA_SUB "/cloudvolumes/detail");
  assert_answer(&sub, 400, "Common.0018");
  g_auto(Answer) foreign = with_token(cloud, token.token, "/evs/v2/" BETA_PROJECT "/cloudvolumes/detail");
  assert_answer(&foreign, 400, "Common.0018");
  g_auto(Answer) none = with_token(cloud, token.token, "/evs/v2/nonsense/cloudvolumes/detail");
  assert_answer(&none, 400, "EVS.0001");
}

static void bad_logins_are_refused(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *body;
    int status;
  } rows[] = {
    {"not json", 400},
    {"{}", 400},
    {"{\"auth\":{\"identity\":{\"methods\":[\"hw_ak_sk\"]}}}", 400},
    {"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"csi\","
     "\"password\":\"pw\","
     "\"domain\":{\"name\":\"alpha\"}}}}}}",
     401},
    {"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"csi\","
     "\"password\":\"pw-csi\","
     "\"domain\":{\"name\":\"beta\"}}}}}}",
     401},
    {"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"csi\","
     "\"password\":\"pw-csi\","
     "\"domain\":{\"name\":\"alpha\"}}}},\"scope\":{\"project\":{\"name\":\"nowhere\"}}}}",
     401},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = cloud_request(cloud, "POST", "/iam/v3/auth/tokens", rows[i].body, NULL);
    assert_int_equal(answer.status, rows[i].status);
    assert_null(answer.token);
  }
}

static void what_is_no_credential_is_refused(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) nothing = cloud_request(cloud, "GET", LIST, NULL, NULL);
  assert_answer(&nothing, 401, "EVS.5401");
  g_auto(Answer) garbage = with_token(cloud, "MIIgarbage", LIST);
  assert_answer(&garbage, 401, "APIGW.0301");
  static const char *const basic[] = {"Authorization", "Basic QQ==", NULL};
  g_auto(Answer) scheme = cloud_request(cloud, "GET", LIST, NULL, basic);
  assert_answer(&scheme, 401, "APIGW.0301");
  g_auto(Answer) projects = cloud_request(cloud, "GET", "/iam/v3/projects", NULL, NULL);
  assert_int_equal(projects.status, 401);
}

static void tokens_expire_after_a_day_and_survive_a_restart(void **state)
{
  Cloud *cloud = *state;
  cloud_pass(cloud, 23 * HOUR);
  cloud_restart(cloud);
  g_auto(Answer) good = cloud_call(cloud, "GET", LIST, NULL);
  assert_int_equal(good.status, 200);
  cloud_pass(cloud, 24 * HOUR);
  g_auto(Answer) expired = cloud_call(cloud, "GET", LIST, NULL);
  assert_answer(&expired, 400, "Common.0013");
  g_auto(Answer) at_ecs = cloud_call(cloud, "GET", "/ecs/v1/" ALPHA_PROJECT "/jobs/x", NULL);
  assert_answer(&at_ecs, 401, "Common.0013");
}

static void token_of_the_domain_opens_no_project(void **state)
{
  Cloud *cloud = *state;
  static const char body[] =
    "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"csi\","
    "\"password\":\"pw-csi\","
    "\"domain\":{\"name\":\"alpha\"}}}},\"scope\":{\"domain\":{\"name\":\"alpha\"}}}}";
  g_auto(Answer) token = cloud_request(cloud, "POST", "/iam/v3/auth/tokens?nocatalog=x", body, NULL);
  assert_int_equal(token.status, 201);
  assert_int_equal(json_array_size(json_object_get(json_object_get(token.body, "token"), "catalog")), 0);
  g_auto(Answer) list = with_token(cloud, token.token, LIST);
  assert_answer(&list, 400, "Common.0013");
  g_auto(Answer) projects = with_token(cloud, token.token, "/iam/v3/projects?name=sim-1");
  assert_int_equal(projects.status, 200);
  assert_string_equal(answer_text(&projects, "projects/0/id"), ALPHA_PROJECT);
  assert_int_equal(json_array_size(json_object_get(projects.body, "projects")), 1);
}

static void both_signature_forms_open_the_cloud(void **state)
{
  Cloud *cloud = *state;
  for (int scoped = 0; scoped <= 1; scoped++) {
    g_auto(Answer) good =
      cloud_signed(cloud, "AKA", "SKA", NULL, scoped, 0, "GET", LIST "?limit=5&name=a%20b", NULL);
    assert_int_equal(good.status, 200);
    g_auto(Answer) late = cloud_signed(cloud, "AKA", "SKA", NULL, scoped, -16 * 60, "GET", LIST, NULL);
    assert_answer(&late, 401, "APIGW.0301");
    assert_non_null(strstr(late.message, "signature expired"));
    g_auto(Answer) early = cloud_signed(cloud, "AKA", "SKA", NULL, scoped, 16 * 60, "GET", LIST, NULL);
    assert_answer(&early, 401, "APIGW.0301");
    g_auto(Answer) within = cloud_signed(cloud, "AKA", "SKA", NULL, scoped, -14 * 60, "GET", LIST, NULL);
    assert_int_equal(within.status, 200);
    g_auto(Answer) wrong = cloud_signed(cloud, "AKA", "SKR", NULL, scoped, 0, "GET", LIST, NULL);
    assert_answer(&wrong, 401, "APIGW.0301");
    g_auto(Answer) unknown = cloud_signed(cloud, "AKX", "SKA", NULL, scoped, 0, "GET", LIST, NULL);
    assert_answer(&unknown, 401, "APIGW.0301");
    g_auto(Answer) foreign = cloud_signed(cloud, "AKB", "SKB", NULL, scoped, 0, "GET", LIST, NULL);
    assert_answer(&foreign, 400, "Common.0018");
  }
  cloud->sim->skew_us = -(gint64)HOUR * G_USEC_PER_SEC;
  g_auto(Answer) skewed = cloud_signed(cloud, "AKA", "SKA", NULL, FALSE, 0, "GET", LIST, NULL);
  assert_answer(&skewed, 401, "APIGW.0301");
}

static void least_privilege_is_enforced(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) list = cloud_signed(cloud, "AKR", "SKR", NULL, FALSE, 0, "GET", LIST, NULL);
  assert_int_equal(list.status, 200);
  g_auto(Answer) create =
    cloud_signed(cloud, "AKR", "SKR", NULL, FALSE, 0, "POST", "/evs/v2.1/" ALPHA_PROJECT "/cloudvolumes",
                 "{\"volume\":{\"availability_zone\":\"sim-1a\",\"volume_type\":\"SSD\",\"size\":10}}");
  assert_answer(&create, 403, "EVS.5403");
  g_autofree char *attach = g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s/attachvolume",
                                            cloud_server(cloud, "alpha-1")->id);
  g_auto(Answer) attached =
    cloud_signed(cloud, "AKR", "SKR", NULL, FALSE, 0, "POST", attach,
                 "{\"volumeAttachment\":{\"volumeId\":\"00000000-0000-0000-0000-000000000000\"}}");
  assert_answer(&attached, 403, "Pdp.0001");
}

static Answer temporary_key(Cloud *cloud, const char *body)
{
  return cloud_call(cloud, "POST", "/iam/v3.0/OS-CREDENTIAL/securitytokens", body);
}

static void temporary_keys_need_their_token_and_expire(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) key = temporary_key(
    cloud, "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{\"duration_seconds\":1800}}}}");
  assert_int_equal(key.status, 201);
  const char *ak = answer_text(&key, "credential/access"), *sk = answer_text(&key, "credential/secret");
  const char *token = answer_text(&key, "credential/securitytoken");
  g_auto(Answer) good = cloud_signed(cloud, ak, sk, token, FALSE, 0, "GET", LIST, NULL);
  assert_int_equal(good.status, 200);
  g_auto(Answer) scoped = cloud_signed(cloud, ak, sk, token, TRUE, 0, "GET", LIST, NULL);
  assert_int_equal(scoped.status, 200);
  g_auto(Answer) bare = cloud_signed(cloud, ak, sk, NULL, FALSE, 0, "GET", LIST, NULL);
  assert_answer(&bare, 401, "APIGW.0301");
  g_auto(Answer) wrong = cloud_signed(cloud, ak, sk, "another", FALSE, 0, "GET", LIST, NULL);
  assert_answer(&wrong, 401, "APIGW.0301");
  g_auto(Answer) as_token = with_token(cloud, ak, LIST);
  assert_answer(&as_token, 401, "APIGW.0301");
  cloud_pass(cloud, 1801);
  g_auto(Answer) expired = cloud_signed(cloud, ak, sk, token, FALSE, 0, "GET", LIST, NULL);
  assert_answer(&expired, 401, "APIGW.0301");
  assert_non_null(strstr(expired.message, "expired"));
}

static void lifetime_of_a_temporary_key_is_bounded(void **state)
{
  Cloud *cloud = *state;
  static const char *const refused[] = {"899", "86401", "\"1800\"", "-1"};
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *body = g_strdup_printf(
      "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{\"duration_seconds\":%s}}}}", refused[i]);
    g_auto(Answer) answer = temporary_key(cloud, body);
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(answer.message, "900 to 86400"));
  }
  g_auto(Answer) plain = temporary_key(cloud, "{\"auth\":{\"identity\":{\"methods\":[\"token\"]}}}");
  assert_int_equal(plain.status, 201);
  cloud_pass(cloud, 899);
  g_auto(Answer) good =
    cloud_signed(cloud, answer_text(&plain, "credential/access"), answer_text(&plain, "credential/secret"),
                 answer_text(&plain, "credential/securitytoken"), FALSE, 0, "GET", LIST, NULL);
  assert_int_equal(good.status, 200);
}

static void agency_is_assumed_and_has_its_own_rights(void **state)
{
  Cloud *cloud = *state;
  static const char body[] = "{\"auth\":{\"identity\":{\"methods\":[\"assume_role\"],\"assume_role\":"
                             "{\"domain_name\":\"alpha\",\"agency_name\":\"node\"}},"
                             "\"scope\":{\"project\":{\"name\":\"sim-1\"}}}}";
  g_auto(Answer) token = cloud_call(cloud, "POST", "/iam/v3/auth/tokens", body);
  assert_int_equal(token.status, 201);
  g_auto(Answer) list = with_token(cloud, token.token, LIST);
  assert_answer(&list, 403, "EVS.5403");
  g_autofree char *server =
    g_strconcat("/ecs/v1/" ALPHA_PROJECT "/cloudservers/", cloud_server(cloud, "alpha-1")->id, NULL);
  g_auto(Answer) detail = with_token(cloud, token.token, server);
  assert_int_equal(detail.status, 200);
  g_auto(Answer) nobody = cloud_request(cloud, "POST", "/iam/v3/auth/tokens", body, NULL);
  assert_int_equal(nobody.status, 401);
  g_autofree char *reader = cloud_login(cloud, "reader");
  const char *const headers[] = {"X-Auth-Token", reader, NULL};
  g_auto(Answer) refused = cloud_request(cloud, "POST", "/iam/v3/auth/tokens", body, headers);
  assert_int_equal(refused.status, 403);
}

static void start_up_calls_of_clients_are_served(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) catalog = cloud_call(cloud, "GET", "/iam/v3/auth/catalog", NULL);
  assert_int_equal(catalog.status, 200);
  assert_string_equal(answer_text(&catalog, "catalog/3/endpoints/0/url"),
                      "http://sim.test/evs/v2/" ALPHA_PROJECT);
  g_auto(Answer) domains = cloud_call(cloud, "GET", "/iam/v3/auth/domains", NULL);
  assert_string_equal(answer_text(&domains, "domains/0/name"), "alpha");
  g_auto(Answer) versions = cloud_request(cloud, "GET", "/iam/", NULL, NULL);
  assert_int_equal(versions.status, 300);
  g_auto(Answer) projects =
    cloud_signed(cloud, "AKA", "SKA", NULL, TRUE, 0, "GET", "/iam/v3/projects?name=sim-1", NULL);
  assert_string_equal(answer_text(&projects, "projects/0/domain_id"), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

/* --- metadata service --- */

static Answer metadata(Cloud *cloud, const char *method, const char *server, const char *path,
                       const char *const *headers)
{
  g_autofree char *target = g_strdup_printf("/meta/%s/%s", cloud_server(cloud, server)->id, path);
  return cloud_request(cloud, method, target, NULL, headers);
}

#define DATA "openstack/latest/meta_data.json"
#define KEY "openstack/latest/securitykey"
#define SESSION "meta-data/latest/api/token"

static void metadata_tells_who_the_server_is(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) data = metadata(cloud, "GET", "far", DATA, NULL);
  assert_int_equal(data.status, 200);
  assert_string_equal(answer_text(&data, "uuid"), cloud_server(cloud, "far")->id);
  assert_string_equal(answer_text(&data, "availability_zone"), "sim-1b");
  assert_string_equal(answer_text(&data, "project_id"), ALPHA_PROJECT);
  assert_string_equal(answer_text(&data, "region_id"), "sim-1");
  g_auto(Answer) unknown =
    cloud_request(cloud, "GET", "/meta/00000000-0000-0000-0000-000000000000/" DATA, NULL, NULL);
  assert_int_equal(unknown.status, 404);
  static const char *const forwarded[] = {"X-Forwarded-For", "10.0.0.1", NULL};
  g_auto(Answer) refused = metadata(cloud, "GET", "far", DATA, forwarded);
  assert_int_equal(refused.status, 403);
}

static void session_tokens_are_checked_when_sent_or_demanded(void **state)
{
  Cloud *cloud = *state;
  static const char *const lifetime[] = {"X-Metadata-Token-Ttl-Seconds", "60", NULL};
  g_auto(Answer) session = metadata(cloud, "PUT", "alpha-1", SESSION, lifetime);
  assert_int_equal(session.status, 200);
  const char *const with[] = {"X-Metadata-Token", session.message, NULL};
  g_auto(Answer) good = metadata(cloud, "GET", "alpha-1", DATA, with);
  assert_int_equal(good.status, 200);
  g_auto(Answer) of_another = metadata(cloud, "GET", "alpha-2", DATA, with);
  assert_int_equal(of_another.status, 401);

  g_autofree char *options = g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s/metadata-options",
                                             cloud_server(cloud, "alpha-1")->id);
  g_auto(Answer) required = cloud_call(cloud, "PUT", options, "{\"http_tokens\":\"required\"}");
  assert_int_equal(required.status, 200);
  cloud_restart(cloud);
  g_auto(Answer) without = metadata(cloud, "GET", "alpha-1", DATA, NULL);
  assert_int_equal(without.status, 401);
  g_auto(Answer) again = metadata(cloud, "PUT", "alpha-1", SESSION, lifetime);
  const char *const fresh[] = {"X-Metadata-Token", again.message, NULL};
  g_auto(Answer) renewed = metadata(cloud, "GET", "alpha-1", DATA, fresh);
  assert_int_equal(renewed.status, 200);
  cloud_pass(cloud, 61);
  g_auto(Answer) expired = metadata(cloud, "GET", "alpha-1", DATA, fresh);
  assert_int_equal(expired.status, 401);
  static const char *const too_short[] = {"X-Metadata-Token-Ttl-Seconds", "59", NULL};
  g_auto(Answer) refused = metadata(cloud, "PUT", "alpha-1", SESSION, too_short);
  assert_int_equal(refused.status, 400);
}

static void agency_keys_of_a_server_work_and_are_renewed(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) none = metadata(cloud, "GET", "bare", KEY, NULL);
  assert_int_equal(none.status, 401);
  assert_non_null(strstr(none.message, "Please configure Cloud Service Agency first"));

  g_auto(Answer) first = metadata(cloud, "GET", "alpha-1", KEY, NULL);
  assert_int_equal(first.status, 200);
  const char *ak = answer_text(&first, "credential/access"), *sk = answer_text(&first, "credential/secret");
  const char *token = answer_text(&first, "credential/securitytoken");
  g_autofree char *server =
    g_strconcat("/ecs/v1/" ALPHA_PROJECT "/cloudservers/", cloud_server(cloud, "alpha-1")->id, NULL);
  g_auto(Answer) used = cloud_signed(cloud, ak, sk, token, FALSE, 0, "GET", server, NULL);
  assert_int_equal(used.status, 200);
  g_auto(Answer) beyond = cloud_signed(cloud, ak, sk, token, FALSE, 0, "GET", LIST, NULL);
  assert_answer(&beyond, 403, "EVS.5403");

  cloud_pass(cloud, 17 * HOUR);
  g_auto(Answer) same = metadata(cloud, "GET", "alpha-1", KEY, NULL);
  assert_string_equal(answer_text(&same, "credential/access"), ak);
  cloud_pass(cloud, 2 * HOUR);
  g_auto(Answer) fresh = metadata(cloud, "GET", "alpha-1", KEY, NULL);
  assert_string_not_equal(answer_text(&fresh, "credential/access"), ak);
  g_auto(Answer) old_works = cloud_signed(cloud, ak, sk, token, FALSE, 0, "GET", server, NULL);
  assert_int_equal(old_works.status, 200);
  cloud_pass(cloud, 6 * HOUR);
  g_auto(Answer) old_expired = cloud_signed(cloud, ak, sk, token, FALSE, 0, "GET", server, NULL);
  assert_answer(&old_expired, 401, "APIGW.0301");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  static const struct CMUnitTest tests[] = {
    cmocka_unit_test(actions_match_with_wildcards),
    TEST(password_token_opens_its_project),
    TEST(bad_logins_are_refused),
    TEST(what_is_no_credential_is_refused),
    TEST(tokens_expire_after_a_day_and_survive_a_restart),
    TEST(token_of_the_domain_opens_no_project),
    TEST(both_signature_forms_open_the_cloud),
    TEST(least_privilege_is_enforced),
    TEST(temporary_keys_need_their_token_and_expire),
    TEST(lifetime_of_a_temporary_key_is_bounded),
    TEST(agency_is_assumed_and_has_its_own_rights),
    TEST(start_up_calls_of_clients_are_served),
    TEST(metadata_tells_who_the_server_is),
    TEST(session_tokens_are_checked_when_sent_or_demanded),
    TEST(agency_keys_of_a_server_work_and_are_renewed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
