/* Follows the cloud-config file, so that rotated keys work without a restart.
 *
 * The file is looked at every RELOAD_INTERVAL_MS by stat (Secret volumes swap a symlink, which inotify on the file
 * would miss) and read again when it has changed. A file that cannot be read or is not valid is logged once per change
 * and the old configuration stays in use. */
#pragma once

#include "evsclient/client.h"

enum { RELOAD_INTERVAL_MS = 10 * 1000 };

typedef struct Reload Reload;

/* Loads the file and remembers what it looked like. Errors of evs_config_load(). */
Reload *reload_open(const char *path, EvsConfig **ret_config, GError **error);

/* Starts the thread. client must outlive it. */
void reload_start(Reload *reload, EvsClient *client);

/* Ends the thread, if it was started, and frees. NULL is fine. */
void reload_stop(Reload *reload);
