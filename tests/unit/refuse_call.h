/* A kernel without some system call, or a container's seccomp profile that refuses it: from now on, for this process and
 * all that it starts, the call fails with this errno. Cannot be taken back; a later call for the same number wins. */
#pragma once

#include "tests/unit/cmocka_all.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

static inline void refuse_call(guint32 number, guint32 error)
{
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = G_N_ELEMENTS(code), .filter = code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    fail_msg("cannot install a seccomp filter");
}
