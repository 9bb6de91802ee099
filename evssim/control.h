/* What the files of /_sim share. */
#pragma once

#include "evssim/sim.h"

/* The body as an object with no keys but these (NULL: any); NULL: answered. Borrowed. */
json_t *control_body(Request *request, const char *const *keys);
/* {"error":{"code":"Sim.<status>","message"}} */
void control_reply_error(Request *request, const GError *error);
/* A disk as GET /_sim/state shows it. */
json_t *control_disk_json(const Sim *sim, const Disk *disk);

void control_handle_disk_put(Request *request); /* control_disks.c */
