/* Every route of the EVS service asks for the actions of the reference's section 9, or is one of those that need none. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/router.h"

/* By operation; a twin needs what its operation needs. Paths that section 9 does not have take the actions of their
 * listed sibling (docs/evs-sim.md). */
static const struct {
  const char *op, *actions;
} needed[] = {
  {"6.1.1", "evs:volumes:create"},
  {"6.1.2", "evs:volumes:update"},
  {"6.1.3", "evs:volumes:list"},
  {"6.1.4", "evs:volumes:get"},
  {"6.1.5", "evs:volumes:extend"},
  {"6.1.6", "evs:volumes:delete"},
  {"6.1.7", "evs:volumes:create"},
  {"6.1.8", "evs:volumes:list"},
  {"6.1.9", "evs:volumes:extend"},
  {"6.1.10", "evs:volumes:delete"},
  {"6.1.11", "evs:volumes:list"},
  {"6.1.12", "evs:volumes:get"},
  {"6.1.13", "evs:volumes:modifyQos"},
  {"6.2.1", "evs:snapshots:create"},
  {"6.2.2", "evs:snapshots:delete"},
  {"6.2.3", "evs:snapshots:update"},
  {"6.2.4", "evs:snapshots:list"},
  {"6.2.5", "evs:snapshots:get"},
  {"6.2.6", "evs:snapshots:rollback"},
  {"6.2.7", "evs:snapshots:rollback evs:snapshots:get evs:volumes:get"},
  {"6.3.1", "evs:volumeTags:create"},
  {"6.3.2", "evs:volumeTags:delete"},
  {"6.3.3", "evs:volumeTags:list"},
  {"6.3.4", "evs:volumeTags:getById"},
  {"6.3.5", "evs:volumeTags:get"},
  {"7.1.1", "evs:volumes:create evs:volumes:get"},
  {"7.1.2", "evs:volumes:delete evs:volumes:get"},
  {"7.1.3", "evs:volumes:update evs:volumes:get"},
  {"7.1.4", "evs:types:get"},
  {"7.1.5", "evs:types:get"},
  {"7.1.6", "evs:volumes:list"},
  {"7.1.7", "evs:volumes:get"},
  {"7.1.8", "evs:volumes:list"},
  {"7.1.10", "evs:volumes:extend evs:volumes:get"},
  {"7.1.11", "evs:volumes:update"},
  {"7.1.12", "evs:volumes:update"},
  {"7.1.13", "evs:volumes:uploadImage"},
  {"7.1.14", "evs:volumes:attach evs:volumes:get"},
  {"7.1.15", "evs:volumes:detach evs:volumes:get"},
  {"7.1.16", "evs:volumes:attach"},
  {"7.1.17", "evs:volumes:attach"},
  {"7.2.1", "evs:snapshots:create evs:volumes:get"},
  {"7.2.2", "evs:snapshots:delete evs:snapshots:get evs:volumes:get"},
  {"7.2.3", "evs:snapshots:update evs:snapshots:get"},
  {"7.2.4", "evs:snapshots:list"},
  {"7.2.5", "evs:snapshots:list"},
  {"7.2.6", "evs:snapshots:get"},
  {"7.3.1", "evs:quotas:get"},
  {"7.4.1", "evs:transfers:create"},
  {"7.4.2", "evs:transfers:accept"},
  {"7.4.3", "evs:transfers:delete"},
  {"7.4.4", "evs:transfers:get"},
  {"7.4.5", "evs:transfers:list"},
  {"7.4.6", "evs:transfers:list"},
  {"7.5.1", "evs:volumes:update evs:volumes:get"},
  {"7.5.2", "evs:volumes:get"},
  {"7.5.3", "evs:volumes:update evs:volumes:get"},
  {"7.5.4", "evs:volumes:update evs:volumes:get"},
  {"7.5.5", "evs:volumes:get"},
  {"7.5.6", "evs:volumes:delete evs:volumes:get"},
  {"7.5.7", "evs:volumes:get"},
  {"7.6.1", "evs:snapshots:update evs:snapshots:get"},
  {"7.6.2", "evs:snapshots:get"},
  {"7.6.3", "evs:snapshots:update evs:snapshots:get"},
  {"7.6.4", "evs:snapshots:update evs:snapshots:get"},
  {"7.6.5", "evs:snapshots:get"},
  {"7.6.6", "evs:snapshots:delete evs:snapshots:get"},
  {"v1.7.1.7", "evs:volumes:get"},
  {"v5.snapshot.create", "evs:snapshots:create"},
  {"v5.snapshot.list", "evs:snapshots:list"},
  {"v5.snapshot.tags", "evs:snapshots:list"},
  {"v5.snapshot.get", "evs:snapshots:get"},
  {"v5.snapshot.update", "evs:snapshots:update"},
  {"v5.snapshot.delete", "evs:snapshots:delete"},
  {"v5.snapshot.rollback", "evs:snapshots:rollback"},
  {"v5.snapshot.tag", "evs:snapshots:update"},
  {"v5.snapshot.untag", "evs:snapshots:update"},
  {"batch.extend", "evs:volumes:extend"},
  {"retype", "evs:volumes:retype"},
  {"recycle.list", "evs:volumes:list"},
  {"recycle.get", "evs:volumes:get"},
  {"recycle.delete", "evs:volumes:delete"},
  {"recycle.revert", "evs:volumes:update"},
  {"recycle.policy", "evs:volumes:get"},
  {"recycle.policy.set", "evs:volumes:update"},
};

