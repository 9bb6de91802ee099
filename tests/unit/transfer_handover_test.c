/* transfer/handover*.c: the file that hands a disk over. */
#include "transfer/handover.h"

#include "base/clock.h"
#include "base/text.h"
#include "evsclient/json.h"
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#define TRANSFER "11111111-2222-4333-8444-555555555555"
#define OTHER "99999999-2222-4333-8444-555555555555"
#define VOLUME "b104b8db-170d-441b-897a-3c8ba9c5a214"
#define KEY "9266c59563c84664"
#define CREATED_US ((gint64)1700000000 * G_USEC_PER_SEC)
#define EXPIRES_US (CREATED_US + (gint64)24 * 3600 * G_USEC_PER_SEC)

static Handover *sample(void)
{
  Handover *handover = g_new0(Handover, 1);
  *handover = (Handover){.transfer_id = g_strdup(TRANSFER),
                         .auth_key = g_strdup(KEY),
                         .volume_id = g_strdup(VOLUME),
                         .volume_type = g_strdup("SSD"),
                         .availability_zone = g_strdup("sim-1a"),
                         .region = g_strdup("sim-1"),
                         .project_id = g_strdup("0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
                         .cluster = g_strdup("prod"),
                         .driver = g_strdup("evs.csi.huaweicloud.com"),
                         .size_gib = 10,
                         .fs_type = g_strdup("ext4"),
                         .volume_mode = g_strdup("Filesystem"),
                         .pv_name = g_strdup("pvc-1"),
                         .pvc_name = g_strdup("data"),
                         .pvc_namespace = g_strdup("shop"),
                         .to = g_strdup("team b \"x\" ü"),
                         .created_wall_us = CREATED_US,
                         .expires_wall_us = EXPIRES_US};
  handover->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(handover->labels, g_strdup("app"), g_strdup("db"));
  return handover;
}

static char *write_sample(const char *passphrase)
{
  g_autoptr(Handover) handover = sample();
  char *text = handover_write(handover, passphrase, NULL);
  assert_non_null(text);
  return text;
}

static void assert_is_sample(const Handover *handover)
{
  g_autoptr(Handover) wanted = sample();
  char *a = handover_write(handover, NULL, NULL), *b = handover_write(wanted, NULL, NULL);
  assert_string_equal(a, b);
  assert_string_equal(handover->auth_key, KEY);
  assert_int_equal(handover->expires_wall_us, EXPIRES_US);
  assert_string_equal(g_hash_table_lookup(handover->labels, "app"), "db");
  handover_text_free(a);
  handover_text_free(b);
}

static void assert_refused(const char *text, const char *passphrase, const char *why)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Handover) handover = handover_read(text, strlen(text), passphrase, &error);
  assert_null(handover);
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  if (!strstr(error->message, why))
    fail_msg("'%s' is not in '%s'", why, error->message);
  assert_null(strstr(error->message, KEY));
}

static void test_round_trip(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  char *text = write_sample(NULL);
  assert_false(handover_is_encrypted(text, strlen(text)));
  assert_non_null(strstr(text, "\"created\":\"2023-11-14T22:13:20.000Z\""));
  g_autoptr(Handover) handover = handover_read(text, strlen(text), "not needed", &error);
  assert_null(error);
  assert_is_sample(handover);
  handover_text_free(text);
}

/* Only what must be known. */
static void test_least(void **state)
{
  (void)state;
  Handover least = {.transfer_id = (char *)TRANSFER,
                    .auth_key = (char *)KEY,
                    .volume_id = (char *)VOLUME,
                    .volume_type = (char *)"SSD",
                    .availability_zone = (char *)"a",
                    .project_id = (char *)"p",
                    .volume_mode = (char *)"Block",
                    .size_gib = 1,
                    .created_wall_us = CREATED_US,
                    .expires_wall_us = EXPIRES_US};
  g_autoptr(GError) error = NULL;
  char *text = handover_write(&least, NULL, &error);
  assert_null(error);
  assert_null(strstr(text, "labels"));
  g_autoptr(Handover) handover = handover_read(text, strlen(text), NULL, &error);
  assert_null(error);
  assert_string_equal(handover->cluster, "");
  assert_string_equal(handover->pv_name, "");
  assert_int_equal(g_hash_table_size(handover->labels), 0);
  handover_text_free(text);
}

