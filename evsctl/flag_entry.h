/* Inside of a FlagSet: one flag, whatever it writes into. */
#pragma once

#include "evsctl/flags.h"

typedef struct FlagEntry FlagEntry;
struct FlagEntry {
  FlagView view;
  /* text: the value as typed, "true" for a switch without one. */
  gboolean (*set)(const FlagEntry *entry, const char *text, GError **error);
  const void *source;   /* the Flag or the EvsField */
  void *target;         /* the options or the record */
  char *name, *accepts; /* owned */
  gboolean given;
};

/* Takes the entry over. */
void flag_set_add_entry(FlagSet *set, FlagEntry *entry);
/* INVALID_ARGUMENT "--size: 5: ... is expected". */
gboolean flag_entry_refuse(const FlagEntry *entry, const char *text, const char *accepts, GError **error);
