/* Metrics of the process itself under the names that every Prometheus client library uses: CPU time, memory, descriptors,
 * start. Read from /proc when a page is rendered. */
#pragma once

/* Once, before the first page. */
void process_metrics_declare(void);
