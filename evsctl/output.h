/* How commands show what they found: a table for people, JSON or YAML for programs, all of the same json_t. What the cloud
 * wrote is hostile: control characters never reach the terminal. No state, any thread.
 */
#pragma once

#include "evsclient/json.h"

#include <stdio.h>

typedef enum { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_YAML } OutputFormat;

/* NULL-terminated: "table", "json", "yaml", in the order of the enum. */
extern const char *const output_formats[];

/* columns: "id name size:SIZE(GIB) attachments/server_id": paths into an array's objects, '/' leads through objects and
 * arrays, what follows the last ':' is another heading; NULL: all members of the first object. An array of objects is a
 * table with a line each, an object a line per member, whatever the columns. width: of the terminal, to which the columns
 * behind the first are cut; 0: no cut. Newly allocated, ends with a line feed. */
char *output_table(const json_t *value, const char *columns, gsize width);

/* YAML 1.2, block style; reads back as exactly the same value, with YAML 1.1 readers too. Newly allocated. */
char *output_yaml(const json_t *value);

/* Indented JSON, members in the order given. Newly allocated. */
char *output_json(const json_t *value);

/* Writes to out in this format, a table as wide as the terminal if out is one. */
void output_write(FILE *out, OutputFormat format, const json_t *value, const char *columns);

/* Printable text without control characters, for a terminal: those become '?'. Newly allocated. */
char *output_plain_text(const char *text);
