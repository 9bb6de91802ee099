/* evsctl: the operator's tool. `evsctl GROUP ...` hands over to the group. */
#include "base/log.h"
#include "evsctl/command.h"
#include "version.h"

typedef struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary;
} Group;

static const Group groups[] = {
  {"csi", csi_command_run, "make any CSI call by hand"},
};

static void print_help(FILE *out)
{
  fputs("usage: evsctl GROUP ...\n"
        "       evsctl --version\n\ngroups (each has --help):\n",
        out);
  for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
    fprintf(out, "  %-10s %s\n", groups[i].name, groups[i].summary);
  fputs("\nexit status: 0 done, 1 failed, 2 wrong usage\n", out);
}

static int unknown_group(const char *name)
{
  fprintf(stderr, "evsctl: '%s' is no group; there is", name);
  for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
    fprintf(stderr, "%s %s", i ? "," : "", groups[i].name);
  fputs("\n", stderr);
  return EXIT_USAGE;
}

int main(int argc, char **argv)
{
  log_init(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
  if (argc < 2) {
    print_help(stderr);
    return EXIT_USAGE;
  }
  if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h")) {
    print_help(stdout);
    return EXIT_OK;
  }
  if (g_str_equal(argv[1], "--version")) {
    printf("evsctl %s\n", EVS_VERSION);
    return EXIT_OK;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
    if (g_str_equal(argv[1], groups[i].name))
      return groups[i].run(argc - 1, argv + 1);
  }
  return unknown_group(argv[1]);
}
