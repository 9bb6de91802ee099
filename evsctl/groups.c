/* All groups of commands. */
#include "evsctl/commands.h"

extern const CommandGroup adopt_group;
extern const CommandGroup api_group;
extern const CommandGroup bundle_group;
extern const CommandGroup complete_group;
extern const CommandGroup completion_group;
extern const CommandGroup csi_group;
extern const CommandGroup doctor_group;
extern const CommandGroup explain_group;
extern const CommandGroup man_group;
extern const CommandGroup orphans_group;
extern const CommandGroup transfer_accept_group;
extern const CommandGroup transfer_cancel_group;
extern const CommandGroup transfer_create_group;
extern const CommandGroup transfer_status_group;

/* Groups with files of their own, shown behind those of the API. */
static const CommandGroup *const own_groups[] = {
  &csi_group,   &api_group,    &doctor_group,     &orphans_group, &explain_group,
  &adopt_group, &bundle_group, &completion_group, &man_group,     &complete_group,
};

/* Commands that stand before those of the API in the group of the same name. */
static const CommandGroup *const beside_operations[] = {&transfer_create_group, &transfer_accept_group,
                                                        &transfer_status_group, &transfer_cancel_group};

enum { MAX_GROUPS = 64 };

static gsize count_beside(void)
{
  gsize count = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(beside_operations); i++)
    count += beside_operations[i]->count;
  return count;
}

static CommandGroup *operation_group_make(const OperationGroup *named)
{
  CommandGroup *group = g_new0(CommandGroup, 1);
  Command *commands = g_new0(Command, operation_command_count + count_beside());
  *group = (CommandGroup){.name = named->name, .summary = named->summary, .commands = commands};
  for (gsize i = 0; i < G_N_ELEMENTS(beside_operations); i++) {
    const CommandGroup *beside = beside_operations[i];
    for (gsize j = 0; g_str_equal(beside->name, named->name) && j < beside->count; j++)
      commands[group->count++] = beside->commands[j];
  }
  for (gsize i = 0; i < operation_command_count; i++) {
    if (g_str_equal(operation_commands[i].group, named->name))
      commands[group->count++] = operation_command_make(&operation_commands[i]);
  }
  return group;
}

/* Made once, for the life of the process; the main thread alone. */
const CommandGroup *const *command_groups(void)
{
  static const CommandGroup *groups[MAX_GROUPS];
  gsize count = 0;
  if (groups[0])
    return groups;
  for (const OperationGroup *named = operation_groups; named->name; named++)
    groups[count++] = operation_group_make(named);
  for (gsize i = 0; i < G_N_ELEMENTS(own_groups); i++)
    groups[count++] = own_groups[i];
  g_assert(count < MAX_GROUPS);
  return groups;
}

const CommandGroup *command_group_find(const char *name)
{
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    if (g_str_equal((*group)->name, name))
      return *group;
  }
  return NULL;
}

FlagSet *command_flags(const Command *command, void *options)
{
  FlagSet *set = flag_set_new();
  flag_set_add(set, command->flags, command->flag_count, options);
  if (command->add_flags)
    command->add_flags(command, set, options);
  return set;
}
