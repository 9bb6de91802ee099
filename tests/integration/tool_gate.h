/* Holding or killing the tools that the node starts (mkfs.*, resize2fs, xfs_growfs ...), the real ones, at a chosen point:
 * a directory in front of PATH with scripts of their names. For plugins that are started after gate_init(). */
#pragma once

#include "tests/integration/node_support.h"

#include "base/thread.h"

typedef struct {
  Harness *harness;
  char *bin, *reached;
} Gate;

void gate_init(Gate *gate, Harness *harness);
void gate_clear(Gate *gate);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Gate, gate_clear)

/* Runs this shell script instead of the tool. */
void gate_script(const Gate *gate, const char *tool, const char *script);
/* The tool dies ("kill") or is held ("hold") before its n-th write to a block device, from 1. */
void gate_close(const Gate *gate, const char *tool, int at, const char *action);
/* The whole tool is held before it begins, or after it has done all its work and before its end is seen. */
void gate_hold_before(const Gate *gate, const char *tool);
void gate_hold_after(const Gate *gate, const char *tool);
/* The next run of the tool is undisturbed; one that is held stays held. */
void gate_open(const Gate *gate, const char *tool);
/* A held tool goes on. */
void gate_release(const Gate *gate);

/* For wait_until(): is a tool held (data: the Gate)? Has no process this name any more (data: the tool's name)? */
gboolean gate_reached(void *data);
gboolean gate_tool_gone(void *data);

/* The process of this tool, orphaned or not; 0: there is none. */
int gate_tool_pid(const char *tool);

/* A call whose answer is lost, because the plugin dies or nobody looks at it. request is taken over. */
typedef struct {
  const Plugin *node;
  const char *method;
  json_t *request;
} LostCall;
/* For thread_start(); argument: a LostCall. */
void *call_and_lose_the_answer(void *argument);