static const char *const free_ops[] = {
  "5.1",   "5.2",   "6.4.1", "v2.6.4.1",       "7.1.9",
  "7.7.1", "7.7.2", "7.8.1", "volumes.action", /* an action that there is not */
  NULL};

/* The first of the operation's names, without the mark of a twin. */
static char *plain_op(const char *ops)
{
  g_auto(GStrv) names = g_strsplit(ops, " ", 2);
  return g_strdup(names[0] + (g_str_has_prefix(names[0], "v3.") ? strlen("v3.") : 0));
}

/* NULL: unknown. "": none needed. */
static const char *actions_of(const char *op)
{
  for (gsize i = 0; i < G_N_ELEMENTS(needed); i++)
    if (strcmp(needed[i].op, op) == 0)
      return needed[i].actions;
  return g_strv_contains(free_ops, op) ? "" : NULL;
}

/* ---- the table ---- */

static void check_route(const Route *route, const char *key, const char *value, void *argument)
{
  guint *count = argument;
  g_autofree char *op = plain_op(route->op);
  const char *actions = route->service == SIM_SERVICE_EVS ? actions_of(op) : NULL;
  (void)key;
  (void)value;
  if (route->service != SIM_SERVICE_EVS)
    return;
  ++*count;
  if (!actions)
    fail_msg("%s %s: this test does not know the operation", route->op, route->path);
  if (strcmp(actions, route->action ? route->action : "") != 0)
    fail_msg("%s %s needs '%s', not '%s'", route->op, route->path, route->action, actions);
}

static void routes_need_their_actions(void **state)
{
  const Cloud *cloud = *state;
  guint count = 0;
  router_visit(cloud->sim, check_route, &count);
  assert_true(count > 50);
}

/* ---- all operations ---- */

typedef struct {
  const char *op;
  gboolean served;
} Wanted;

static void look_for(const Route *route, const char *key, const char *value, void *argument)
{
  Wanted *wanted = argument;
  g_auto(GStrv) names = g_strsplit(route->op, " ", -1);
  (void)key;
  (void)value;
  wanted->served |= g_strv_contains((const char *const *)names, wanted->op);
}

/* The operations of the reference's sections 5 to 7: those whose names begin with a digit. */
static void every_operation_is_served(void **state)
{
  const Cloud *cloud = *state;
  guint count = 0, served = 0;
  const gsize all = G_N_ELEMENTS(needed) + G_N_ELEMENTS(free_ops) - 1;
  for (gsize i = 0; i < all; i++) {
    Wanted wanted = {i < G_N_ELEMENTS(needed) ? needed[i].op : free_ops[i - G_N_ELEMENTS(needed)], FALSE};
    router_visit(cloud->sim, look_for, &wanted);
    if (!wanted.served)
      fail_msg("%s is not served", wanted.op);
    count += g_ascii_isdigit(*wanted.op) != 0;
    served += g_ascii_isdigit(*wanted.op) && wanted.served;
  }
  print_message("evs-sim %u/%u\n", served, count);
  assert_int_equal(count, 74);
}

