#include "tests/integration/evssim_client.h"

void reply_clear(Reply *reply)
{
  if (reply->body)
    g_string_free(reply->body, TRUE);
  g_free(reply->date);
  g_free(reply->request_id);
  g_free(reply->type);
  g_free(reply->subject_token);
  json_decref(reply->json);
  *reply = (Reply){0};
}

static size_t on_body(char *data, size_t size, size_t count, void *into)
{
  g_string_append_len(into, data, (gssize)(size * count));
  return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *into)
{
  Reply *reply = into;
  const struct {
    const char *name;
    char **value;
  } wanted[] = {{"Date:", &reply->date},
                {"X-Request-Id:", &reply->request_id},
                {"Content-Type:", &reply->type},
                {"X-Subject-Token:", &reply->subject_token}};
  g_autofree char *line = g_strndup(data, size * count);
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
    if (g_ascii_strncasecmp(line, wanted[i].name, strlen(wanted[i].name)) == 0 && !*wanted[i].value)
      *wanted[i].value = g_strdup(g_strstrip(line + strlen(wanted[i].name)));
  return size * count;
}

Reply client_call(Client *client, const char *method, const char *path, const char *body)
{
  Reply reply = {.body = g_string_new(NULL)};
  g_auto(GStrv) parts = g_strsplit(path, "{p}", -1);
  g_autofree char *full = g_strjoinv(client->project ? client->project : "", parts);
  g_autofree char *url = path[0] == '/' ? g_strconcat(client->url, full, NULL) : g_strdup(full);
  g_autofree char *auth = g_strconcat("X-Auth-Token: ", client->token, NULL);
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  if (client->token)
    headers = curl_slist_append(headers, auth);
  if (client->client_token) {
    g_autofree char *once = g_strconcat("X-Client-Token: ", client->client_token, NULL);
    headers = curl_slist_append(headers, once);
  }
  curl_easy_reset(client->curl);
  curl_easy_setopt(client->curl, CURLOPT_URL, url);
  curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(client->curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, 30000L);
  curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, reply.body);
  curl_easy_setopt(client->curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, &reply);
  curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
  if (client->resolve)
    curl_easy_setopt(client->curl, CURLOPT_RESOLVE, client->resolve);
  if (client->ca_file)
    curl_easy_setopt(client->curl, CURLOPT_CAINFO, client->ca_file);
  curl_easy_setopt(client->curl, CURLOPT_FRESH_CONNECT, client->fresh ? 1L : 0L);
  if (body)
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
  reply.result = curl_easy_perform(client->curl);
  long status = 0;
  curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  reply.status = (int)status;
  reply.json = json_loadb(reply.body->str, reply.body->len, 0, NULL);
  return reply;
}

void reply_expect(const Reply *reply, int status)
{
  if (reply->result != CURLE_OK || reply->status != status)
    fail_msg("%s, %d, not %d: %s", curl_easy_strerror(reply->result), reply->status, status,
             reply->body->str);
}

const char *reply_text(const Reply *reply, const char *key)
{
  const char *value = json_string_value(json_object_get(reply->json, key));
  if (!value)
    fail_msg("no '%s' in %s", key, reply->body->str);
  return value;
}

void client_log_in_as(Client *client, const char *account, const char *user, const char *password,
                      const char *project_id)
{
  json_t *body = json_pack("{s:{s:{s:[s], s:{s:{s:s, s:s, s:{s:s}}}}, s:{s:{s:s}}}}", "auth", "identity",
                           "methods", "password", "password", "user", "name", user, "password", password,
                           "domain", "name", account, "scope", "project", "id", project_id);
  char *request = json_dumps(body, 0);
  g_clear_pointer(&client->token, g_free);
  g_auto(Reply) reply = client_call(client, "POST", "/iam/v3/auth/tokens", request);
  reply_expect(&reply, 201);
  client->token = g_strdup(reply.subject_token);
  g_free(client->project);
  client->project = g_strdup(project_id);
  free(request);
  json_decref(body);
}

static const char *member(const json_t *object, const char *key)
{
  return json_string_value(json_object_get(object, key));
}

void client_log_in(Client *client, const char *state_dir)
{
  g_autofree char *path = g_build_filename(state_dir, "accounts.json", NULL);
  json_t *accounts = json_load_file(path, 0, NULL);
  const json_t *account = json_array_get(json_object_get(accounts, "accounts"), 0);
  const json_t *user = json_array_get(json_object_get(account, "users"), 0);
  const json_t *project = json_array_get(json_object_get(account, "projects"), 0);
  client_log_in_as(client, member(account, "name"), member(user, "name"), member(user, "password"),
                   member(project, "id"));
  json_decref(accounts);
}

static void free_client(void *data)
{
  Client *client = data;
  curl_easy_cleanup(client->curl);
  curl_slist_free_all(client->resolve);
  g_free(client->token);
  g_free(client->project);
  g_free(client);
}

Client *client_new(Harness *harness, const char *url)
{
  Client *client = g_new0(Client, 1);
  client->url = url;
  client->curl = curl_easy_init();
  harness_at_end(harness, free_client, client);
  return client;
}

Client *client_start(Harness *harness, const char *profile, Sim **ret_sim)
{
  const SimOptions options = {.profile = profile};
  *ret_sim = sim_start(harness, &options);
  Client *client = client_new(harness, (*ret_sim)->url);
  client_log_in(client, (*ret_sim)->state_dir);
  return client;
}

char *client_make_disk(Client *client, Sim *sim)
{
  g_auto(Reply) reply = client_call(client, "POST", "/evs/v2.1/{p}/cloudvolumes", GOOD_DISK);
  reply_expect(&reply, 202);
  char *id = g_strdup(json_string_value(json_array_get(json_object_get(reply.json, "volume_ids"), 0)));
  sim_wait_disk_status(sim, id, "available");
  return id;
}

char *client_attach_disk(Client *client, Sim *sim, const char *id)
{
  json_t *server = sim_server(sim, 0);
  char *server_id = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  g_autofree char *path = g_strdup_printf("/ecs/v1/{p}/cloudservers/%s/attachvolume", server_id);
  g_autofree char *body = g_strdup_printf("{\"volumeAttachment\":{\"volumeId\":\"%s\"}}", id);
  g_auto(Reply) reply = client_call(client, "POST", path, body);
  reply_expect(&reply, 200);
  sim_wait_disk_status(sim, id, "in-use");
  return server_id;
}
