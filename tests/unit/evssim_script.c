#include "tests/unit/evssim_script.h"

#include <event2/event.h>
#include <glib/gstdio.h>

#include "base/clock.h"
#include "evssim/disks.h"
#include "evssim/faults.h"
#include "evssim/profile.h"
#include "evssim/router.h"

enum { WAIT_MS = 20000, BIG_PAIRS = 4200 };

typedef struct {
  Cloud *cloud;
  char *token, *client_token;
  char *disk_id;    /* of {disk}; NULL: not yet */
  json_t *last;     /* the last answer's body */
  GHashTable *kept; /* name -> text */
  Request *held;
  gboolean hold;
  ScriptResult result;
} Script;

void script_result_clear(ScriptResult *result)
{
  g_free(result->code);
  g_free(result->op);
  g_free(result->error);
  *result = (ScriptResult){0};
}

static gboolean broken(Script *script, const char *format, const char *what)
{
  if (!script->result.error)
    script->result.error = g_strdup_printf("%s '%s'", format, what);
  return FALSE;
}

/* ---- what stands in braces ---- */

static const char *disk_of(Script *script)
{
  if (!script->disk_id)
    script->disk_id = g_strdup(cloud_disk(script->cloud, "sim-1a", 10)->id);
  return script->disk_id;
}

static const char *last_text(Script *script, const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  const json_t *json = script->last;
  for (char **part = parts; *part && json; part++)
    json = json_is_array(json) ? json_array_get(json, (size_t)g_ascii_strtoull(*part, NULL, 10))
                               : json_object_get(json, *part);
  return json_string_value(json);
}

static char *big_pairs(void)
{
  GString *text = g_string_new("{");
  g_autofree char *value = g_strnfill(250, 'v');
  for (int i = 0; i < BIG_PAIRS; i++)
    g_string_append_printf(text, "%s'k%d':'%s'", i ? "," : "", i, value);
  return g_string_free(g_string_append_c(text, '}'), FALSE);
}

/* Newly allocated; NULL if there is no such name. */
static char *value_of(Script *script, const char *name)
{
  const struct {
    const char *name, *value;
  } fixed[] = {{"p", ALPHA_PROJECT}, {"beta", BETA_PROJECT}, {"uuid", NO_SUCH_ID}, {"good", GOOD_VOLUME}};
  for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
    if (strcmp(fixed[i].name, name) == 0)
      return g_strdup(fixed[i].value);
  if (strcmp(name, "disk") == 0)
    return g_strdup(disk_of(script));
  if (strcmp(name, "server") == 0)
    return g_strdup(cloud_server(script->cloud, "alpha-1")->id);
  if (strcmp(name, "pairs") == 0)
    return big_pairs();
  if (g_str_has_prefix(name, "last:"))
    return g_strdup(last_text(script, name + strlen("last:")));
  if (g_hash_table_contains(script->kept, name))
    return g_strdup(g_hash_table_lookup(script->kept, name));
  if (name[0] == 'x' && g_ascii_isdigit(name[1]))
    return g_strnfill((gsize)g_ascii_strtoull(name + 1, NULL, 10), 'x');
  return NULL;
}

/* A brace that holds a quote, or nothing, is JSON's. NULL after an error. */
static char *fill_in(Script *script, const char *text)
{
  GString *out = g_string_new(NULL);
  for (const char *c = text; *c;) {
    const char *end = *c == '{' ? strchr(c, '}') : NULL;
    gsize length = end ? (gsize)(end - c - 1) : 0;
    if (length == 0 || strcspn(c + 1, "'{ ") < length) {
      g_string_append_c(out, *c++);
      continue;
    }
    g_autofree char *name = g_strndup(c + 1, length), *value = value_of(script, name);
    if (!value) {
      broken(script, "nothing is called", name);
      g_string_free(out, TRUE);
      return NULL;
    }
    g_string_append(out, value);
    c = end + 1;
  }
  return g_string_free(out, FALSE);
}