/* The text with one member set to this JSON (NULL: taken away), and, unless kept, a fitting checksum. */
static char *changed(const char *member, const char *json, gboolean keep_checksum)
{
  char *text = write_sample(NULL);
  json_t *object = json_loads(text, 0, NULL);
  handover_text_free(text);
  if (json)
    json_object_set_new(object, member, json_loads(json, JSON_DECODE_ANY, NULL));
  else
    json_object_del(object, member);
  if (!keep_checksum) {
    json_object_del(object, "checksum");
    g_autofree char *canonical = evs_json_write(json_incref(object)), *sum = text_sha256(canonical);
    json_object_set_new(object, "checksum", json_string(sum));
  }
  return evs_json_write(object);
}

static void test_wrong_members(void **state)
{
  (void)state;
  static const struct {
    const char *member, *json, *why;
  } cases[] = {
    {"format", "2", "member 'format' is not valid; accepted: 1"},
    {"format", NULL, "member 'format' is missing"},
    {"transfer_id", "\"x\"", "member 'transfer_id' is not valid; accepted: a UUID"},
    {"transfer_id", "7", "member 'transfer_id' is not valid"},
    {"transfer_id", NULL, "member 'transfer_id' is missing; accepted: a UUID"},
    {"auth_key", NULL, "member 'auth_key' is missing; accepted: text of 1 to 255 characters"},
    {"auth_key", "\"9266c59563c84664 x\"", "member 'auth_key' is not valid"},
    {"auth_key", "\"9266c59563c84664\\n\"", "member 'auth_key' is not valid"},
    {"volume_id", "\"../../x\"", "member 'volume_id' is not valid; accepted: a UUID"},
    {"size_gib", "0", "member 'size_gib' is not valid; accepted: a whole number of GiB from 1 to 32768"},
    {"size_gib", "32769", "member 'size_gib' is not valid"},
    {"size_gib", "-1", "member 'size_gib' is not valid"},
    {"size_gib", "\"10\"", "member 'size_gib' is not valid"},
    {"size_gib", NULL, "member 'size_gib' is missing"},
    {"volume_type", NULL, "member 'volume_type' is missing"},
    {"volume_type", "\"a\\u0001\"", "member 'volume_type' is not valid; accepted: text of at most 253 bytes"},
    {"availability_zone", "null", "member 'availability_zone' is not valid"},
    {"project_id", NULL, "member 'project_id' is missing"},
    {"volume_mode", "\"File\"", "member 'volume_mode' is not valid; accepted: Filesystem, Block"},
    {"labels", "[]", "member 'labels' is not valid; accepted: at most 64 members of text"},
    {"labels", "{\"a\":1}", "member 'labels' is not valid"},
    {"created", "\"yesterday\"", "member 'created' is not valid; accepted: a time such as"},
    {"expires", "7", "member 'expires' is not valid; accepted: a time such as"},
    {"expires", "\"2023-11-14T22:13:20Z\"",
     "member 'expires' is not valid; accepted: a time after 'created'"},
    {"colour", "\"red\"", "member 'colour' is unknown in format 1"},
    {"a\nb", "1", "handover: a member is unknown in format 1"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = changed(cases[i].member, cases[i].json, FALSE);
    assert_refused(text, NULL, cases[i].why);
  }
}

static void test_changed_text(void **state)
{
  (void)state;
  g_autofree char *other_disk = changed("volume_id", "\"" OTHER "\"", TRUE);
  g_autofree char *without = changed("checksum", NULL, TRUE);
  g_autofree char *sum_of_no_text = changed("checksum", "7", TRUE);
  assert_refused(other_disk, NULL, "member 'checksum' is not that of the others");
  assert_refused(without, NULL, "member 'checksum' is missing");
  assert_refused(sum_of_no_text, NULL, "member 'checksum' is not that of the others");
  assert_refused("", NULL, "not a JSON object");
  assert_refused("[]", NULL, "not a JSON object");
  assert_refused("{}", NULL, "member 'format' is missing");
  g_autofree char *cut = write_sample(NULL);
  cut[strlen(cut) - 1] = '\0';
  assert_refused(cut, NULL, "not a JSON object");
}

/* Whatever becomes of the text: it is refused with a readable error, or says what it said. */
static void test_any_change(void **state)
{
  enum { CHANGES = 3000 };
  (void)state;
  GRand *random = g_rand_new_with_seed(5);
  char *text = write_sample(NULL);
  const gsize length = strlen(text);
  for (int i = 0; i < CHANGES; i++) {
    gsize at = (gsize)g_rand_int_range(random, 0, (gint32)length);
    g_autoptr(GString) other = g_string_new_len(text, (gssize)length);
    if (i % 3 == 0)
      g_string_insert_c(other, (gssize)at, (char)g_rand_int_range(random, 0, 256));
    else if (i % 3 == 1)
      g_string_erase(other, (gssize)at, 1);
    else
      other->str[at] = (char)g_rand_int_range(random, 0, 256);
    g_autoptr(GError) error = NULL;
    g_autoptr(Handover) handover = handover_read(other->str, other->len, NULL, &error);
    if (handover) {
      assert_is_sample(handover);
      continue;
    }
    assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
    assert_true(text_is_printable(error->message));
  }
  handover_text_free(text);
  g_rand_free(random);
}

static void test_too_large(void **state)
{
  (void)state;
  g_autofree char *blanks = g_strnfill(HANDOVER_MAX_BYTES, ' ');
  g_autofree char *text = g_strconcat("{}", blanks, NULL);
  assert_refused(text, NULL, "longer than 65536 bytes");
  assert_false(handover_is_encrypted(text, strlen(text)));

  g_autoptr(Handover) handover = sample();
  g_autoptr(GError) error = NULL;
  for (int i = 0; i < HANDOVER_MAX_LABELS; i++)
    g_hash_table_insert(handover->labels, g_strdup_printf("k%d", i), g_strdup("v"));
  assert_null(handover_write(handover, NULL, &error));
  assert_non_null(strstr(error->message, "member 'labels' is not valid; accepted: at most 64"));
  g_clear_error(&error);
  g_hash_table_remove_all(handover->labels);
  g_autofree char *long_text = g_strnfill(300, '"'); /* two bytes each in JSON */
  for (int i = 0; i < HANDOVER_MAX_LABELS; i++)
    g_hash_table_insert(handover->labels, g_strdup_printf("%d%s", i, long_text), g_strdup(long_text));
  assert_null(handover_write(handover, NULL, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  assert_non_null(strstr(error->message, "longer than 65536 bytes"));
}

static void test_passphrase(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  char *text = write_sample("correct horse");
  assert_true(handover_is_encrypted(text, strlen(text)));
  assert_null(strstr(text, KEY));
  assert_null(strstr(text, VOLUME));
  g_autoptr(Handover) handover = handover_read(text, strlen(text), "correct horse", &error);
  assert_null(error);
  assert_is_sample(handover);
  assert_refused(text, "wrong", "the passphrase is wrong, or the text was changed");
  assert_refused(text, NULL, "the passphrase of the handover is missing: it is encrypted");
  assert_refused(text, "", "the passphrase of the handover is empty or too long; accepted: 1 to 1024 bytes");

  static const struct {
    const char *member, *json, *why;
  } cases[] = {
    {"encrypted", "\"rot13\"", "member 'encrypted' is not valid; accepted: scrypt-aes-256-gcm"},
    {"salt", "\"AAAA\"", "member 'salt' is not valid; accepted: base64 of 16 bytes"},
    {"salt", "\"AAAAAAAAAAAAAAAAAAAAAA==\"", "the passphrase is wrong, or the text was changed"},
    {"nonce", NULL, "member 'nonce' is not valid; accepted: base64 of 12 bytes"},
    {"text", "\"AAAA\"", "member 'text' is not valid; accepted: base64"},
    {"text", "\"!!\"", "member 'text' is not valid; accepted: base64"},
    {"text", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "the text was changed"},
    {"hint", "\"x\"", "member 'hint' is unknown in format 1"},
    {"format", "3", "member 'format' is not valid"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    json_t *object = json_loads(text, 0, NULL);
    if (cases[i].json)
      json_object_set_new(object, cases[i].member, json_loads(cases[i].json, JSON_DECODE_ANY, NULL));
    else
      json_object_del(object, cases[i].member);
    g_autofree char *other = evs_json_write(object);
    assert_refused(other, "correct horse", cases[i].why);
  }
  handover_text_free(text);
}

/* Each writing is another text: salt and nonce are new. */
static void test_salt(void **state)
{
  (void)state;
  char *a = write_sample("p"), *b = write_sample("p");
  assert_string_not_equal(a, b);
  handover_text_free(a);
  handover_text_free(b);
}

static void test_wiped_key(void **state)
{
  (void)state;
  g_autoptr(Handover) handover = sample();
  static const char nothing[sizeof KEY];
  handover_wipe_key(handover);
  assert_memory_equal(handover->auth_key, nothing, sizeof KEY);
  assert_null(handover_write(handover, NULL, NULL));
}

static void test_expiry(void **state)
{
  (void)state;
  g_autoptr(Handover) handover = sample();
  g_autoptr(GError) error = NULL;
  assert_true(handover_check_expiry(handover, EXPIRES_US - 1, &error));
  assert_false(handover_check_expiry(handover, EXPIRES_US, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_non_null(strstr(error->message, "expired at 2023-11-15T22:13:20.000Z"));
  assert_non_null(strstr(evs_error_remedy(error), "ask the sender for a new one"));
}

/* ---- files ---- */

typedef struct {
  char *directory, *path;
} Place;

static int place_setup(void **state)
{
  Place *place = g_new0(Place, 1);
  place->directory = g_dir_make_tmp("handover-XXXXXX", NULL);
  place->path = g_build_filename(place->directory, "disk.json", NULL);
  *state = place;
  return 0;
}

static guint count_files(const Place *place)
{
  GDir *directory = g_dir_open(place->directory, 0, NULL);
  guint count = 0;
  while (g_dir_read_name(directory))
    count++;
  g_dir_close(directory);
  return count;
}

static int place_teardown(void **state)
{
  Place *place = *state;
  g_unlink(place->path);
  assert_int_equal(g_rmdir(place->directory), 0);
  g_free(place->directory);
  g_free(place->path);
  g_free(place);
  return 0;
}

static void test_save(void **state)
{
  Place *place = *state;
  g_autoptr(Handover) handover = sample();
  g_autoptr(GError) error = NULL;
  mode_t mask = umask(0);
  assert_true(handover_save(handover, place->path, NULL, FALSE, &error));
  umask(mask);
  struct stat status;
  assert_int_equal(stat(place->path, &status), 0);
  assert_int_equal(status.st_mode & 07777, 0600);
  assert_int_equal(count_files(place), 1);
  g_autoptr(Handover) loaded = handover_load(place->path, NULL, &error);
  assert_null(error);
  assert_is_sample(loaded);
}

static void test_replace(void **state)
{
  Place *place = *state;
  g_autoptr(Handover) handover = sample(), other = sample();
  g_free(other->transfer_id);
  other->transfer_id = g_strdup(OTHER);
  g_autoptr(GError) error = NULL;
  assert_true(handover_save(handover, place->path, NULL, FALSE, &error));
  assert_true(handover_save(handover, place->path, NULL, FALSE, &error)); /* the same transfer */
  assert_false(handover_save(other, place->path, NULL, FALSE, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ALREADY_EXISTS);
  assert_non_null(strstr(error->message, "exists already and is the handover of another transfer"));
  g_clear_error(&error);
  assert_true(handover_save(other, place->path, "pass", TRUE, &error));
  assert_false(handover_save(other, place->path, NULL, FALSE, &error));
  assert_non_null(strstr(error->message, "not readable as a handover"));
  g_clear_error(&error);
  assert_true(handover_save(other, place->path, "pass", FALSE, &error));
  g_autoptr(Handover) loaded = handover_load(place->path, "pass", &error);
  assert_null(error);
  assert_string_equal(loaded->transfer_id, OTHER);
  assert_int_equal(count_files(place), 1);
}

static void test_failed_save(void **state)
{
  Place *place = *state;
  g_autoptr(Handover) handover = sample();
  g_autoptr(GError) error = NULL;
  g_autofree char *nowhere = g_build_filename(place->directory, "no", "disk.json", NULL);
  assert_false(handover_save(handover, nowhere, NULL, FALSE, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  assert_non_null(strstr(error->message, "cannot open directory"));
  g_clear_error(&error);
  handover->size_gib = 0;
  assert_false(handover_save(handover, place->path, NULL, FALSE, &error));
  assert_non_null(strstr(error->message, "member 'size_gib' is missing"));
  g_clear_error(&error);
  handover->size_gib = 10;
  assert_int_equal(g_mkdir(place->path, 0700), 0); /* cannot be renamed over */
  assert_false(handover_save(handover, place->path, NULL, TRUE, &error));
  assert_non_null(strstr(error->message, "cannot write handover file 'disk.json'"));
  assert_int_equal(count_files(place), 1);
  assert_int_equal(g_rmdir(place->path), 0);
}

static void test_load_nothing(void **state)
{
  Place *place = *state;
  g_autoptr(GError) error = NULL;
  assert_null(handover_load(place->path, NULL, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  g_clear_error(&error);
  assert_true(g_file_set_contents(place->path, "{}", -1, NULL));
  assert_null(handover_load(place->path, NULL, &error));
  assert_non_null(strstr(error->message, "disk.json': handover: member 'format' is missing"));
}

static void test_names(void **state)
{
  (void)state;
  g_autofree char *name = transfer_name_new(EXPIRES_US), *again = transfer_name_new(EXPIRES_US);
  gint64 expires = 0;
  assert_true(g_str_has_prefix(name, "evscsi-1700086400-"));
  assert_string_not_equal(name, again);
  assert_true(transfer_name_parse(name, &expires));
  assert_int_equal(expires, EXPIRES_US);
  static const char *const others[] = {"",
                                       "evscsi-",
                                       "evscsi--00000000",
                                       "evscsi-1700086400",
                                       "evscsi-1700086400-",
                                       "evscsi-1700086400-0000000",
                                       "evscsi-1700086400-000000000",
                                       "evscsi-1700086400-0000000G",
                                       "evscsi-1700086400-ABCDEF00",
                                       "evscsi-+1700086400-00000000",
                                       "evscsi-99999999999999999999-00000000",
                                       "Evscsi-1700086400-00000000",
                                       "xevscsi-1700086400-00000000"};
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
    assert_false(transfer_name_parse(others[i], &expires));
  assert_false(transfer_name_parse(NULL, &expires));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_round_trip),
    cmocka_unit_test(test_least),
    cmocka_unit_test(test_wrong_members),
    cmocka_unit_test(test_changed_text),
    cmocka_unit_test(test_any_change),
    cmocka_unit_test(test_too_large),
    cmocka_unit_test(test_passphrase),
    cmocka_unit_test(test_salt),
    cmocka_unit_test(test_wiped_key),
    cmocka_unit_test(test_expiry),
    cmocka_unit_test_setup_teardown(test_save, place_setup, place_teardown),
    cmocka_unit_test_setup_teardown(test_replace, place_setup, place_teardown),
    cmocka_unit_test_setup_teardown(test_failed_save, place_setup, place_teardown),
    cmocka_unit_test_setup_teardown(test_load_nothing, place_setup, place_teardown),
    cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
