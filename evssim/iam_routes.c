/* The IAM endpoint: tokens, temporary access keys, projects, domains, catalog (cloud-facts: docs/evs-sim.md). */
#include "evssim/iam.h"
#include "evssim/parts.h"

static const char *member_text(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static void refuse_body(Request *request, const char *what)
{
  reply_error(request, 400, "", "Request body is invalid: %s", what);
}

/* --- who asks --- */

typedef enum { METHOD_PASSWORD, METHOD_TOKEN, METHOD_ASSUME_ROLE, METHOD_UNKNOWN } Method;

static Method identity_method(const json_t *identity)
{
  const json_t *methods = json_object_get(identity, "methods");
  const char *name = json_array_size(methods) == 1 ? json_string_value(json_array_get(methods, 0)) : NULL;
  if (g_strcmp0(name, "password") == 0)
    return METHOD_PASSWORD;
  if (g_strcmp0(name, "token") == 0)
    return METHOD_TOKEN;
  return g_strcmp0(name, "assume_role") == 0 ? METHOD_ASSUME_ROLE : METHOD_UNKNOWN;
}

static Account *account_of(const Sim *sim, const char *name, const char *id)
{
  return *name ? sim_account(sim, name) : sim_account_by_domain(sim, id);
}

static gboolean check_password(Request *request, const json_t *identity, Principal *ret_principal)
{
  const json_t *user = json_object_get(json_object_get(identity, "password"), "user");
  const json_t *domain = json_object_get(user, "domain");
  Account *account = account_of(request->sim, member_text(domain, "name"), member_text(domain, "id"));
  const char *name = member_text(user, "name"), *password = member_text(user, "password");
  for (guint i = 0; account && i < account->users->len; i++) {
    const User *candidate = account->users->pdata[i];
    if (strcmp(candidate->name, name) == 0 && *password && g_strcmp0(candidate->password, password) == 0)
      return principal_of_user(account, name, NULL, ret_principal);
  }
  reply_error(request, 401, "", "The username or password is wrong.");
  return FALSE;
}

/* The caller, himself authenticated, becomes the agency. */
static gboolean assume_role(Request *request, const json_t *identity, Principal *ret_principal)
{
  const json_t *role = json_object_get(identity, "assume_role");
  if (!iam_authenticate(request))
    return FALSE;
  if (!iam_allows(&request->principal, "iam:tokens:assume")) {
    reply_error(request, 403, "",
                "You are not authorized to perform the requested action: iam:tokens:assume.");
    return FALSE;
  }
  Account *account =
    account_of(request->sim, member_text(role, "domain_name"), member_text(role, "domain_id"));
  const char *agency = member_text(role, "agency_name");
  if (!*agency)
    agency = member_text(role, "xrole_name");
  if (account && principal_of_agency(account, agency, NULL, ret_principal))
    return TRUE;
  reply_error(request, 404, "", "Could not find agency: %s.", agency);
  return FALSE;
}

/* Sets the project of scope.project (by id or name); a domain's scope leaves it NULL. */
static gboolean apply_scope(Request *request, const json_t *scope, Principal *principal)
{
  const json_t *project = json_object_get(scope, "project");
  if (!project)
    return TRUE;
  const char *key = member_text(project, "id");
  if (!*key)
    key = member_text(project, "name");
  principal->project = account_project(principal->account, key);
  if (principal->project)
    return TRUE;
  reply_error(request, 401, "", "The project in 'scope' is none of the account's: %s.", key);
  return FALSE;
}

/* --- catalog --- */

static const struct {
  const char *name, *type, *path;
} catalog_entries[] = {
  {"iam", "identity", "/iam/v3"},  {"nova", "compute", "/ecs/v2.1/%s"}, {"ecs", "ecs", "/ecs/v1/%s"},
  {"evs", "volume", "/evs/v2/%s"}, {"evsv2", "volumev2", "/evs/v2/%s"}, {"evsv3", "volumev3", "/evs/v3/%s"},
  {"ims", "image", "/ims"},
};

static json_t *catalog_of(const Sim *sim, const Principal *principal)
{
  const Project *project = principal->project;
  if (!project && principal->account->projects->len > 0)
    project = principal->account->projects->pdata[0];
  json_t *catalog = json_array();
  for (gsize i = 0; i < G_N_ELEMENTS(catalog_entries); i++) {
    g_auto(GStrv) parts = g_strsplit(catalog_entries[i].path, "%s", 2);
    gboolean of_project = parts[1] != NULL;
    g_autofree char *url =
      g_strconcat(sim->base_url, parts[0], of_project && project ? project->id : "", parts[1], NULL);
    const char *region = g_str_equal(catalog_entries[i].type, "identity") ? NULL : sim->region;
    json_t *endpoint = json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "id", catalog_entries[i].type, "interface",
                                 "public", "region", region, "region_id", region, "url", url);
    json_array_append_new(catalog, json_pack("{s:s, s:s, s:s, s:[o]}", "id", catalog_entries[i].name, "name",
                                             catalog_entries[i].name, "type", catalog_entries[i].type,
                                             "endpoints", endpoint));
  }
  return catalog;
}

