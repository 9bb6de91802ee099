/* Where the sample responses of the EVS API reference stand, by line, and how they are repaired. */
#pragma once

#include <glib.h>

typedef struct {
  guint first, last; /* 0: none */
} LineRange;

typedef struct {
  const char *op;
  LineRange answer, error;  /* of success; of status 400 */
  guint items;              /* of a list */
  const char *path, *value; /* something that must have been read; NULL: there is no answer to read */
} Sample;

typedef enum { DROP_LINE, REPLACE_LINE, APPEND_TO_LINE, CUT_LAST } RepairKind;

typedef struct {
  guint line;
  RepairKind kind;
  const char *text;
} Repair;

enum { SAMPLES_WITH_ANSWER = 59, SAMPLES_WITH_ERROR = 71 };

extern const Sample samples[];
extern const gsize samples_count;
/* Beside these, for all samples: a string that is wrapped goes on in the next line; a comma before a closing bracket goes. */
extern const Repair samples_repairs[];
extern const gsize samples_repair_count;
/* Members that no record reads: the reference calls them reserved, unused or meaningless. NULL-terminated. */
extern const char *const samples_ignored[];
