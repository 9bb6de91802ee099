/* Every operation of the reference's sections 5 to 7 has its method and path in evs-sim, and every twin of section 8: a call
 * is counted as what it is. What the calls do is tested elsewhere. */
#include "tests/unit/evssim_cloud.h"

enum { OPERATIONS = 74 };

/* '#': the key of the body that tells the operation, or key=value. */
static const struct {
  const char *op, *method, *path;
  gboolean twin; /* there is the same under /v3 */
} operations[] = {
  {"5.1", "GET", "/", FALSE},
  {"5.2", "GET", "/{api_version}", FALSE},
  {"6.1.1", "POST", "/v2.1/{project_id}/cloudvolumes", FALSE},
  {"6.1.2", "PUT", "/v2/{project_id}/cloudvolumes/{volume_id}", FALSE},
  {"6.1.3", "GET", "/v2/{project_id}/cloudvolumes/detail", FALSE},
  {"6.1.4", "GET", "/v2/{project_id}/cloudvolumes/{volume_id}", FALSE},
  {"6.1.5", "POST", "/v2.1/{project_id}/cloudvolumes/{volume_id}/action", FALSE},
  {"6.1.6", "DELETE", "/v2/{project_id}/cloudvolumes/{volume_id}", FALSE},
  {"6.1.7", "POST", "/v2/{project_id}/cloudvolumes", FALSE},
  {"6.1.8", "GET", "/v2/{project_id}/cloudvolumes", FALSE},
  {"6.1.9", "POST", "/v2/{project_id}/cloudvolumes/{volume_id}/action", FALSE},
  {"6.1.10", "POST", "/v2/{project_id}/cloudvolumes/unsubscribe", FALSE},
  {"6.1.11", "GET", "/v2/{project_id}/os-vendor-volumes/detail", TRUE},
  {"6.1.12", "GET", "/v2/{project_id}/os-vendor-volumes/{volume_id}", TRUE},
  {"6.1.13", "PUT", "/v5/{project_id}/cloudvolumes/{volume_id}/qos", FALSE},
  {"6.2.1", "POST", "/v2/{project_id}/cloudsnapshots", FALSE},
  {"6.2.2", "DELETE", "/v2/{project_id}/cloudsnapshots/{snapshot_id}", FALSE},
  {"6.2.3", "PUT", "/v2/{project_id}/cloudsnapshots/{snapshot_id}", FALSE},
  {"6.2.4", "GET", "/v2/{project_id}/cloudsnapshots/detail", FALSE},
  {"6.2.5", "GET", "/v2/{project_id}/cloudsnapshots/{snapshot_id}", FALSE},
  {"6.2.6", "POST", "/v2/{project_id}/cloudsnapshots/{snapshot_id}/rollback", FALSE},
  {"6.2.7", "POST", "/v2/{project_id}/os-vendor-snapshots/{snapshot_id}/rollback", TRUE},
  {"6.3.1", "POST", "/v2/{project_id}/cloudvolumes/{volume_id}/tags/action#action=create", FALSE},
  {"6.3.2", "POST", "/v2/{project_id}/cloudvolumes/{volume_id}/tags/action#action=delete", FALSE},
  {"6.3.3", "GET", "/v2/{project_id}/cloudvolumes/tags", FALSE},
  {"6.3.4", "GET", "/v2/{project_id}/cloudvolumes/{volume_id}/tags", FALSE},
  {"6.3.5", "POST", "/v2/{project_id}/cloudvolumes/resource_instances/action", FALSE},
  {"6.4.1", "GET", "/v1/{project_id}/jobs/{job_id}", FALSE},
  {"7.1.1", "POST", "/v2/{project_id}/volumes", TRUE},
  {"7.1.2", "DELETE", "/v2/{project_id}/volumes/{volume_id}", TRUE},
  {"7.1.3", "PUT", "/v2/{project_id}/volumes/{volume_id}", TRUE},
  {"7.1.4", "GET", "/v2/{project_id}/types", TRUE},
  {"7.1.5", "GET", "/v2/{project_id}/types/{type_id}", TRUE},
  {"7.1.6", "GET", "/v2/{project_id}/volumes", TRUE},
  {"7.1.7", "GET", "/v2/{project_id}/volumes/{volume_id}", TRUE},
  {"7.1.8", "GET", "/v2/{project_id}/volumes/detail", TRUE},
  {"7.1.9", "GET", "/v2/{project_id}/extensions", TRUE},
  {"7.1.10", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-extend", TRUE},
  {"7.1.11", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-set_bootable", TRUE},
  {"7.1.12", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-update_readonly_flag", TRUE},
  {"7.1.13", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-volume_upload_image", TRUE},
  {"7.1.14", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-attach", TRUE},
  {"7.1.15", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-detach", TRUE},
  {"7.1.16", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-reserve", TRUE},
  {"7.1.17", "POST", "/v2/{project_id}/volumes/{volume_id}/action#os-unreserve", TRUE},
  {"7.2.1", "POST", "/v2/{project_id}/snapshots", TRUE},
  {"7.2.2", "DELETE", "/v2/{project_id}/snapshots/{snapshot_id}", TRUE},
  {"7.2.3", "PUT", "/v2/{project_id}/snapshots/{snapshot_id}", TRUE},
  {"7.2.4", "GET", "/v2/{project_id}/snapshots", TRUE},
  {"7.2.5", "GET", "/v2/{project_id}/snapshots/detail", TRUE},
  {"7.2.6", "GET", "/v2/{project_id}/snapshots/{snapshot_id}", TRUE},
  {"7.3.1", "GET", "/v2/{project_id}/os-quota-sets/{target_project_id}", TRUE},
  {"7.4.1", "POST", "/v2/{project_id}/os-volume-transfer", TRUE},
  {"7.4.2", "POST", "/v2/{project_id}/os-volume-transfer/{transfer_id}/accept", TRUE},
  {"7.4.3", "DELETE", "/v2/{project_id}/os-volume-transfer/{transfer_id}", TRUE},
  {"7.4.4", "GET", "/v2/{project_id}/os-volume-transfer/{transfer_id}", TRUE},
  {"7.4.5", "GET", "/v2/{project_id}/os-volume-transfer", TRUE},
  {"7.4.6", "GET", "/v2/{project_id}/os-volume-transfer/detail", TRUE},
  {"7.5.1", "POST", "/v2/{project_id}/volumes/{volume_id}/metadata", TRUE},
  {"7.5.2", "GET", "/v2/{project_id}/volumes/{volume_id}/metadata/{key}", TRUE},
  {"7.5.3", "PUT", "/v2/{project_id}/volumes/{volume_id}/metadata/{key}", TRUE},
  {"7.5.4", "PUT", "/v2/{project_id}/volumes/{volume_id}/metadata", TRUE},
  {"7.5.5", "GET", "/v2/{project_id}/volumes/{volume_id}/metadata", FALSE},
  {"7.5.6", "DELETE", "/v2/{project_id}/volumes/{volume_id}/metadata/{key}", TRUE},
  {"7.5.7", "GET", "/v3/{project_id}/volumes/{volume_id}/metadata", FALSE},
  {"7.6.1", "POST", "/v2/{project_id}/snapshots/{snapshot_id}/metadata", TRUE},
  {"7.6.2", "GET", "/v2/{project_id}/snapshots/{snapshot_id}/metadata", TRUE},
  {"7.6.3", "PUT", "/v2/{project_id}/snapshots/{snapshot_id}/metadata/{key}", TRUE},
  {"7.6.4", "PUT", "/v2/{project_id}/snapshots/{snapshot_id}/metadata", TRUE},
  {"7.6.5", "GET", "/v2/{project_id}/snapshots/{snapshot_id}/metadata/{key}", TRUE},
  {"7.6.6", "DELETE", "/v2/{project_id}/snapshots/{snapshot_id}/metadata/{key}", TRUE},
  {"7.7.1", "GET", "/{version}", FALSE},
  {"7.7.2", "GET", "/", FALSE},
  {"7.8.1", "GET", "/v2/{project_id}/os-availability-zone", TRUE},
};

/* Of section 8, where it is no plain twin. */
static const struct {
  const char *op, *method, *path;
} old_operations[] = {
  {"v3.6.1.1", "POST", "/v3/{project_id}/cloudvolumes"},
  {"v1.7.1.7", "GET", "/v1/{project_id}/volumes/{volume_id}"},
};

/* The body that the part behind '#' asks for. */
static char *body_of(const char *mark)
{
  const char *equals = mark ? strchr(mark, '=') : NULL;
  if (!mark)
    return g_strdup("{}");
  return equals ? g_strdup_printf("{\"%.*s\":\"%s\"}", (int)(equals - mark - 1), mark + 1, equals + 1)
                : g_strdup_printf("{\"%s\":{}}", mark + 1);
}

/* With something in the braces. */
static char *target_of(const char *path, const char *mark)
{
  g_autofree char *bare = mark ? g_strndup(path, (gsize)(mark - path)) : g_strdup(path);
  g_auto(GStrv) segments = g_strsplit(bare, "/", -1);
  for (char **segment = segments; *segment; segment++) {
    if (**segment != '{')
      continue;
    gboolean project = strcmp(*segment, "{project_id}") == 0;
    g_free(*segment);
    *segment = g_strdup(project ? ALPHA_PROJECT : NO_SUCH_ID);
  }
  g_autofree char *joined = g_strjoinv("/", segments);
  return g_strconcat("/evs", joined, NULL);
}

/* The call arrives as this operation; nobody is logged in, so it does nothing. */
static void expect_arrival(Cloud *cloud, const char *op, const char *method, const char *path)
{
  const char *mark = strchr(path, '#');
  g_autofree char *target = target_of(path, mark), *body = body_of(mark);
  guint64 before = cloud_calls(cloud, op);
  g_auto(Answer) answer = cloud_request(cloud, method, target, body, NULL);
  if (cloud_calls(cloud, op) != before + 1)
    fail_msg("%s %s is not counted as %s (%d %s)", method, path, op, answer.status, answer.code);
}

static void operations_arrive(void **state)
{
  Cloud *cloud = *state;
  assert_int_equal(G_N_ELEMENTS(operations), OPERATIONS);
  for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
    expect_arrival(cloud, operations[i].op, operations[i].method, operations[i].path);
}

static void twins_arrive(void **state)
{
  Cloud *cloud = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(operations); i++) {
    if (!operations[i].twin)
      continue;
    g_autofree char *op = g_strconcat("v3.", operations[i].op, NULL);
    g_autofree char *path = g_strconcat("/v3/", operations[i].path + strlen("/v2/"), NULL);
    expect_arrival(cloud, op, operations[i].method, path);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(old_operations); i++)
    expect_arrival(cloud, old_operations[i].op, old_operations[i].method, old_operations[i].path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(operations_arrive),
    TEST(twins_arrive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
