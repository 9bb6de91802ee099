#include "node/health_read.h"

#include "base/clock.h"
#include "base/thread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4096 };

typedef struct {
  dev_t number;
  int disk_fd, directory_fd; /* own descriptors; directory_fd -1: none */
  guint64 size;
  HealthReadResult result;
  gboolean done, left; /* left: nobody waits any more, the thread clears up */
  Cond ended;
} ReadJob;

static Mutex lock = MUTEX_INIT;
static ReadJob *running[HEALTH_MAX_READS]; /* with lock held; NULL where free */

static void free_job(ReadJob *job)
{
  close(job->disk_fd);
  if (job->directory_fd >= 0)
    close(job->directory_fd);
  cond_destroy(&job->ended);
  g_free(job);
}

/* With lock held. */
static void forget(const ReadJob *job)
{
  for (gsize i = 0; i < G_N_ELEMENTS(running); i++)
    if (running[i] == job)
      running[i] = NULL;
}

static int read_blocks(const ReadJob *job)
{
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", job->disk_fd);
  int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (fd < 0)
    return errno;
  void *block = NULL;
  int failed = posix_memalign(&block, BLOCK_BYTES, BLOCK_BYTES);
  off_t places[] = {0, (off_t)(job->size / BLOCK_BYTES * BLOCK_BYTES) - BLOCK_BYTES};
  for (gsize i = 0; i < G_N_ELEMENTS(places) && !failed; i++)
    if (places[i] >= 0 && TEMP_FAILURE_RETRY(pread(fd, block, BLOCK_BYTES, places[i])) < 0)
      failed = errno;
  free(block);
  close(fd);
  return failed;
}

static int list_directory(const ReadJob *job)
{
  if (job->directory_fd < 0)
    return 0;
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", job->directory_fd);
  DIR *directory = opendir(path);
  if (!directory)
    return errno;
  errno = 0;
  int failed = readdir(directory) ? 0 : errno;
  closedir(directory);
  return failed;
}

static void *read_both(void *data)
{
  ReadJob *job = data;
  HealthReadResult result = {.disk = read_blocks(job)};
  result.directory = list_directory(job);
  gboolean left = FALSE;
  {
    MUTEX_HOLD(&lock);
    job->result = result;
    job->done = TRUE;
    left = job->left;
    forget(job);
    cond_signal(&job->ended);
  }
  if (left)
    free_job(job);
  return NULL;
}

static ReadJob *new_job(const Device *device, int directory_fd)
{
  ReadJob *job = g_new0(ReadJob, 1);
  job->number = device->number;
  job->size = device->size;
  job->disk_fd = fcntl(device->fd, F_DUPFD_CLOEXEC, 0);
  job->directory_fd = directory_fd >= 0 ? fcntl(directory_fd, F_DUPFD_CLOEXEC, 0) : -1;
  cond_init(&job->ended);
  return job;
}

HealthReadState health_read(const Device *device, int directory_fd, HealthReadResult *ret_result)
{
  gint64 deadline_us = clock_deadline_in_ms(HEALTH_READ_WAIT_MS);
  MUTEX_HOLD(&lock);
  ReadJob **place = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(running); i++) {
    if (running[i] && running[i]->number == device->number)
      return HEALTH_READ_HANGS;
    if (!running[i])
      place = &running[i];
  }
  if (!place)
    return HEALTH_READ_NOT_MADE;
  ReadJob *job = *place = new_job(device, directory_fd);
  thread_start_detached(read_both, job);
  while (!job->done && cond_wait_until(&job->ended, &lock, deadline_us))
    ;
  job->left = !job->done;
  if (job->left)
    return HEALTH_READ_HANGS;
  *ret_result = job->result;
  free_job(job);
  return HEALTH_READ_DONE;
}

guint health_reads_hanging(void)
{
  guint count = 0;
  MUTEX_HOLD(&lock);
  for (gsize i = 0; i < G_N_ELEMENTS(running); i++)
    count += running[i] && running[i]->left;
  return count;
}
