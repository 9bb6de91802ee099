/* The server's socket: who owns the path, its mode, and what a failed start leaves. */
#include "tests/integration/rpc_support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { NOBODY = 65534 };

static mode_t mode_of(const char *path)
{
  struct stat status;
  assert_int_equal(lstat(path, &status), 0);
  return status.st_mode;
}

/* A server at this path that must not start. */
static void start_refused(const char *path, EvsCode code, const char *text)
{
  g_autoptr(GError) error = NULL;
  RpcServerOptions options = {
    .endpoint = path, .max_concurrent_streams = 4, .class_threads = 1, .class_queue = 1, .grace_ms = 10};
  RpcServer *server = rpc_server_new(&options);
  assert_false(rpc_server_start(server, &error));
  assert_int_equal(evs_error_code(error), code);
  if (!strstr(error->message, text))
    fail_msg("'%s' does not say '%s'", error->message, text);
  assert_true(rpc_server_drain(server));
  rpc_server_free(server);
}

static void socket_and_lock_are_private(void **state)
{
  (void)state;
  umask(0);
  Fixture *fixture = fixture_new();
  g_autofree char *lock_path = g_strconcat(fixture->path, ".lock", NULL);
  assert_true(S_ISSOCK(mode_of(fixture->path)));
  assert_int_equal(mode_of(fixture->path) & 07777, 0600);
  assert_int_equal(mode_of(lock_path) & 07777, 0600);
  assert_int_equal(umask(0022), 0); /* start put it back */
  fixture_free(fixture);
}

/* gRPC by itself would take over the path, and later unlink it under the new owner. */
static void second_instance_is_refused_and_harms_nothing(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  start_refused(fixture->path, EVS_CODE_FAILED_PRECONDITION, "another instance serves it");
  RpcClient *fresh = rpc_client_new(fixture->endpoint, NULL);
  assert_int_equal(probe(fresh, 5000), EVS_CODE_OK);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  rpc_client_free(fresh);
  fixture_free(fixture);
}

static RpcServer *start_empty(const char *path)
{
  RpcServerOptions options = {
    .endpoint = path, .max_concurrent_streams = 4, .class_threads = 1, .class_queue = 1, .grace_ms = 10};
  RpcServer *server = rpc_server_new(&options);
  g_autoptr(GError) error = NULL;
  if (!rpc_server_start(server, &error))
    fail_msg("%s", error->message);
  return server;
}

static void stop(RpcServer *server)
{
  assert_true(rpc_server_drain(server));
  rpc_server_free(server);
}