static json_t *self_links(const Request *request)
{
  g_autofree char *self = g_strconcat(request->sim->base_url, request->raw_path, NULL);
  return json_pack("{s:n, s:n, s:s}", "next", "previous", "self", self);
}

static void handle_catalog(Request *request)
{
  reply_json(request, 200,
             json_pack("{s:o, s:o}", "catalog", catalog_of(request->sim, &request->principal), "links",
                       self_links(request)));
}

/* --- POST /v3/auth/tokens --- */

static json_t *domain_json(const Account *account)
{
  return json_pack("{s:s, s:s}", "id", account->domain_id, "name", account->name);
}

static void reply_token(Request *request, const Credential *token, const char *method)
{
  const Principal *principal = &token->principal;
  g_autofree char *issued = credential_time_text(request->sim, sim_virtual_us(request->sim));
  g_autofree char *expires = credential_time_text(request->sim, token->expires_us);
  g_autofree char *user_id = g_compute_checksum_for_string(G_CHECKSUM_MD5, principal->name, -1);
  json_t *body =
    json_pack("{s:s, s:s, s:[s], s:{s:s, s:s, s:s, s:o}, s:[], s:o}", "expires_at", expires, "issued_at",
              issued, "methods", method, "user", "id", user_id, "name", principal->name,
              "password_expires_at", "", "domain", domain_json(principal->account), "roles", "catalog",
              request_query(request, "nocatalog") ? json_array() : catalog_of(request->sim, principal));
  if (principal->project)
    json_object_set_new(body, "project",
                        json_pack("{s:s, s:s, s:o}", "id", principal->project->id, "name",
                                  principal->project->name, "domain", domain_json(principal->account)));
  else
    json_object_set_new(body, "domain", domain_json(principal->account));
  reply_header(request, "X-Subject-Token", token->id);
  reply_json(request, 201, json_pack("{s:o}", "token", body));
}

static void handle_token(Request *request)
{
  const json_t *auth = json_object_get(request_json(request), "auth");
  const json_t *identity = json_object_get(auth, "identity");
  Method method = identity_method(identity);
  Principal principal = {0};
  if (method != METHOD_PASSWORD && method != METHOD_ASSUME_ROLE) {
    refuse_body(request, "auth.identity.methods must be [\"password\"] or [\"assume_role\"]");
    return;
  }
  gboolean agency = method == METHOD_ASSUME_ROLE;
  if (!(agency ? assume_role : check_password)(request, identity, &principal) ||
      !apply_scope(request, json_object_get(auth, "scope"), &principal))
    return;
  reply_token(request, credentials_issue_token(iam_credentials(request->sim), &principal, agency),
              agency ? "assume_role" : "password");
}

/* --- POST /v3.0/OS-CREDENTIAL/securitytokens --- */

/* duration_seconds of the method's object; an absent one is the default. 0 after a refusal. */
static gint64 key_seconds(Request *request, const json_t *method)
{
  const json_t *value = json_object_get(method, "duration_seconds");
  gint64 seconds = value ? json_integer_value(value) : CREDENTIAL_KEY_SECONDS_MIN;
  if (seconds >= CREDENTIAL_KEY_SECONDS_MIN && seconds <= CREDENTIAL_KEY_SECONDS_MAX)
    return seconds;
  refuse_body(request, "duration_seconds must be 900 to 86400");
  return 0;
}

static gboolean principal_for_key(Request *request, Method method, const json_t *identity,
                                  Principal *ret_principal)
{
  if (method == METHOD_ASSUME_ROLE)
    return assume_role(request, identity, ret_principal);
  const char *token = member_text(json_object_get(identity, "token"), "id");
  if (!(*token ? iam_authenticate_token(request, token) : iam_authenticate(request)))
    return FALSE;
  *ret_principal = request->principal;
  return TRUE;
}

