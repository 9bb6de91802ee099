#include "evssim/state.h"

#include "base/error.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
  COMPACT_FACTOR = 4,
  COMPACT_MIN_LINES = 2000,
  LINE_MAX_BYTES = 16 << 20,
};

typedef struct {
  char *name;
  StateLoad load;
  GHashTable *records; /* id -> json_t* */
} Kind;

struct State {
  GPtrArray *kinds; /* of Kind*, in the order of registration */
  char *path;
  int fd, lock_fd;
  guint64 lines, records;
};

static void kind_free(Kind *kind)
{
  g_hash_table_unref(kind->records);
  g_free(kind->name);
  g_free(kind);
}

static void record_free(gpointer record)
{
  json_decref(record);
}

static Kind *kind_find(const struct State *state, const char *name)
{
  for (guint i = 0; i < state->kinds->len; i++) {
    Kind *kind = g_ptr_array_index(state->kinds, i);
    if (g_str_equal(kind->name, name))
      return kind;
  }
  return NULL;
}

void state_start(Sim *sim)
{
  struct State *state = g_new0(struct State, 1);
  state->kinds = g_ptr_array_new_with_free_func((GDestroyNotify)kind_free);
  state->path = g_build_filename(sim->state_dir, "journal", NULL);
  state->fd = state->lock_fd = -1;
  sim->state = state;
}

void state_register(Sim *sim, const char *name, StateLoad load)
{
  Kind *kind = g_new0(Kind, 1);
  kind->name = g_strdup(name);
  kind->load = load;
  kind->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, record_free);
  g_ptr_array_add(sim->state->kinds, kind);
}

guint state_count(const Sim *sim, const char *name)
{
  const Kind *kind = kind_find(sim->state, name);
  return kind ? g_hash_table_size(kind->records) : 0;
}

static gboolean write_all(int fd, const char *text, gsize length)
{
  while (length > 0) {
    ssize_t written = write(fd, text, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return FALSE;
    text += written;
    length -= (gsize)written;
  }
  return TRUE;
}

/* {"k":kind,"i":id,"r":record}\n ; without "r": removed. */
static void append_line(GString *out, const char *kind, const char *id, json_t *record)
{
  g_autoptr(json_t) line = json_pack("{s:s, s:s}", "k", kind, "i", id);
  if (record)
    json_object_set(line, "r", record);
  char *text = json_dumps(line, JSON_COMPACT);
  g_string_append(out, text);
  g_string_append_c(out, '\n');
  free(text);
}

/* Writes all records to a new file and puts it in the journal's place; state->fd then appends to it. */
static gboolean rewrite(struct State *state, GError **error)
{
  g_autofree char *tmp = g_strconcat(state->path, ".tmp", NULL);
  g_autoptr(GString) text = g_string_new(NULL);
  guint64 lines = 0;
  for (guint i = 0; i < state->kinds->len; i++) {
    const Kind *kind = g_ptr_array_index(state->kinds, i);
    GHashTableIter iter;
    gpointer id, record;
    g_hash_table_iter_init(&iter, kind->records);
    while (g_hash_table_iter_next(&iter, &id, &record)) {
      append_line(text, kind->name, id, record);
      lines++;
    }
  }
  int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || !write_all(fd, text->str, text->len) || fsync(fd) != 0 || rename(tmp, state->path) != 0) {
    evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot write '%s'", tmp);
    if (fd >= 0)
      close(fd);
    return FALSE;
  }
  if (state->fd >= 0)
    close(state->fd);
  state->fd = fd;
  state->lines = state->records = lines;
  return TRUE;
}

static void append_or_die(struct State *state, const char *kind, const char *id, json_t *record)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(GError) error = NULL;
  if (state->fd < 0)
    return; /* while loading, and in unit tests without a directory */
  append_line(text, kind, id, record);
  if (!write_all(state->fd, text->str, text->len)) {
    log_error("cannot write the journal", LOG_TEXT("path", state->path),
              LOG_TEXT("cause", g_strerror(errno)));
    abort();
  }
  state->lines++;
  if (state->lines > COMPACT_MIN_LINES && state->lines > COMPACT_FACTOR * (state->records + 1) &&
      !rewrite(state, &error)) {
    log_error("cannot rewrite the journal", LOG_TEXT("cause", error->message));
    abort();
  }
}

