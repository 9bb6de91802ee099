/* Everything of evsclient that reads what the cloud sends, fed with any bytes: JSON, the decoder of every operation's
 * answer, what is shown of it, error bodies, times, the cloud-config. Input that begins with '=' is text that somebody types:
 * it goes into every field of the request and query of an operation, which the next byte chooses. Aborts when an invariant breaks; the sanitizers watch the rest. Used by the fuzzer (libfuzzer.c) and, with fixed inputs, by a unit test. */
#pragma once

#include <glib.h>

void decode_any(const guint8 *data, gsize size);
