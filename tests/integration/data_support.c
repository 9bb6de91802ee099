#include "tests/integration/data_support.h"

#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { CHUNKS_MAX = 4096, TOOL_MS = 60000 };

static void fill_chunk(guint32 *words, guint32 seed, guint number)
{
  guint32 value = seed * 2654435761U + number;
  for (gsize i = 0; i < DATA_CHUNK / sizeof *words; i++) {
    value = value * 1664525 + 1013904223;
    words[i] = value;
  }
  words[0] = seed;
  words[1] = number;
}

static gboolean write_chunk(int fd, gint64 offset, guint32 seed, guint number)
{
  g_autofree guint32 *words = g_malloc(DATA_CHUNK);
  fill_chunk(words, seed, number);
  return pwrite(fd, words, DATA_CHUNK, offset + (gint64)number * DATA_CHUNK) == DATA_CHUNK;
}

void data_write_at(const char *path, gint64 offset, guint32 seed, guint chunks)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    fail_msg("open '%s': %s", path, g_strerror(errno));
  for (guint i = 0; i < chunks; i++)
    assert_true(write_chunk(fd, offset, seed, i));
  assert_int_equal(syncfs(fd), 0);
  assert_int_equal(fsync(fd), 0);
  close(fd);
}

void data_assert_at(const char *path, gint64 offset, guint32 seed, guint chunks)
{
  g_autofree guint32 *expected = g_malloc(DATA_CHUNK), *found = g_malloc(DATA_CHUNK);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    fail_msg("open '%s': %s", path, g_strerror(errno));
  for (guint i = 0; i < chunks; i++) {
    fill_chunk(expected, seed, i);
    if (pread(fd, found, DATA_CHUNK, offset + (gint64)i * DATA_CHUNK) != DATA_CHUNK)
      fail_msg("'%s' ends before chunk %u of %u", path, i, chunks);
    if (memcmp(found, expected, DATA_CHUNK) != 0)
      fail_msg("'%s': chunk %u is that of seed %u, number %u; expected was seed %u", path, i, found[0],
               found[1], seed);
  }
  close(fd);
}

void data_write(const char *path, guint32 seed, guint chunks)
{
  data_write_at(path, 0, seed, chunks);
}

void data_assert(const char *path, guint32 seed, guint chunks)
{
  data_assert_at(path, 0, seed, chunks);
}

struct DataLoad {
  Thread thread;
  int fd;
  guint32 seed;
  gint written; /* atomic */
  gint stop;    /* atomic */
  gint failed;  /* atomic: errno */
  guint awaited;
};

static void *write_on(void *data)
{
  DataLoad *load = data;
  /* A load that has filled its file goes over it again with the same bytes. */
  for (guint i = 0; !g_atomic_int_get(&load->stop); i++) {
    if (!write_chunk(load->fd, 0, load->seed, i % CHUNKS_MAX) || fdatasync(load->fd) != 0) {
      g_atomic_int_set(&load->failed, errno);
      break;
    }
    g_atomic_int_inc(&load->written);
  }
  return NULL;
}

DataLoad *data_load_start(const char *path, guint32 seed)
{
  DataLoad *load = g_new0(DataLoad, 1);
  load->seed = seed;
  load->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (load->fd < 0)
    fail_msg("open '%s': %s", path, g_strerror(errno));
  load->thread = thread_start("load", write_on, load);
  return load;
}

static gboolean has_written(void *data)
{
  DataLoad *load = data;
  return g_atomic_int_get(&load->failed) || (guint)g_atomic_int_get(&load->written) >= load->awaited;
}

void data_load_await(DataLoad *load, guint more)
{
  load->awaited = (guint)g_atomic_int_get(&load->written) + more;
  assert_true(wait_until(has_written, load, HARNESS_WAIT_MS));
}

guint data_load_stop(DataLoad *load)
{
  g_atomic_int_set(&load->stop, 1);
  thread_join(load->thread);
  close(load->fd);
  guint written = (guint)load->written;
  int failed = load->failed;
  g_free(load);
  if (failed)
    fail_msg("write %u failed: %s", written, g_strerror(failed));
  return MIN(written, CHUNKS_MAX);
}

void data_run(Harness *harness, const char *program, ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  va_list arguments;
  va_start(arguments, program);
  for (const char *argument = program; argument; argument = va_arg(arguments, const char *))
    g_ptr_array_add(argv, (char *)argument);
  va_end(arguments);
  g_ptr_array_add(argv, NULL);
  Process *process = process_start(harness, (const char *const *)argv->pdata);
  int status = process_wait_exit(process, TOOL_MS);
  g_autofree char *text = process_stderr(process);
  if (status != 0)
    fail_msg("%s exited with %d: %s", program, status, text);
}

char *data_look_inside(Harness *harness, const Sim *sim, const CsiVolume *volume)
{
  g_autofree char *image = sim_disk_file(sim, volume->id);
  char *directory = harness_path(harness, "look-%.8s", volume->id);
  assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
  data_run(harness, "mount", "-o", "loop,ro", image, directory, NULL);
  return directory;
}

void data_look_away(Harness *harness, const char *directory)
{
  data_run(harness, "umount", directory, NULL);
}