void state_put(Sim *sim, const char *kind_name, const char *id, json_t *record)
{
  Kind *kind = kind_find(sim->state, kind_name);
  g_assert(kind && record);
  if (g_hash_table_replace(kind->records, g_strdup(id), record))
    sim->state->records++;
  append_or_die(sim->state, kind_name, id, record);
}

void state_remove(Sim *sim, const char *kind_name, const char *id)
{
  Kind *kind = kind_find(sim->state, kind_name);
  g_assert(kind);
  if (!g_hash_table_remove(kind->records, id))
    return;
  sim->state->records--;
  append_or_die(sim->state, kind_name, id, NULL);
}

int state_lock(const char *state_dir, GError **error)
{
  g_autofree char *path = g_build_filename(state_dir, "lock", NULL);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot open '%s'", path);
    return -1;
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "'%s' is in use by another evs-sim", state_dir);
    close(fd);
    return -1;
  }
  return fd;
}

/* A line of the journal; FALSE if it is not whole. */
static gboolean read_line(struct State *state, const char *text, gsize length)
{
  g_autoptr(json_t) line = json_loadb(text, length, 0, NULL);
  const char *kind_name = json_string_value(json_object_get(line, "k"));
  const char *id = json_string_value(json_object_get(line, "i"));
  json_t *record = json_object_get(line, "r");
  if (!kind_name || !id || (record && !json_is_object(record)))
    return FALSE;
  Kind *kind = kind_find(state, kind_name);
  if (kind && record)
    g_hash_table_replace(kind->records, g_strdup(id), json_incref(record));
  else if (kind)
    g_hash_table_remove(kind->records, id);
  return TRUE;
}

static gboolean read_journal(struct State *state, GError **error)
{
  if (access(state->path, F_OK) != 0)
    return TRUE;
  g_autofree char *text = NULL;
  gsize length, number = 0;
  g_autoptr(GError) cause = NULL;
  if (!g_file_get_contents(state->path, &text, &length, &cause))
    return evs_error_set(error, EVS_CODE_INTERNAL, "cannot read the journal: %s", cause->message);
  for (char *at = text, *end; at < text + length; at = end + 1) {
    end = memchr(at, '\n', length - (gsize)(at - text));
    number++;
    if (!end) {
      log_warn("last line of the journal was torn and is left out", LOG_TEXT("path", state->path));
      break;
    }
    if (end - at > LINE_MAX_BYTES || !read_line(state, at, (gsize)(end - at)))
      return evs_error_set(error, EVS_CODE_DATA_LOSS, "'%s' is damaged in line %zu", state->path, number);
  }
  return TRUE;
}

gboolean state_open(Sim *sim, GError **error)
{
  struct State *state = sim->state;
  state->lock_fd = state_lock(sim->state_dir, error);
  if (state->lock_fd < 0 || !read_journal(state, error))
    return FALSE;
  for (guint i = 0; i < state->kinds->len; i++) {
    const Kind *kind = g_ptr_array_index(state->kinds, i);
    /* a loader may change the records of its kind */
    g_autoptr(GList) ids = g_hash_table_get_keys(kind->records);
    for (GList *at = ids; at; at = at->next) {
      json_t *record = g_hash_table_lookup(kind->records, at->data);
      if (record)
        kind->load(sim, at->data, record);
    }
  }
  return rewrite(state, error);
}

void state_close(Sim *sim)
{
  struct State *state = sim->state;
  if (!state)
    return;
  if (state->fd >= 0)
    close(state->fd);
  if (state->lock_fd >= 0)
    close(state->lock_fd);
  g_ptr_array_unref(state->kinds);
  g_free(state->path);
  g_free(state);
  sim->state = NULL;
}
