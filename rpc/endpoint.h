/* The unix socket of a server: its name, its lock file, what stands at its path. */
#pragma once

#include <glib.h>

typedef struct {
  char *path;   /* as given, without the scheme */
  char *target; /* what gRPC wants: "unix:<path>" */
} RpcEndpoint;

/* "unix:///abs/path", "unix:path" or "/abs/path", the path 1 to 107 bytes. Everything else (tcp, abstract sockets)
 * is INVALID_ARGUMENT saying what is accepted. */
gboolean rpc_endpoint_parse(const char *text, RpcEndpoint *ret_endpoint, GError **error);
void rpc_endpoint_clear(RpcEndpoint *endpoint);

/* Makes the path ours to listen on and returns the lock's fd, to be closed when the server has stopped; -1 on error.
 * The lock file "<path>.lock" stays: removing it would let two instances hold locks on two files of one name.
 * INVALID_ARGUMENT: the directory is missing, or something other than a socket stands at the path (it is left alone).
 * FAILED_PRECONDITION: another instance holds the lock, or somebody without it answers on the socket. */
int rpc_endpoint_lock(const RpcEndpoint *endpoint, GError **error);
