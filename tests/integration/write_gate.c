/* Preloaded into a tool (LD_PRELOAD): counts its writes to block devices and, before number $EVS_GATE_AT (from 1),
 * dies by SIGKILL ($EVS_GATE_ACTION=kill) or makes $EVS_GATE_FILE and waits until somebody removes it (=hold). So a test
 * cuts an unmodified mkfs off at any point of its work. Built without the project's flags: it lives in a foreign
 * process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static void pass_gate(int fd)
{
  static long count;
  struct stat status;
  const char *at = getenv("EVS_GATE_AT"), *action = getenv("EVS_GATE_ACTION"),
             *file = getenv("EVS_GATE_FILE");
  if (!at || fstat(fd, &status) != 0 || !S_ISBLK(status.st_mode) || ++count != strtol(at, NULL, 10))
    return;
  if (action && strcmp(action, "kill") == 0)
    raise(SIGKILL);
  if (!file)
    return;
  close(open(file, O_CREAT | O_WRONLY, 0600));
  while (access(file, F_OK) == 0)
    usleep(10000);
}

#define GATE(name, parameters, arguments)                                                                    \
  __attribute__((visibility("default"))) ssize_t name parameters                                             \
  {                                                                                                          \
    static ssize_t(*real) parameters;                                                                        \
    if (!real)                                                                                               \
      *(void **)&real = dlsym(RTLD_NEXT, #name);                                                             \
    pass_gate(fd);                                                                                           \
    return real arguments;                                                                                   \
  }

ssize_t write(int fd, const void *bytes, size_t length);
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset);
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset);
GATE(write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
GATE(pwrite, (int fd, const void *bytes, size_t length, off_t offset), (fd, bytes, length, offset))
GATE(pwrite64, (int fd, const void *bytes, size_t length, off64_t offset), (fd, bytes, length, offset))
