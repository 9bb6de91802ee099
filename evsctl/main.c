/* evsctl: the operator's tool. */
#include "evsctl/command.h"

int main(int argc, char **argv)
{
  return argc > 0 ? evsctl_run(argv + 1) : EXIT_USAGE;
}
