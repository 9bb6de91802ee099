#include "rpc/grpc_library.h"

#include "base/log.h"
#include "base/thread.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>

static Mutex lock = MUTEX_INIT;
static char *last_error;

static void write_line(gpr_log_func_args *arguments)
{
  if (arguments->severity != GPR_LOG_SEVERITY_ERROR) {
    log_debug("grpc", LOG_TEXT("text", arguments->message));
    return;
  }
  {
    MUTEX_HOLD(&lock);
    g_free(last_error);
    last_error = g_strdup(arguments->message);
  }
  log_error("grpc", LOG_TEXT("text", arguments->message));
}

#ifdef EVS_LOCK_ORDER_CHECK
/* absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle): an enumeration, 0 is kIgnore. */
extern void absl_check_lock_order(int mode) __asm__(EVS_LOCK_ORDER_CHECK);
#else
static void absl_check_lock_order(int mode)
{
  (void)mode; /* abseil is built with NDEBUG, or unknown */
}
#endif

void grpc_library_acquire(void)
{
  absl_check_lock_order(0); /* core's own locks: nothing of ours is found by it */
  gpr_set_log_function(write_line);
  gpr_set_log_verbosity(log_enabled(LOG_LEVEL_DEBUG) ? GPR_LOG_SEVERITY_INFO : GPR_LOG_SEVERITY_ERROR);
  grpc_init();
}

void grpc_library_release(void)
{
  grpc_shutdown();
}

char *grpc_library_last_error(void)
{
  MUTEX_HOLD(&lock);
  return g_strdup(last_error ? last_error : "");
}
