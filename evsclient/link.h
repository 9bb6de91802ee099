/* Links as the OpenStack faces of the API give them. They name hosts of their own; the library never follows one. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *rel, *href; /* rel: "self", "bookmark", "next", "describedby" */
  char *type;       /* "" if none */
} EvsLink;

G_END_DECLS
