/* rpc/endpoint.c, rpc/timers.c. */
#include "base/clock.h"
#include "base/error.h"
#include "rpc/endpoint.h"
#include "rpc/timers.h"
#include "tests/unit/cmocka_all.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static void endpoints_are_parsed_or_refused(void **state)
{
  (void)state;
  g_autofree char *longest = g_strnfill(107, 'a'), *too_long = g_strnfill(108, 'a');
  longest[0] = too_long[0] = '/';
  const struct {
    const char *text, *path;
  } rows[] = {
    {"unix:///run/csi.sock", "/run/csi.sock"},
    {"unix:/run/csi.sock", "/run/csi.sock"},
    {"unix:run/csi.sock", "run/csi.sock"},
    {"/run/csi.sock", "/run/csi.sock"},
    {longest, longest},
    {too_long, NULL},
    {"", NULL},
    {"unix:", NULL},
    {"unix://", NULL},
    {"unix://run/csi.sock", NULL},
    {"unix:///run/", NULL},
    {"unix-abstract:csi", NULL},
    {"tcp://127.0.0.1:1", NULL},
    {"127.0.0.1:1", NULL},
    {"csi.sock", NULL},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    RpcEndpoint endpoint = {0};
    assert_int_equal(rpc_endpoint_parse(rows[i].text, &endpoint, &error), rows[i].path != NULL);
    if (rows[i].path)
      assert_string_equal(endpoint.path, rows[i].path);
    else
      assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    rpc_endpoint_clear(&endpoint);
  }
}

typedef struct {
  char *directory, *path;
  RpcEndpoint endpoint;
} Place;

static Place place_new(void)
{
  Place place = {.directory = g_dir_make_tmp("evs-endpoint-XXXXXX", NULL)};
  place.path = g_strconcat(place.directory, "/s", NULL);
  rpc_endpoint_parse(place.path, &place.endpoint, NULL);
  return place;
}

static void place_free(Place *place)
{
  g_autofree char *lock = g_strconcat(place->path, ".lock", NULL);
  g_unlink(lock);
  g_unlink(place->path);
  g_rmdir(place->directory);
  g_free(place->directory);
  g_free(place->path);
  rpc_endpoint_clear(&place->endpoint);
}

static int bind_socket(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_strlcpy(address.sun_path, path, sizeof address.sun_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void refused(const Place *place, EvsCode code, const char *text)
{
  g_autoptr(GError) error = NULL;
  assert_int_equal(rpc_endpoint_lock(&place->endpoint, &error), -1);
  assert_int_equal(evs_error_code(error), code);
  if (!strstr(error->message, text))
    fail_msg("'%s' does not say '%s'", error->message, text);
}

static void lock_excludes_and_survives(void **state)
{
  (void)state;
  Place place = place_new();
  int fd = rpc_endpoint_lock(&place.endpoint, NULL);
  assert_true(fd >= 0);
  struct stat status;
  assert_int_equal(fstat(fd, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  refused(&place, EVS_CODE_FAILED_PRECONDITION, "another instance serves it");
  close(fd);
  fd = rpc_endpoint_lock(&place.endpoint, NULL);
  assert_true(fd >= 0);
  close(fd);
  place_free(&place);
}

static void what_stands_at_the_path_decides(void **state)
{
  (void)state;
  Place place = place_new();
  int socket_fd = bind_socket(place.path); /* bound, nobody listens: stale */
  int fd = rpc_endpoint_lock(&place.endpoint, NULL);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(listen(socket_fd, 1), 0);
  refused(&place, EVS_CODE_FAILED_PRECONDITION, "another program serves it");
  close(socket_fd);
  g_unlink(place.path);
  assert_true(g_file_set_contents(place.path, "keep me", -1, NULL));
  refused(&place, EVS_CODE_INVALID_ARGUMENT, "no socket");
  g_autofree char *kept = NULL;
  assert_true(g_file_get_contents(place.path, &kept, NULL, NULL));
  assert_string_equal(kept, "keep me");
  place_free(&place);
}

static void directory_must_exist(void **state)
{
  (void)state;
  Place place = {.endpoint = {0}};
  rpc_endpoint_parse("/nonexistent/dir/s", &place.endpoint, NULL);
  refused(&place, EVS_CODE_INVALID_ARGUMENT, "its directory does not exist");
  rpc_endpoint_clear(&place.endpoint);
}

static void timers_come_in_order(void **state)
{
  (void)state;
  RpcTimers timers = {0};
  assert_true(rpc_timers_next_us(&timers) == CLOCK_NEVER);
  assert_null(rpc_timers_pop_due(&timers, 100));
  rpc_timers_add(&timers, 30, (gpointer) "c");
  RpcTimer *removed = rpc_timers_add(&timers, 10, (gpointer) "a");
  rpc_timers_add(&timers, 20, (gpointer) "b");
  rpc_timers_remove(removed);
  assert_int_equal(rpc_timers_next_us(&timers), 20);
  assert_null(rpc_timers_pop_due(&timers, 19));
  assert_string_equal(rpc_timers_pop_due(&timers, 30), "b");
  assert_string_equal(rpc_timers_pop_due(&timers, 30), "c");
  assert_null(rpc_timers_pop_due(&timers, 30));
  rpc_timers_clear(&timers);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(endpoints_are_parsed_or_refused),
    cmocka_unit_test(lock_excludes_and_survives),
    cmocka_unit_test(what_stands_at_the_path_decides),
    cmocka_unit_test(directory_must_exist),
    cmocka_unit_test(timers_come_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
