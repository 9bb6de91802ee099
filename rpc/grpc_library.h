/* gRPC C core as a library of the process: counted initialisation, its log lines in ours. */
#pragma once

#include <glib.h>

/* Each call needs one grpc_library_release(). The first one starts gRPC's threads: block signals before. */
void grpc_library_acquire(void);
void grpc_library_release(void);

/* The last error line that gRPC logged, for those of its failures that only the log explains; "" when there was
 * none. Newly allocated. */
char *grpc_library_last_error(void);