static int bind_socket(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_strlcpy(address.sun_path, path, sizeof address.sun_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

/* What SIGKILL leaves: a socket file that nobody serves, a lock file that nobody locks. */
static void stale_socket_is_replaced(void **state)
{
  (void)state;
  g_autofree char *directory = g_dir_make_tmp("evs-rpc-XXXXXX", NULL);
  g_autofree char *path = g_strconcat(directory, "/csi.sock", NULL);
  g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
  assert_true(g_file_set_contents(lock_path, "", 0, NULL));
  close(bind_socket(path));
  RpcServer *server = start_empty(path);
  RpcClient *client = rpc_client_new(path, NULL);
  assert_int_equal(probe(client, 5000), EVS_CODE_UNIMPLEMENTED); /* no service in it, but it answers */
  rpc_client_free(client);
  stop(server);
  assert_int_equal(g_unlink(lock_path), 0);
  assert_int_equal(g_rmdir(directory), 0);
}

/* One client over many lives of the server, as a sidecar has it. */
static void restarted_server_is_found_by_its_old_client(void **state)
{
  (void)state;
  g_autofree char *directory = g_dir_make_tmp("evs-rpc-XXXXXX", NULL);
  g_autofree char *path = g_strconcat(directory, "/csi.sock", NULL);
  g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
  RpcClient *client = rpc_client_new(path, NULL);
  assert_int_equal(probe(client, 5000), EVS_CODE_UNAVAILABLE);
  for (int life = 0; life < 3; life++) {
    RpcServer *server = start_empty(path);
    EvsCode code = EVS_CODE_UNAVAILABLE;
    for (gint64 until_us = clock_deadline_in_ms(10000);
         code == EVS_CODE_UNAVAILABLE && clock_now_us() < until_us;) {
      code = probe(client, 5000);
      clock_sleep_until(clock_deadline_in_ms(5));
    }
    assert_int_equal(code, EVS_CODE_UNIMPLEMENTED);
    stop(server);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  }
  rpc_client_free(client);
  assert_int_equal(g_unlink(lock_path), 0);
  assert_int_equal(g_rmdir(directory), 0);
}

static void foreign_owners_of_the_path_are_respected(void **state)
{
  (void)state;
  g_autofree char *directory = g_dir_make_tmp("evs-rpc-XXXXXX", NULL);
  g_autofree char *path = g_strconcat(directory, "/csi.sock", NULL);
  g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
  int fd = bind_socket(path);
  assert_int_equal(listen(fd, 1), 0);
  start_refused(path, EVS_CODE_FAILED_PRECONDITION, "another program serves it");
  assert_true(S_ISSOCK(mode_of(path)));
  close(fd);
  g_unlink(path);
  assert_true(g_file_set_contents(path, "data", -1, NULL));
  start_refused(path, EVS_CODE_INVALID_ARGUMENT, "no socket");
  assert_true(S_ISREG(mode_of(path)));
  g_unlink(path);
  g_unlink(lock_path);
  g_rmdir(directory);
  start_refused(path, EVS_CODE_INVALID_ARGUMENT, "its directory does not exist");
  start_refused("tcp://127.0.0.1:10000", EVS_CODE_INVALID_ARGUMENT, "accepted are unix:///absolute/path");
}

/* Core asserts that a server is shut down before it is destroyed, also one that could not bind. */
static void failed_bind_is_an_error_not_a_crash(void **state)
{
  (void)state;
  g_autofree char *directory = g_dir_make_tmp("evs-rpc-XXXXXX", NULL);
  g_autofree char *path = g_strconcat(directory, "/csi.sock", NULL);
  g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
  assert_true(g_file_set_contents(lock_path, "", 0, NULL));
  assert_int_equal(chmod(lock_path, 0666), 0);
  assert_int_equal(chmod(directory, 0755), 0);
  setfsuid(NOBODY); /* may open the lock, may not make a file beside it */
  start_refused(path, EVS_CODE_INTERNAL, "cannot listen");
  setfsuid(0);
  assert_int_equal(g_unlink(lock_path), 0);
  assert_int_equal(g_rmdir(directory), 0);
}

/* Children that handlers spawn inherit no fd of the server: neither socket, lock, epoll nor eventfd. */
static void every_fd_closes_on_exec(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  g_autoptr(GDir) directory = g_dir_open("/proc/self/fd", 0, NULL);
  const char *name;
  int checked = 0;
  while ((name = g_dir_read_name(directory))) {
    g_autofree char *link = g_strconcat("/proc/self/fd/", name, NULL), *target = g_file_read_link(link, NULL);
    int fd = (int)g_ascii_strtoll(name, NULL, 10);
    int flags = fcntl(fd, F_GETFD);
    gboolean ours =
      target && (strstr(target, fixture->directory) || g_str_has_prefix(target, "anon_inode:") ||
                 g_str_has_prefix(target, "socket:"));
    if (fd <= STDERR_FILENO || flags < 0 || !ours)
      continue;
    if (!(flags & FD_CLOEXEC))
      fail_msg("fd %d (%s) would be inherited", fd, target);
    checked++;
  }
  assert_true(checked >= 4);
  fixture_free(fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(socket_and_lock_are_private),
    cmocka_unit_test(second_instance_is_refused_and_harms_nothing),
    cmocka_unit_test(stale_socket_is_replaced),
    cmocka_unit_test(restarted_server_is_found_by_its_old_client),
    cmocka_unit_test(foreign_owners_of_the_path_are_respected),
    cmocka_unit_test(failed_bind_is_an_error_not_a_crash),
    cmocka_unit_test(every_fd_closes_on_exec),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
