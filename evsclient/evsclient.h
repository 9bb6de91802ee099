/* libevsclient: everything the EVS API offers, as typed calls. This includes all of its public headers; docs/libevsclient.md
 * shows how to build against it. Each header is the manual of its subject and names the section of the EVS API reference
 * that it implements.
 *
 *     g_autoptr(EvsConfig) config = evs_config_load("cloud-config", &error);
 *     g_autoptr(EvsClient) client = evs_client_new(config, &error);
 *     EvsContext context = {.deadline_us = g_get_monotonic_time() + 60 * G_USEC_PER_SEC};
 *     g_autoptr(EvsDisk) disk = evs_disk_get(client, &context, volume_id, &error);
 *
 * Rules of all calls
 * - They block the calling thread, at most until the context's deadline. Any number of threads may share a client.
 * - What a function returns is the caller's, to be freed by the function that its header names; what is passed in stays the
 *   caller's.
 * - Failure: NULL or FALSE with *error of domain EVS_ERROR (base/error.h): gRPC code, the cloud's code, request id, remedy, and
 *   whether the cloud may have taken the request.
 */
#pragma once

#include "base/error.h"
#include "evsclient/api_version.h"
#include "evsclient/catalog.h"
#include "evsclient/cinder.h"
#include "evsclient/client.h"
#include "evsclient/config.h"
#include "evsclient/disk.h"
#include "evsclient/disk_change.h"
#include "evsclient/iterator.h"
#include "evsclient/job.h"
#include "evsclient/link.h"
#include "evsclient/log_lines.h"
#include "evsclient/metadata.h"
#include "evsclient/project.h"
#include "evsclient/quota.h"
#include "evsclient/recycle_bin.h"
#include "evsclient/server.h"
#include "evsclient/snapshot.h"
#include "evsclient/tag.h"
#include "evsclient/transfer.h"
#include "evsclient/watcher.h"