/* ---- what it does ---- */

typedef struct {
  Cloud *cloud;
  User *user;
} Caller;

/* The path with something in its braces. */
static char *target_of(const Route *route)
{
  g_auto(GStrv) segments = g_strsplit(route->path, "/", -1);
  for (char **segment = segments; *segment; segment++) {
    if (**segment != '{')
      continue;
    gboolean project = strcmp(*segment, "{project_id}") == 0;
    g_free(*segment);
    *segment = g_strdup(project ? ALPHA_PROJECT : NO_SUCH_ID);
  }
  g_autofree char *path = g_strjoinv("/", segments);
  return g_strconcat("/evs", path, NULL);
}

/* As reader, who may do no more than this. */
static Answer call_as(const Caller *caller, const char *actions, const Route *route, const char *key,
                      const char *value)
{
  g_autofree char *target = target_of(route);
  g_autofree char *body = !key    ? g_strdup("{}")
                          : value ? g_strdup_printf("{\"%s\":\"%s\"}", key, value)
                                  : g_strdup_printf("{\"%s\":{}}", key);
  g_strfreev(caller->user->actions);
  caller->user->actions = g_strsplit(actions, " ", -1);
  g_autofree char *token = cloud_login(caller->cloud, "reader");
  const char *const headers[] = {"X-Auth-Token", token, NULL};
  return cloud_request(caller->cloud, route->method, target, body, headers);
}

static void try_route(const Route *route, const char *key, const char *value, void *argument)
{
  const Caller *caller = argument;
  if (route->service != SIM_SERVICE_EVS || !route->action)
    return;
  g_auto(Answer) nothing = call_as(caller, "", route, key, value);
  answer_expect(&nothing, 403, "EVS.0003");
  g_auto(GStrv) all = g_strsplit(route->action, " ", -1);
  for (guint without = 0; all[without]; without++) {
    GString *rest = g_string_new("none:at:all");
    for (guint i = 0; all[i]; i++)
      if (i != without)
        g_string_append_printf(rest, " %s", all[i]);
    g_autofree char *others = g_string_free(rest, FALSE);
    g_auto(Answer) refused = call_as(caller, others, route, key, value);
    answer_expect(&refused, 403, "EVS.5403");
    g_autofree char *denied = g_strdup_printf("evs:* !%s", all[without]);
    g_auto(Answer) forbidden = call_as(caller, denied, route, key, value);
    answer_expect(&forbidden, 403, "EVS.2056");
  }
  g_auto(Answer) taken = call_as(caller, route->action, route, key, value);
  if (taken.status == 403)
    fail_msg("%s: 403 %s in spite of '%s'", route->op, taken.code, route->action);
}

static User *find_user(const Sim *sim, const char *name)
{
  const Account *alpha = sim_account(sim, "alpha");
  for (guint i = 0; i < alpha->users->len; i++) {
    User *user = g_ptr_array_index(alpha->users, i);
    if (strcmp(user->name, name) == 0)
      return user;
  }
  fail_msg("there is no user '%s'", name);
  return NULL;
}

static void least_privilege_is_enough_and_less_is_not(void **state)
{
  Cloud *cloud = *state;
  Caller caller = {.cloud = cloud, .user = find_user(cloud->sim, "reader")};
  router_visit(cloud->sim, try_route, &caller);
}

static void tokens_are_texts(void **state)
{
  Cloud *cloud = *state;
  const char *const headers[] = {"X-Auth-Token", "no token", NULL};
  g_auto(Answer) answer = cloud_request(cloud, "GET", EVS_DISKS "detail", NULL, headers);
  answer_expect(&answer, 400, "EVS.0002");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(routes_need_their_actions),
    TEST(every_operation_is_served),
    TEST(least_privilege_is_enough_and_less_is_not),
    TEST(tokens_are_texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
