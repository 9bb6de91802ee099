/* Asking the metadata service who this server is (OpenStack's meta_data.json, with the session token of newer
 * clouds). Part of evs-csi-metadata only: the one place of the node that links an HTTP client. */
#pragma once

#include <glib.h>

enum {
  METADATA_MAX_BYTES = 1024 * 1024,
  METADATA_CONNECT_MS = 2000,
  METADATA_REQUEST_MS = 5000,
  METADATA_TOKEN_TTL_S = 60,
  METADATA_ATTEMPTS = 3,
};

/* url: "http://169.254.169.254". Returns the document's text (newly allocated), or NULL with UNAVAILABLE.
 * A token is asked for first; a service that knows none (404, 405, 503) or does not answer the PUT is asked without;
 * one refused with 401 is renewed once. Redirects and proxies are not used. */
char *metadata_fetch(const char *url, GError **error);

/* {"node_id":"<uuid>","zone":"<availability_zone>","region":..,"project_id":..}: the last two only if the document
 * has them and they are plain. Newly allocated, or NULL with UNAVAILABLE naming what is missing. */
char *metadata_digest(const char *document, GError **error);
