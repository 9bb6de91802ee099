/* evsctl completion: the scripts that make a shell ask `evsctl complete`. */
#include "evsctl/command.h"

static const char bash_script[] =
  "# evsctl in bash: source it, or put it into /usr/share/bash-completion/completions/evsctl\n"
  "_evsctl()\n"
  "{\n"
  "  local IFS=$'\\n' line\n"
  "  COMPREPLY=()\n"
  "  while read -r line; do\n"
  "    COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
  "  done < <(\"${COMP_WORDS[0]}\" complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
  "  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then\n"
  "    compopt -o nospace 2>/dev/null\n"
  "  fi\n"
  "}\n"
  "complete -o default -F _evsctl evsctl\n";

static const char zsh_script[] =
  "#compdef evsctl\n"
  "# evsctl in zsh: put it as _evsctl into a directory of $fpath, or source it\n"
  "_evsctl()\n"
  "{\n"
  "  local -a lines words_plain\n"
  "  lines=(\"${(@f)$(\"${words[1]}\" complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
  "  words_plain=(\"${(@)lines%%$'\\t'*}\")\n"
  "  if [[ -z ${lines[1]} ]]; then\n"
  "    _files\n"
  "  elif (( ${#words_plain} == 1 )) && [[ ${words_plain[1]} == *= ]]; then\n"
  "    compadd -S '' -- \"${words_plain[@]}\"\n"
  "  else\n"
  "    compadd -d lines -l -- \"${words_plain[@]}\"\n"
  "  fi\n"
  "}\n"
  "if [[ ${funcstack[1]} == _evsctl ]]; then\n"
  "  _evsctl \"$@\"\n"
  "else\n"
  "  compdef _evsctl evsctl\n"
  "fi\n";

static int run(Session *session, const Command *command, void *options, char **arguments)
{
  (void)session;
  (void)options;
  (void)arguments;
  fputs(command->data, stdout);
  return EXIT_OK;
}

static const Command commands[] = {
  {.verb = "bash", .arguments = "", .summary = "print the script for bash", .run = run, .data = bash_script},
  {.verb = "zsh", .arguments = "", .summary = "print the script for zsh", .run = run, .data = zsh_script},
};

const CommandGroup completion_group =
  COMMAND_GROUP("completion", "completion of command lines by the shell", commands);
