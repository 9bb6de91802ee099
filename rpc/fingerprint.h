/* Are two requests equal? A SHA-256 over a canonical form of the message in which map entries are sorted by key (the
 * last of equal keys wins, as protobuf has it), because Go clients send maps in a random order. The message's type
 * is part of it. */
#pragma once

#include "base/flight.h"

#include <protobuf-c/protobuf-c.h>

void rpc_fingerprint(const ProtobufCMessage *message, guint8 ret_fingerprint[FLIGHT_FINGERPRINT_BYTES]);
