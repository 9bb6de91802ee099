/* Lanes: one attach or detach at a time per server, as ECS wants it (cloud-facts.md A7); detaches go first, because a
 * pod waits for the disk on another node.
 *
 * Within one process only: a second controller is refused by ECS itself. A holder whose operation is stuck gives its
 * lane up after LANE_STUCK_MS (server_lane_slice()); what becomes of it then, transit.h and detach.h say.
 * Threads: any. Waiters are bounded by the threads of the RPC pools. */
#pragma once

#include "evsclient/client.h"

typedef struct ServerLanes ServerLanes;
typedef struct LaneHold LaneHold;

typedef enum { LANE_DETACH, LANE_ATTACH, LANE_N_USES } LaneUse;

enum { LANE_STUCK_MS = 120 * 1000 };

/* stuck_ms: LANE_STUCK_MS; less in tests. */
ServerLanes *server_lanes_new(gint64 stuck_ms);
/* No lane may be held. NULL is fine. */
void server_lanes_free(ServerLanes *lanes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerLanes, server_lanes_free)

/* Waits for the server's lane. NULL with ABORTED when the context ends first. */
LaneHold *server_lane_enter(ServerLanes *lanes, const char *server_id, LaneUse use, const EvsContext *context,
                            GError **error);

/* Lets the next one in and frees the hold. NULL is fine. */
void server_lane_leave(LaneHold *hold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LaneHold, server_lane_leave)

/* The context of a wait inside the lane: as `context`, but at most until the hold counts as stuck. */
EvsContext server_lane_slice(const LaneHold *hold, const EvsContext *context);

/* TRUE once the hold has lasted stuck_ms. */
gboolean server_lane_stuck(const LaneHold *hold);

/* Servers with a held lane, and calls that wait for one; for tests. */
guint server_lanes_busy(ServerLanes *lanes);
guint server_lanes_waiting(ServerLanes *lanes);
