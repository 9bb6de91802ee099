/* The table of docs/metrics.md and what a plugin shows. */
#pragma once

/* plugin: "controller" or "node"; page: its /metrics. Every family of one must be in the other, with the same type and
 * labels: NULL if so, else what is not, a line each (newly allocated). */
char *metrics_compare(const char *plugin, const char *page);
