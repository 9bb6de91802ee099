/* What every handler of the controller plugin works with, and the tables that make its two CSI services. */
#pragma once

#include "controller/attempts.h"
#include "controller/capacity_cache.h"
#include "controller/deleted_disks.h"
#include "controller/recycle_bin.h"
#include "controller/server_lane.h"
#include "controller/shared_list.h"
#include "controller/transit.h"
#include "evsclient/watcher.h"
#include "ownership/owner.h"
#include "rpc/identity.h"

/* Borrowed by the server for its whole life; any thread reads it. */
typedef struct {
  Owner owner;
  gboolean list_owned_only;         /* ListVolumes shows only this cluster's disks */
  gboolean warn_unknown_parameters; /* an unknown StorageClass parameter is logged, not refused */
  gboolean enable_retype;           /* ControllerModifyVolume may change the type */
  FeatureGates gates;
  PluginIdentity identity; /* set by controller_add_services() */
  EvsClient *client;
  EvsWatcher *watcher;
  ServerLanes *lanes;
  Transits *transits;
  Attempts *attempts;
  DeletedDisks *deleted_disks;
  SharedLists *snapshots_of; /* snapshots by disk: delete_guard.h */
  CapacityCache *capacity;
  RecycleBin *recycle_bin;
} Controller;

/* Adds Identity and Controller to the server (methods.c). The controller must outlive it. */
void controller_add_services(RpcServer *server, Controller *controller);

/* ---- handlers, one file each; all of the type RpcHandler, data is the Controller ---- */

ProtobufCMessage *controller_get_capabilities(RpcCall *call, const void *request, void *data, GError **error);

ProtobufCMessage *create_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *delete_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *publish_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *unpublish_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *validate_capabilities(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *list_volumes(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *expand_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *modify_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *get_volume_health(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *list_volume_health(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *get_capacity(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *get_volume(RpcCall *call, const void *request, void *data, GError **error);

ProtobufCMessage *create_snapshot(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *delete_snapshot(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *list_snapshots(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *get_snapshot(RpcCall *call, const void *request, void *data, GError **error);

/* ---- keys of the single flights (RpcKeyFunc): they refuse what can be refused without I/O ---- */

char *expand_volume_key(const void *request, void *data, GError **error);
char *modify_volume_key(const void *request, void *data, GError **error);
char *create_volume_key(const void *request, void *data, GError **error);
char *delete_volume_key(const void *request, void *data, GError **error);
char *publish_volume_key(const void *request, void *data, GError **error);
char *unpublish_volume_key(const void *request, void *data, GError **error);
char *create_snapshot_key(const void *request, void *data, GError **error);
char *delete_snapshot_key(const void *request, void *data, GError **error);