static void handle_security_token(Request *request)
{
  const json_t *identity = json_object_get(json_object_get(request_json(request), "auth"), "identity");
  Method method = identity_method(identity);
  if (method != METHOD_TOKEN && method != METHOD_ASSUME_ROLE) {
    refuse_body(request, "auth.identity.methods must be [\"token\"] or [\"assume_role\"]");
    return;
  }
  gboolean agency = method == METHOD_ASSUME_ROLE;
  gint64 seconds = key_seconds(request, json_object_get(identity, agency ? "assume_role" : "token"));
  Principal principal = {0};
  if (!seconds || !principal_for_key(request, method, identity, &principal))
    return;
  /* An agency's token or key, used to ask, stays the agency's. */
  Principal ignored;
  if (!agency)
    agency = !principal_of_user(principal.account, principal.name, NULL, &ignored);
  const Credential *key = credentials_issue_key(iam_credentials(request->sim), &principal, agency, seconds);
  g_autofree char *expires = credential_time_text(request->sim, key->expires_us);
  reply_json(request, 201,
             json_pack("{s:{s:s, s:s, s:s, s:s}}", "credential", "access", key->id, "secret", key->secret,
                       "securitytoken", key->security_token, "expires_at", expires));
}

/* --- projects, domains, versions --- */

static void handle_projects(Request *request)
{
  const Account *account = request->principal.account;
  const char *name = request_query(request, "name");
  json_t *projects = json_array();
  for (guint i = 0; i < account->projects->len; i++) {
    const Project *project = account->projects->pdata[i];
    if (name && strcmp(name, project->name) != 0)
      continue;
    g_autofree char *self = g_strconcat(request->sim->base_url, "/iam/v3/projects/", project->id, NULL);
    json_array_append_new(
      projects, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:{s:s}}", "id", project->id, "name",
                          project->name, "domain_id", account->domain_id, "parent_id", account->domain_id,
                          "enabled", TRUE, "is_domain", FALSE, "description", "", "links", "self", self));
  }
  reply_json(request, 200, json_pack("{s:o, s:o}", "projects", projects, "links", self_links(request)));
}

static void handle_domains(Request *request)
{
  const Account *account = request->principal.account;
  json_t *domain = json_pack("{s:s, s:s, s:b, s:s, s:{}}", "id", account->domain_id, "name", account->name,
                             "enabled", TRUE, "description", "", "links");
  reply_json(request, 200, json_pack("{s:[o], s:o}", "domains", domain, "links", self_links(request)));
}

static json_t *render_version(const Sim *sim)
{
  g_autofree char *href = g_strconcat(sim->base_url, "/iam/v3/", NULL);
  return json_pack("{s:s, s:s, s:s, s:[{s:s, s:s}]}", "id", "v3.6", "status", "stable", "updated",
                   "2016-04-04T00:00:00Z", "links", "rel", "self", "href", href);
}

static void handle_versions(Request *request)
{
  reply_json(request, 300, json_pack("{s:{s:[o]}}", "versions", "values", render_version(request->sim)));
}

/* What OpenStack clients ask of OS_AUTH_URL first. */
static void handle_version(Request *request)
{
  reply_json(request, 200, json_pack("{s:o}", "version", render_version(request->sim)));
}

static const Route routes[] = {
  {"iam.versions", SIM_SERVICE_IAM, "GET", "/", NULL, ROUTE_NO_AUTH, handle_versions},
  {"iam.versions", SIM_SERVICE_IAM, "GET", "/v3", NULL, ROUTE_NO_AUTH, handle_version},
  {"iam.token", SIM_SERVICE_IAM, "POST", "/v3/auth/tokens", NULL, ROUTE_NO_AUTH, handle_token},
  {"iam.securitytokens", SIM_SERVICE_IAM, "POST", "/v3.0/OS-CREDENTIAL/securitytokens", NULL, ROUTE_NO_AUTH,
   handle_security_token},
  {"iam.projects", SIM_SERVICE_IAM, "GET", "/v3/projects", NULL, ROUTE_AUTH, handle_projects},
  {"iam.projects", SIM_SERVICE_IAM, "GET", "/v3/auth/projects", NULL, ROUTE_AUTH, handle_projects},
  {"iam.catalog", SIM_SERVICE_IAM, "GET", "/v3/auth/catalog", NULL, ROUTE_AUTH, handle_catalog},
  {"iam.domains", SIM_SERVICE_IAM, "GET", "/v3/auth/domains", NULL, ROUTE_AUTH, handle_domains},
};

void iam_routes_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
