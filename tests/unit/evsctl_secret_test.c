/* evsctl/secret_filter.c: what is taken out, in all forms in which it turns up, and what stays. */
#include "evsctl/secret_filter.h"

#include "tests/unit/cmocka_all.h"

#include <string.h>

static char *filtered(const SecretFilter *filter, const char *text)
{
  return secret_filter_apply(filter, text, strlen(text));
}

static void secrets_by_their_names_and_forms(void **state)
{
  (void)state;
  static const char *const texts[] = {
    "password=PLANTED",
    "PASSWORD: PLANTED",
    "user=x;passwd=PLANTED;y=z",
    "{\"password\":\"PLANTED\"}",
    "{\"db-password\" : \"PLANTED \\\"quoted\\\" PLANTED\"}",
    "{'secret': 'PLANTED'}",
    "{\"msg\":\"sent {\\\"auth_key\\\":\\\"PLANTED\\\"} to\"}",
    "{\"msg\":\"sent {\\\\\\\"auth_key\\\\\\\":\\\\\\\"PLANTED\\\\\\\"} to\"}",
    "\"secrets\":{\"a\":\"PLANTED\",\"b\":\"PLANTED\"}",
    "node_stage_secrets: {\"a\":\"PLANTED\"}",
    "X-Auth-Token: PLANTED more PLANTED",
    "x-subject-token=PLANTED",
    "X-Security-Token:PLANTED",
    "Authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=PLANTED",
    "{\"authorization\":\"Bearer PLANTED\"}",
    "Cookie: a=PLANTED; b=PLANTED",
    "GET /v2/x?auth_key=PLANTED&limit=1",
    "https://user:PLANTED@proxy.test:3128/",
    "http://PLANTED@host/",
    "-----BEGIN RSA PRIVATE KEY-----\nPLANTED\nPLANTED\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nPLANTED (cut off)",
    "bearer eyJhbGciOiJIUzI1NiJ9.UExBTlRFRA-PLANTED.c2lnbmF0dXJl",
    "gAAAAABPLANTEDPLANTEDPLANTEDPLANTED",
    "secret-key = PLANTED",
    "token: \"PLANTED\"",
    "api_key=PLANTED",
    "\"pin_token\": 4711PLANTED",
  };
  g_autoptr(SecretFilter) filter = secret_filter_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *shown = filtered(filter, texts[i]);
    if (strstr(shown, "PLANTED") || !strstr(shown, "***"))
      fail_msg("'%s' became '%s'", texts[i], shown);
  }
}

static void secrets_of_the_config_wherever_they_stand(void **state)
{
  (void)state;
  const EvsConfig config = {.secret_key = (char *)"s3cr+t/Key", .password = (char *)"hunter22"};
  static const char *const texts[] = {"odd s3cr+t/Key text", "q=s3cr%2Bt%2FKey",
                                      "czNjcit0L0tleQ==", "xhunter22y", "aHVudGVyMjI="};
  g_autoptr(SecretFilter) filter = secret_filter_new(&config);
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *shown = filtered(filter, texts[i]);
    if (!strstr(shown, "***"))
      fail_msg("'%s' became '%s'", texts[i], shown);
  }
}

static void what_is_no_secret_stays(void **state)
{
  (void)state;
  static const char *const texts[] = {
    "{\"level\":\"info\",\"msg\":\"audit\",\"disk\":\"5f8de1a2-0000-4000-8000-000000000001\",\"status\":200}",
    "evs_cloud_calls_total{operation=\"6.1.1\",code=\"202\"} 5\n# HELP evs_build_info version\n",
    "\"evs.csi.huaweicloud.com/name-sha256\": \"0123456789abcdef\"",
    "https://evs.cn-north-4.myhuaweicloud.com/v2/x?limit=1&name=a@b",
    "the token has ended and the password was right\n",
    "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----",
  };
  g_autoptr(SecretFilter) filter = secret_filter_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *shown = filtered(filter, texts[i]);
    assert_string_equal(shown, texts[i]);
  }
}

static void long_and_broken_text_is_no_trouble(void **state)
{
  (void)state;
  enum { LENGTH = 4 << 20 };
  g_autoptr(SecretFilter) filter = secret_filter_new(NULL);
  g_autofree char *many = g_strnfill(LENGTH, 'a');
  g_autofree char *cut = g_strconcat(many, "\xff\n\"password\":\"PLANTED", NULL);
  g_autofree char *shown = filtered(filter, cut);
  assert_null(strstr(shown, "PLANTED"));
  assert_true(strlen(shown) > LENGTH);
  g_autofree char *quoted = g_strconcat("\"password\":\"", many, "\"", NULL);
  g_autofree char *hidden = filtered(filter, quoted);
  assert_string_equal(hidden, "\"password\":\"***\"");
  g_autofree char *zero = secret_filter_apply(filter, "a\0b", 3);
  assert_true(g_utf8_validate(zero, -1, NULL));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(secrets_by_their_names_and_forms),
    cmocka_unit_test(secrets_of_the_config_wherever_they_stand),
    cmocka_unit_test(what_is_no_secret_stays),
    cmocka_unit_test(long_and_broken_text_is_no_trouble),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
