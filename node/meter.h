/* The node plugin's own metrics: evs_node_* (docs/metrics.md). Any thread. filesystem is a name of the table in
 * filesystem.h, so the series are few: idle they take a few kB. */
#pragma once

#include "node/node.h"

/* Shows the families that need no label, and the attach slots of each page, until the end. The node must outlive it. */
void node_meter_begin(Node *node);
void node_meter_end(Node *node);

/* started_us: clock_now_us() of the beginning; the end is now. */
void node_meter_device_wait(gint64 started_us);
void node_meter_format(const char *filesystem, gint64 started_us);

typedef enum { NODE_CHECK_CLEAN, NODE_CHECK_REPAIRED, NODE_CHECK_MENDED, NODE_CHECK_FAILED } NodeCheckResult;
void node_meter_check(const char *filesystem, NodeCheckResult result, gint64 started_us);
void node_meter_grow(const char *filesystem, gboolean ok, gint64 started_us);

/* type: the file system or "bind". */
void node_meter_mount(const char *type, gboolean ok);
void node_meter_unmount(gboolean ok);
