/* evsclient/config.c and ini.c: what loads, and what every bad form is answered with. */
#include "evsclient/config.h"

#include "base/error.h"

#include "tests/unit/cmocka_all.h"

#define SECRET "s3cr3t-Value"
#define KEYS "access-key = AK1\nsecret-key = " SECRET "\n"

static EvsConfig *parse(const char *text)
{
  g_autoptr(GError) error = NULL;
  EvsConfig *config = evs_config_parse(text, "cloud.conf", &error);
  assert_null(error);
  assert_non_null(config);
  return config;
}

static void assert_refused(const char *text, const char *expected)
{
  g_autoptr(GError) error = NULL;
  assert_null(evs_config_parse(text, "cloud.conf", &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  if (!strstr(error->message, expected))
    fail_msg("'%s' lacks '%s'", error->message, expected);
  assert_null(strstr(error->message, SECRET));
}

static void test_defaults(void **state)
{
  (void)state;
  g_autoptr(EvsConfig) config = parse("[Global]\nregion = cn-north-4\n" KEYS);
  assert_int_equal(config->auth, EVS_AUTH_AKSK);
  assert_string_equal(config->cloud, "myhuaweicloud.com");
  assert_string_equal(config->access_key, "AK1");
  assert_string_equal(config->secret_key, SECRET);
  assert_string_equal(config->endpoint_evs, "https://evs.cn-north-4.myhuaweicloud.com");
  assert_string_equal(config->endpoint_ecs, "https://ecs.cn-north-4.myhuaweicloud.com");
  assert_string_equal(config->endpoint_iam, "https://iam.cn-north-4.myhuaweicloud.com");
  assert_string_equal(config->metadata_url, "http://169.254.169.254");
  assert_null(config->project_id);
  assert_false(config->insecure);
}

static void test_file_of_the_go_driver(void **state)
{
  (void)state;
  g_autoptr(EvsConfig) config =
    parse("\xef\xbb\xbf; made for the other driver\n[global]\r\nRegion=\"eu-west-0\" ; zone\r\n"
          "access-key=AK1\nsecret-key=\"" SECRET "\"\n"
          "project-id=0f1e2d3c4b5a69788796a5b4c3d2e1f0\ncloud=prod-cloud-ocb.orange-business.com\n"
          "auth-url=https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3/\nidc=true\ninsecure=true\n"
          "[Vpc]\nid=anything\nsubnet-id=too\n");
  assert_string_equal(config->region, "eu-west-0");
  assert_string_equal(config->secret_key, SECRET);
  assert_string_equal(config->endpoint_iam, "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com");
  assert_string_equal(config->project_id, "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
  assert_true(config->insecure);
}

static void test_quotes_and_comments(void **state)
{
  (void)state;
  g_autoptr(EvsConfig) config =
    parse("[Global]\nregion = r1 # here\nauth = password\nuser-name = u\ndomain-name = d\n"
          "password = \"a#b;c \\\"q\\\" \\\\\" # not part\nproject-name = p#1\n");
  assert_string_equal(config->region, "r1");
  assert_string_equal(config->password, "a#b;c \"q\" \\");
  assert_string_equal(config->project_name, "p#1");
}

static void test_plain_http(void **state)
{
  (void)state;
  g_autoptr(EvsConfig) config =
    parse("[Global]\nregion = r\n" KEYS
          "endpoint-evs = http://127.0.0.1:8080/evs/\nendpoint-ecs = http://[::1]:80\n"
          "endpoint-iam = http://localhost\nmetadata-url = http://127.0.0.1:1/meta/x\n");
  assert_string_equal(config->endpoint_evs, "http://127.0.0.1:8080/evs");
  assert_refused("[Global]\nregion = r\n" KEYS "endpoint-evs = http://example.com\n",
                 "'endpoint-evs' is plain http");
  assert_refused("[Global]\nregion = r\n" KEYS "auth-url = http://example.com/v3\n",
                 "'auth-url' is plain http");
  assert_refused("[Global]\nregion = r\n" KEYS "metadata-url = http://example.com\n",
                 "'metadata-url' is plain http");
  g_autoptr(EvsConfig) allowed =
    parse("[Global]\nregion = r\nallow-http = true\n" KEYS "endpoint-evs = http://example.com\n");
  assert_true(allowed->allow_http);
}

static void test_refused(void **state)
{
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
    {"", "'region' is missing"},
    {"[Global]\nregion = r\nsecret-key = " SECRET "\n", "'access-key' is missing"},
    {"[Global]\nregion = r\naccess-key = AK1\n", "'secret-key' is missing"},
    {"[Global]\n" KEYS, "'region' is missing"},
    {"[Global]\nregion = r\nauth = password\nuser-name = u\ndomain-name = d\n", "'password' is missing"},
    {"[Global]\nregion = r\nauth = password\npassword = " SECRET "\ndomain-name = d\n",
     "'user-name' is missing"},
    {"[Global]\nregion = r\nauth = password\npassword = " SECRET "\nuser-name = u\n",
     "'domain-name' is missing"},
    {"[Global]\nregion = r\nauth = magic\n" KEYS, "line 3: 'auth' must be aksk, password or agency"},
    {"[Global]\nregion = r\ninsecure = maybe\n" KEYS, "line 3: 'insecure' must be true or false"},
    {"[Global]\nregion = r\nregion = q\n" KEYS, "line 3: 'region' is given twice"},
    {"[Global]\nregion = r\nsecrets = " SECRET "\n" KEYS,
     "line 3: unknown key 'secrets', accepted are region, cloud"},
    {"[Globl]\nregion = r\n" KEYS, "line 2: unknown section 'Globl', accepted are Global and Vpc"},
    {"region = r\n", "line 1: a key before the first [Section]"},
    {"[Global\nregion = r\n", "line 1: a section is written [Name]"},
    {"[Global] x\n", "line 1: a section is written [Name]"},
    {"[Global]\n" SECRET "\n", "line 2: neither a [Section], a comment nor 'key = value'"},
    {"[Global]\nsecret-key = \"" SECRET "\n", "line 2: the quoted value does not end"},
    {"[Global]\nsecret-key = \"" SECRET "\" " SECRET "\n", "line 2: only a comment may follow"},
    {"[Global]\nregion = a/b\n" KEYS, "'region' must be letters, digits"},
    {"[Global]\nregion = r\ncloud = a b\n" KEYS, "'cloud' must be letters, digits"},
    {"[Global]\nregion = r\nproject-id = 12\n" KEYS, "'project-id' must be 32 hexadecimal digits"},
    {"[Global]\nregion = r\nendpoint-evs = evs.example.com\n" KEYS, "'endpoint-evs' must be a URL"},
    {"[Global]\nregion = r\nendpoint-evs = ftp://example.com\n" KEYS, "'endpoint-evs' must be a URL"},
    {"[Global]\nregion = r\nendpoint-evs = https://u:" SECRET "@h\n" KEYS, "'endpoint-evs' must be a URL"},
    {"[Global]\nregion = r\nendpoint-evs = https://h/?a=" SECRET "\n" KEYS, "'endpoint-evs' must be a URL"},
    {"[Global]\nregion = r\nendpoint-evs = http://127.example.com\n" KEYS, "'endpoint-evs' is plain http"},
    {"[Global]\nregion = r\nmetadata-url = http://169.254.example.com\n" KEYS,
     "'metadata-url' is plain http"},
    {"[Global]\nregion = r\nca-file = /nonexistent/ca.pem\n" KEYS, "'ca-file' cannot be read: No such file"},
    {"[Global]\nregion = r\nproxy = u:" SECRET "@host\n" KEYS, "'proxy' must be a URL with http, https"},
    {"[Global]\nregion = r\naccess-key = A B\nsecret-key = x\n", "'access-key' must be"},
    {"[Global]\nregion = r\naccess-key = A\nsecret-key = " SECRET "\x01\n",
     "line 4: 'secret-key' must be text"},
    {"[Global]\nregion = r\naccess-key = A\nsecret-key = " SECRET "\xff\n",
     "line 4: 'secret-key' must be text"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    assert_refused(cases[i].text, cases[i].expected);
}

static void test_long_line(void **state)
{
  (void)state;
  g_autofree char *filler = g_strnfill(20000, 'x');
  g_autofree char *text = g_strconcat("[Global]\nregion = ", filler, "\n", NULL);
  assert_refused(text, "line 2: the line is longer than 16384 bytes");
}

static void test_files(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  assert_null(evs_config_load("/nonexistent/cloud.conf", &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  g_clear_error(&error);
  g_autofree char *directory = g_dir_make_tmp("evs-config-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(directory, "cloud.conf", NULL);
  assert_true(g_file_set_contents(path, "[Global]\nregion = r\n" KEYS, -1, NULL));
  g_autoptr(EvsConfig) config = evs_config_load(path, &error);
  assert_non_null(config);
  assert_true(g_file_set_contents(path, "[Glo\0bal]\n", 10, NULL));
  assert_null(evs_config_load(path, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  unlink(path);
  rmdir(directory);
}

static void test_copy_is_deep(void **state)
{
  (void)state;
  EvsConfig *config = parse("[Global]\nregion = r\nproxy = http://p:1\n" KEYS);
  g_autoptr(EvsConfig) copy = evs_config_copy(config);
  evs_config_free(config);
  assert_string_equal(copy->secret_key, SECRET);
  assert_string_equal(copy->proxy, "http://p:1");
  assert_string_equal(copy->endpoint_evs, "https://evs.r.myhuaweicloud.com");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_defaults),
    cmocka_unit_test(test_file_of_the_go_driver),
    cmocka_unit_test(test_quotes_and_comments),
    cmocka_unit_test(test_plain_http),
    cmocka_unit_test(test_refused),
    cmocka_unit_test(test_long_line),
    cmocka_unit_test(test_files),
    cmocka_unit_test(test_copy_is_deep),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
