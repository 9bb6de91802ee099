/* An answer's body as libcurl hands it over, with a ceiling: for the helpers that ask the metadata service and the API
 * server. */
#pragma once

#include <glib.h>

typedef struct {
  GString *text; /* borrowed; what has come is appended */
  gsize most;    /* bytes */
  gboolean too_large;
} HttpBody;

/* CURLOPT_WRITEFUNCTION; user_data: an HttpBody. What would exceed the ceiling sets too_large and ends the transfer. */
size_t http_body_take(char *data, size_t size, size_t count, void *user_data);