/* ---- requests ---- */

static void keep_answer(Script *script, const Request *request)
{
  const struct RequestPrivate *p = request->p;
  g_autofree char *op = g_strdup(request->route ? request->route->op : "");
  json_t *body = p->reply_body ? json_incref(p->reply_body) : NULL;
  if (script->last)
    json_decref(script->last);
  script->last = body;
  g_strdelimit(op, " ", '\0');
  g_free(script->result.code);
  g_free(script->result.op);
  script->result.code = g_strdup(p->code ? p->code : "");
  script->result.op = g_strdup(op);
  script->result.status = p->status;
}

static void send_request(Script *script, const char *method, const char *path, const char *body)
{
  gboolean elsewhere =
    g_str_has_prefix(path, "/_sim/") || g_str_has_prefix(path, "/ecs/") || g_str_has_prefix(path, "/iam/");
  g_autofree char *target = g_strconcat(elsewhere ? "" : "/evs", path, NULL);
  Request *request = request_new(script->cloud->sim, method, target);
  request->p->loopback = g_str_has_prefix(path, "/_sim/");
  if (script->token)
    request_add_header(request, "X-Auth-Token", script->token);
  if (script->client_token)
    request_add_header(request, "X-Client-Token", script->client_token);
  request->body = (const guint8 *)body;
  request->body_bytes = strlen(body);
  router_dispatch(request);
  keep_answer(script, request);
  request->body = (const guint8 *)"";
  request->body_bytes = 0;
  if (script->hold && !script->held)
    script->held = request;
  else
    request_free(request);
  script->hold = FALSE;
}

static gboolean do_request(Script *script, const char *step)
{
  g_auto(GStrv) parts = g_strsplit(step, " ", 3);
  if (g_strv_length(parts) < 2)
    return broken(script, "cannot read", step);
  g_autofree char *path = fill_in(script, parts[1]);
  g_autofree char *filled = path ? fill_in(script, parts[2] ? parts[2] : "") : NULL;
  if (!filled)
    return FALSE;
  g_autofree char *body = cloud_quoted(filled);
  send_request(script, parts[0], path, body);
  return TRUE;
}

/* ---- the other words ---- */

static gboolean do_as(Script *script, const char *user)
{
  g_free(script->token);
  script->token = strcmp(user, "nobody") == 0 ? NULL : cloud_login(script->cloud, user);
  return TRUE;
}

static gboolean do_token(Script *script, const char *text)
{
  g_free(script->token);
  script->token = g_strdup(text);
  return TRUE;
}

static gboolean do_client_token(Script *script, const char *text)
{
  g_free(script->client_token);
  script->client_token = g_strdup(text);
  return TRUE;
}

static gboolean do_client_tokens(Script *script, const char *mode)
{
  script->cloud->sim->profile->client_token =
    strcmp(mode, "refused") == 0 ? CLIENT_TOKEN_REFUSED : CLIENT_TOKEN_ON;
  return TRUE;
}

static gboolean do_pass(Script *script, const char *seconds)
{
  cloud_pass(script->cloud, g_ascii_strtoll(seconds, NULL, 10));
  return TRUE;
}

static gboolean do_fault(Script *script, const char *json)
{
  cloud_fault(script->cloud, json);
  return TRUE;
}

static gboolean do_keep(Script *script, const char *argument)
{
  g_auto(GStrv) parts = g_strsplit(argument, " ", 2);
  const char *text = parts[0] && parts[1] ? last_text(script, parts[1]) : NULL;
  if (!text)
    return broken(script, "nothing to keep as", argument);
  g_hash_table_replace(script->kept, g_strdup(parts[0]), g_strdup(text));
  return TRUE;
}

