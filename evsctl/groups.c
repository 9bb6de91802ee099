/* All groups of commands. */
#include "evsctl/command.h"

extern const CommandGroup api_group;
extern const CommandGroup csi_group;

static const CommandGroup *const groups[] = {
  &csi_group,
  &api_group,
  NULL,
};

const CommandGroup *const *command_groups(void)
{
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
