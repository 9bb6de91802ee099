/* limit, offset and marker of a list request (evs-facts 4.3), and the rows they leave. */
#pragma once

#include "evssim/sim.h"

enum { LIST_LIMIT_MAX = 1000 };

typedef struct {
  gint64 limit, offset; /* 1..1000, default 1000 */
  const char *marker;   /* NULL: none */
} ListPage;

/* Answers what is wrong (EVS.5400, 2142, 1023, 1024) and returns FALSE. */
gboolean list_page_read(Request *request, ListPage *ret_page);

/* The rows [*ret_start, *ret_end) of an array of structs that begin with their `char *id`. FALSE if the marker is in no row;
 * nothing is answered. */
gboolean list_page_cut(const ListPage *page, const GPtrArray *rows, guint *ret_start, guint *ret_end);
