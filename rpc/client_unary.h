/* One unary call on the wire, as client.c and client_load.c make it. Nobody else includes this. */
#pragma once

#include <grpc/grpc.h>

/* What a unary call takes in. */
typedef struct {
  grpc_metadata_array initial, trailing;
  grpc_byte_buffer *message;
  grpc_status_code status;
  grpc_slice details;
} UnaryReply;

/* Starts the whole call as one operation; reply is filled when the tag comes. It needs unary_clear() in any case. */
grpc_call_error unary_start(grpc_call *call, grpc_byte_buffer *request, UnaryReply *reply, void *tag);
void unary_clear(UnaryReply *reply);