static gboolean do_attach(Script *script, const char *unused)
{
  Disk *disk = sim_disk(script->cloud->sim, disk_of(script));
  (void)unused;
  g_ptr_array_add(disk->attachments,
                  attachment_new(cloud_server(script->cloud, "alpha-1")->id, "/dev/vdb", 0));
  disk_set_status(disk, DISK_IN_USE);
  disk_changed(script->cloud->sim, disk);
  return TRUE;
}

static gboolean do_wait(Script *script, const char *status)
{
  cloud_turn_until(script->cloud, sim_disk(script->cloud->sim, disk_of(script)), status);
  return TRUE;
}

static gboolean do_snapshot(Script *script, const char *unused)
{
  const char *id = last_text(script, "snapshot/id");
  (void)unused;
  if (!id)
    return broken(script, "no snapshot in the answer", script->result.code);
  cloud_turn_until_snapshot(script->cloud, id, DISK_AVAILABLE);
  return TRUE;
}

static gboolean do_job(Script *script, const char *unused)
{
  const char *job_id = last_text(script, "job_id");
  (void)unused;
  if (!job_id)
    return broken(script, "no job in the answer", script->result.code);
  g_auto(Answer) job = cloud_wait_evs_job(script->cloud, job_id);
  const char *code = json_string_value(json_object_get(job.body, "error_code"));
  json_decref(script->last);
  script->last = json_incref(job.body);
  g_free(script->result.code);
  script->result.code = g_strdup(code ? code : "");
  return TRUE;
}

static gboolean do_hold(Script *script, const char *unused)
{
  (void)unused;
  script->hold = TRUE;
  return TRUE;
}

/* A file takes the directory's place. */
static gboolean do_break(Script *script, const char *what)
{
  g_autofree char *directory = g_build_filename(script->cloud->directory, what, NULL);
  g_autofree char *aside = g_strconcat(directory, ".aside", NULL);
  return (g_rename(directory, aside) == 0 && g_file_set_contents(directory, "", 0, NULL)) ||
         broken(script, "cannot move", directory);
}

static gboolean do_step(Script *script, const char *step);

static gboolean do_times(Script *script, const char *step)
{
  const char *rest = strchr(step, ' ');
  for (guint64 left = g_ascii_strtoull(step, NULL, 10); left > 0; left--)
    if (!do_step(script, rest + 1))
      return FALSE;
  return TRUE;
}

static gboolean do_step(Script *script, const char *step)
{
  static const struct {
    const char *word;
    gboolean (*act)(Script *script, const char *argument);
  } words[] = {{"as", do_as},
               {"token", do_token},
               {"client-token", do_client_token},
               {"client-tokens", do_client_tokens},
               {"pass", do_pass},
               {"fault", do_fault},
               {"keep", do_keep},
               {"attach", do_attach},
               {"wait", do_wait},
               {"snapshot", do_snapshot},
               {"job", do_job},
               {"hold", do_hold},
               {"break", do_break}};
  g_auto(GStrv) parts = g_strsplit(step, " ", 2);
  if (!parts[0])
    return broken(script, "an empty step", step);
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(parts[0], words[i].word) == 0)
      return words[i].act(script, parts[1] ? parts[1] : "");
  if (g_ascii_isdigit(parts[0][0]))
    return do_times(script, step);
  return do_request(script, step);
}

ScriptResult script_run(Cloud *cloud, const char *text)
{
  Script script = {.cloud = cloud,
                   .token = g_strdup(cloud->token),
                   .kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
  g_auto(GStrv) steps = g_strsplit(text, " ; ", -1);
  gboolean going = TRUE;
  for (char **step = steps; *step && going; step++)
    going = do_step(&script, *step);
  request_free(script.held);
  if (script.last)
    json_decref(script.last);
  g_free(script.token);
  g_free(script.client_token);
  g_free(script.disk_id);
  g_hash_table_unref(script.kept);
  if (!script.result.code)
    script.result.code = g_strdup("");
  if (!script.result.op)
    script.result.op = g_strdup("");
  return script.result;
}
