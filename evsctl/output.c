#include "evsctl/output.h"

#include "evsctl/terminal.h"

const char *const output_formats[] = {"table", "json", "yaml", NULL};

char *output_json(const json_t *value)
{
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(2));
  char *line = g_strconcat(text, "\n", NULL);
  free(text);
  return line;
}

void output_write(FILE *out, OutputFormat format, const json_t *value, const char *columns)
{
  g_autofree char *text = format == OUTPUT_JSON   ? output_json(value)
                          : format == OUTPUT_YAML ? output_yaml(value)
                                                  : output_table(value, columns, terminal_width(out));
  fputs(text, out);
}
