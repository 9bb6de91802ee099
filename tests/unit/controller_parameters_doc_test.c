/* docs/parameters.md against the parsers: every wrong value in its tables gets the text beside it, and the tables name
 * exactly the parameters that the code accepts. */
#include "base/error.h"
#include "base/text.h"
#include "controller/create_request.h"
#include "controller/snapshot_request.h"
#include "tests/unit/cmocka_all.h"

enum { DOC_MAX = 1 << 20, COLUMNS = 5 };

typedef struct {
  char *key, *wrong, *said;
} Row;

static void row_free(void *data)
{
  Row *row = data;
  g_free(row->key);
  g_free(row->wrong);
  g_free(row->said);
  g_free(row);
}

/* What stands between the backticks of a cell; NULL: there are none. */
static char *code_of(const char *cell)
{
  const char *begin = strchr(cell, '`');
  const char *end = begin ? strrchr(cell, '`') : NULL;
  return begin && end > begin ? g_strndup(begin + 1, (gsize)(end - begin - 1)) : NULL;
}

/* The rows of the first table under a heading, of Row*. */
static GPtrArray *read_table(const char *heading)
{
  g_autofree char *text = NULL;
  assert_true(text_read_file(EVS_PARAMETERS_DOC, DOC_MAX, &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);
  gboolean here = FALSE;
  for (char **line = lines; *line; line++) {
    if (g_str_has_prefix(*line, "## "))
      here = g_str_equal(*line + strlen("## "), heading);
    if (!here || !g_str_has_prefix(*line, "| `"))
      continue;
    g_auto(GStrv) cells = g_strsplit(*line + 1, " | ", -1);
    assert_int_equal(g_strv_length(cells), COLUMNS);
    Row *row = g_new0(Row, 1);
    row->key = code_of(cells[0]);
    row->wrong = code_of(cells[3]);
    row->said = code_of(cells[4]);
    g_ptr_array_add(rows, row);
    assert_true(row->key && row->wrong && row->said);
  }
  assert_true(rows->len > 0);
  return rows;
}

static void assert_said(const Row *row, const GError *error)
{
  if (!evs_error_is(error, EVS_CODE_INVALID_ARGUMENT) || !strstr(error->message, row->said))
    fail_msg("%s=%s gets '%s', the document has '%s'", row->key, row->wrong,
             error ? error->message : "no error", row->said);
}

/* The names after "accepted: " in the text that an unknown parameter gets are those of the table. */
static void assert_complete(GPtrArray *rows, const GError *error)
{
  const char *list = error ? strstr(error->message, "accepted: ") : NULL;
  assert_non_null(list);
  g_auto(GStrv) names = g_strsplit(list + strlen("accepted: "), ", ", -1);
  assert_int_equal(g_strv_length(names), rows->len + 1); /* and csi.storage.k8s.io/... */
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = rows->pdata[i];
    if (!g_strv_contains((const char *const *)names, row->key))
      fail_msg("'%s' is not among the accepted: %s", row->key, list);
  }
}

/* What CreateVolume makes of one pair, for an ext4 volume. NULL: nothing is wrong. */
static GError *try_create(const char *key, const char *value, gboolean is_mutable)
{
  Csi__V1__VolumeCapability__MountVolume mount = CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
  Csi__V1__VolumeCapability__AccessMode mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
  Csi__V1__VolumeCapability capability = CSI__V1__VOLUME_CAPABILITY__INIT;
  Csi__V1__VolumeCapability *capabilities[] = {&capability};
  Csi__V1__CreateVolumeRequest message = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
  Csi__V1__CreateVolumeRequest__ParametersEntry fixed =
    CSI__V1__CREATE_VOLUME_REQUEST__PARAMETERS_ENTRY__INIT;
  Csi__V1__CreateVolumeRequest__ParametersEntry *fixed_entries[] = {&fixed};
  Csi__V1__CreateVolumeRequest__MutableParametersEntry changing =
    CSI__V1__CREATE_VOLUME_REQUEST__MUTABLE_PARAMETERS_ENTRY__INIT;
  Csi__V1__CreateVolumeRequest__MutableParametersEntry *changing_entries[] = {&changing};
  mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
  capability.access_mode = &mode;
  capability.mount = &mount;
  capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
  message.name = (char *)"pvc-1";
  message.volume_capabilities = capabilities;
  message.n_volume_capabilities = 1;
  fixed.key = changing.key = (char *)key;
  fixed.value = changing.value = (char *)value;
  message.parameters = fixed_entries;
  message.mutable_parameters = changing_entries;
  message.n_parameters = is_mutable ? 0 : 1;
  message.n_mutable_parameters = is_mutable ? 1 : 0;
  GError *error = NULL;
  create_request_free(create_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, &error));
  return error;
}

static GError *try_snapshot(const char *key, const char *value)
{
  Csi__V1__CreateSnapshotRequest message = CSI__V1__CREATE_SNAPSHOT_REQUEST__INIT;
  Csi__V1__CreateSnapshotRequest__ParametersEntry entry =
    CSI__V1__CREATE_SNAPSHOT_REQUEST__PARAMETERS_ENTRY__INIT;
  Csi__V1__CreateSnapshotRequest__ParametersEntry *entries[] = {&entry};
  message.name = (char *)"snapshot-1";
  message.source_volume_id = (char *)"deadbeef-0000-4000-8000-000000000000";
  entry.key = (char *)key;
  entry.value = (char *)value;
  message.parameters = entries;
  message.n_parameters = 1;
  GError *error = NULL;
  snapshot_request_free(snapshot_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, &error));
  return error;
}

static void check_create_table(const char *heading, gboolean is_mutable)
{
  g_autoptr(GPtrArray) rows = read_table(heading);
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = rows->pdata[i];
    g_autoptr(GError) error = try_create(row->key, row->wrong, is_mutable);
    assert_said(row, error);
  }
  g_autoptr(GError) unknown = try_create("colour", "red", is_mutable);
  assert_complete(rows, unknown);
}

static void storage_class_parameters_are_as_documented(void **state)
{
  (void)state;
  check_create_table("StorageClass", FALSE);
}

static void attributes_class_parameters_are_as_documented(void **state)
{
  (void)state;
  check_create_table("VolumeAttributesClass", TRUE);
}

static void snapshot_class_parameters_are_as_documented(void **state)
{
  (void)state;
  g_autoptr(GPtrArray) rows = read_table("VolumeSnapshotClass");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = rows->pdata[i];
    g_autoptr(GError) error = try_snapshot(row->key, row->wrong);
    assert_said(row, error);
  }
  g_autoptr(GError) unknown = try_snapshot("colour", "red");
  assert_complete(rows, unknown);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(storage_class_parameters_are_as_documented),
    cmocka_unit_test(attributes_class_parameters_are_as_documented),
    cmocka_unit_test(snapshot_class_parameters_are_as_documented),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
