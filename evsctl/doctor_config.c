/* evsctl doctor: cloud-config, and whether the cloud accepts it. */
#include "base/clock.h"
#include "evsclient/disk.h"
#include "evsctl/doctor.h"

#include <errno.h>
#include <sys/stat.h>

static const char *auth_name(EvsAuth auth)
{
  static const char *const names[] = {
    [EVS_AUTH_AKSK] = "aksk", [EVS_AUTH_PASSWORD] = "password", [EVS_AUTH_AGENCY] = "agency"};
  return names[auth];
}

/* Secrets are for their owner. A Secret volume of Kubernetes has mode 0644 unless defaultMode says less; it is root's, and
 * a pod that is not root reads it through the pod's group: then that group may, and nobody else. */
static void check_mode(Doctor *doctor, const char *path)
{
  struct stat status;
  if (stat(path, &status) < 0) {
    doctor_add(doctor, "cloud-config mode", DOCTOR_WARN,
               g_strdup_printf("cannot look at '%s': %s", path, g_strerror(errno)), NULL);
    return;
  }
  guint ours = status.st_uid == geteuid() ? 0 : S_IRGRP;
  guint others = (guint)status.st_mode & (S_IRWXG | S_IRWXO) & ~ours;
  doctor_add(
    doctor, "cloud-config mode", others ? DOCTOR_WARN : DOCTOR_OK,
    g_strdup_printf("%04o, owner %u", (guint)status.st_mode & 07777, (guint)status.st_uid),
    "chmod 600; in Kubernetes defaultMode of the Secret volume: 0400, for a pod that is not root 0440");
}

static void check_settings(Doctor *doctor, const EvsConfig *config)
{
  if (config->insecure)
    doctor_add(doctor, "certificates", DOCTOR_WARN,
               g_strdup("insecure = true: anybody on the way can take the place of the cloud"),
               "set ca-file to the authority's certificate instead");
  if (config->allow_http)
    doctor_add(doctor, "plain http", DOCTOR_WARN,
               g_strdup("allow-http = true: tokens and data of calls can be read on the way"),
               "use https endpoints");
  if (config->security_token)
    doctor_add(doctor, "temporary keys", DOCTOR_WARN,
               g_strdup("security-token is set: such keys end within a day"),
               "something must renew cloud-config; on ECS servers auth = agency does it by itself");
}

gboolean doctor_check_config(Doctor *doctor)
{
  g_autoptr(GError) error = NULL;
  const char *path = session_config_path(doctor->session);
  const EvsConfig *config = session_config(doctor->session, &error);
  if (!config) {
    doctor_add_error(doctor, "cloud-config", DOCTOR_FAIL, error,
                     "give --cloud-config=FILE; its keys are in docs/reference.md");
    return FALSE;
  }
  doctor_add(doctor, "cloud-config", DOCTOR_OK,
             g_strdup_printf("'%s': auth %s, region %s, cloud %s", path, auth_name(config->auth),
                             config->region, config->cloud),
             NULL);
  check_mode(doctor, path);
  check_settings(doctor, config);
  return TRUE;
}

/* What to do about credentials that are refused. */
static const char *credentials_remedy(const EvsConfig *config)
{
  switch (config->auth) {
  case EVS_AUTH_AKSK:
    return "check access-key and secret-key, that the key is active, and the clock; 'evsctl api --dry-run' "
           "shows what is "
           "signed";
  case EVS_AUTH_PASSWORD:
    return "check user-name, password, domain-name and project-name, and that the user may use the API";
  case EVS_AUTH_AGENCY:
    break;
  }
  return "this must run on an ECS server that has an agency; metadata-url must be reachable";
}

void doctor_check_credentials(Doctor *doctor)
{
  g_autoptr(GError) error = NULL;
  const EvsConfig *config = session_config(doctor->session, NULL);
  EvsClient *client = session_client(doctor->session, &error);
  if (!doctor->is_reachable) {
    doctor_add(doctor, "credentials", DOCTOR_SKIPPED, g_strdup("the EVS endpoint does not answer"), NULL);
    return;
  }
  EvsContext context = doctor_context(doctor);
  g_autofree char *project = evs_client_project_id(client, &context, &error);
  if (!project) {
    doctor_add_error(doctor, "project", DOCTOR_FAIL, error, credentials_remedy(config));
    return;
  }
  doctor_add(doctor, "project", DOCTOR_OK,
             g_strdup_printf("%s%s", project, config->project_id ? " (of cloud-config)" : " (looked up)"),
             NULL);
  context = doctor_context(doctor);
  const EvsDiskFilter one = {.limit = 1};
  g_autoptr(GPtrArray) disks = evs_disk_list_page(client, &context, &one, &error);
  if (disks || evs_error_is(error, EVS_CODE_PERMISSION_DENIED)) {
    doctor->is_known = TRUE;
    doctor_add(doctor, "credentials", DOCTOR_OK, g_strdup("accepted"), NULL);
  } else {
    doctor_add_error(doctor, "credentials", DOCTOR_FAIL, error, credentials_remedy(config));
  }
}
