/* cloud-config: the INI file of huaweicloud-csi-driver plus our keys (design.md section 5).
 *
 *   [Global]
 *   region = cn-north-4                # required
 *   access-key = ...   secret-key = ...   security-token = ...
 *   project-id = <32 hex>              # optional: looked up by region
 *   cloud = myhuaweicloud.com          # default
 *   auth-url = https://iam.<region>.<cloud>/v3
 *   auth = aksk | password | agency    # default aksk
 *   user-name, password, domain-name, project-name
 *   endpoint-evs, endpoint-ecs, endpoint-iam
 *   metadata-url                       # agency: default http://169.254.169.254
 *   ca-file, insecure, proxy, enterprise-project-id, allow-http
 *   idc and the section [Vpc] are accepted and ignored.
 * Unknown keys and sections are errors that name them. Plain http only to loopback or with allow-http=true.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef enum { EVS_AUTH_AKSK, EVS_AUTH_PASSWORD, EVS_AUTH_AGENCY } EvsAuth;

typedef struct {
  EvsAuth auth;
  char *region, *cloud, *project_id, *project_name;
  char *access_key, *secret_key, *security_token;
  char *user_name, *password, *domain_name;
  char *endpoint_evs, *endpoint_ecs,
    *endpoint_iam; /* base URLs without trailing slash, never NULL after loading */
  char *metadata_url;
  char *ca_file, *proxy, *enterprise_project_id; /* NULL: not set */
  gboolean insecure, allow_http;
} EvsConfig;

/* Reads at most 1 MiB. Errors: NOT_FOUND, INVALID_ARGUMENT naming file, key and what is accepted; never a value of a
 * secret key. */
EvsConfig *evs_config_load(const char *path, GError **error);
EvsConfig *evs_config_parse(const char *text, const char *name_for_errors, GError **error);
EvsConfig *evs_config_copy(const EvsConfig *config);
/* Overwrites the secrets before freeing. NULL is fine. */
void evs_config_free(EvsConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsConfig, evs_config_free)

#pragma GCC visibility pop
G_END_DECLS
