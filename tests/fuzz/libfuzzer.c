/* The entry that libFuzzer calls: see decode.h. */
#include "tests/fuzz/decode.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  decode_any(data, size);
  return 0;
}
