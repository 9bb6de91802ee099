#include "controller/reload.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "controller/meter.h"

#include <sys/stat.h>

/* What tells one content of the file from another. */
typedef struct {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec modified;
} Mark;

struct Reload {
  char *path;
  EvsClient *client; /* NULL until the thread is started */
  Mark mark;         /* of the reload thread once it runs */
  Thread thread;
  Mutex lock;
  Cond changed;
  gboolean stopping; /* under the lock */
};

/* All zero for a file that is not there. */
static Mark look(const char *path)
{
  struct stat status;
  if (stat(path, &status) != 0)
    return (Mark){0};
  return (Mark){
    .device = status.st_dev, .inode = status.st_ino, .size = status.st_size, .modified = status.st_mtim};
}

static gboolean same(const Mark *a, const Mark *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

static void load_if_changed(Reload *reload)
{
  Mark mark = look(reload->path);
  if (same(&mark, &reload->mark))
    return;
  reload->mark = mark;
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsConfig) config = evs_config_load(reload->path, &error);
  controller_meter_reload(config != NULL);
  if (!config) {
    log_error("changed cloud-config is not used, the old one stays", LOG_TEXT("reason", error->message));
    return;
  }
  evs_client_reconfigure(reload->client, config);
  log_info("cloud-config read again", LOG_TEXT("file", reload->path));
}

static gboolean wait_for_stop(Reload *reload)
{
  MUTEX_HOLD(&reload->lock);
  gint64 next_us = clock_deadline_in_ms(RELOAD_INTERVAL_MS);
  while (!reload->stopping && cond_wait_until(&reload->changed, &reload->lock, next_us))
    continue;
  return reload->stopping;
}

static void *run(void *argument)
{
  Reload *reload = argument;
  while (!wait_for_stop(reload))
    load_if_changed(reload);
  return NULL;
}

Reload *reload_open(const char *path, EvsConfig **ret_config, GError **error)
{
  Mark mark = look(path); /* before reading: a change in between is then seen by the next look */
  EvsConfig *config = evs_config_load(path, error);
  if (!config)
    return NULL;
  Reload *reload = g_new0(Reload, 1);
  reload->path = g_strdup(path);
  reload->mark = mark;
  mutex_init(&reload->lock);
  cond_init(&reload->changed);
  *ret_config = config;
  return reload;
}

void reload_start(Reload *reload, EvsClient *client)
{
  reload->client = client;
  reload->thread = thread_start("reload", run, reload);
}

void reload_stop(Reload *reload)
{
  if (!reload)
    return;
  {
    MUTEX_HOLD(&reload->lock);
    reload->stopping = TRUE;
    cond_signal(&reload->changed);
  }
  if (reload->client)
    thread_join(reload->thread);
  cond_destroy(&reload->changed);
  mutex_destroy(&reload->lock);
  g_free(reload->path);
  g_free(reload);
}
