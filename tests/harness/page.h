/* The pages of a plugin that was started with --http-endpoint=127.0.0.1:0 (PAGE_OPTION), and what its /metrics says. */
#pragma once

#include "tests/harness/plugin.h"

#define PAGE_OPTION "--http-endpoint=127.0.0.1:0"

/* The port that its log names. */
guint16 plugin_http_port(const Plugin *plugin);

/* The whole answer to GET path, status line and headers included. Newly allocated. */
char *plugin_page(const Plugin *plugin, const char *path);

/* The body of /metrics. Newly allocated. */
char *plugin_metrics(const Plugin *plugin);

/* The value of one series on such a page, as it is written there ("evs_ready", "evs_rpc_total{method=\"Probe\",code=\"OK\"}");
 * NAN when the page lacks it. */
double metrics_value(const char *page, const char *series);
