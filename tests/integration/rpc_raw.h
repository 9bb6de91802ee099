/* HTTP/2 by hand over the server's socket: for what no proper gRPC client does. */
#pragma once

#include <glib.h>

/* A connected socket after the preface and empty SETTINGS; -1 when nobody accepts. */
int raw_connect(const char *path);

/* Sends the header block of a gRPC request on stream 1: ":authority" and "grpc-encoding" only when not NULL. */
void raw_send_headers(int fd, const char *method_path, const char *authority, const char *encoding);
/* Sends the message in one DATA frame that ends the stream's sending side; compressed is only its flag. */
void raw_send_message(int fd, const void *bytes, gsize length, gboolean compressed);
/* Sends bytes as they are; FALSE when the peer is gone. */
gboolean raw_send(int fd, const void *bytes, gsize length);

/* Reads until the peer ends the connection, or a frame ends stream 1 (headers with END_STREAM, RST_STREAM). TRUE if
 * that came within the time. */
gboolean raw_wait_end(int fd, gint64 timeout_ms);
