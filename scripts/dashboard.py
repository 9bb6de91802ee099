#!/usr/bin/env python3
"""Prints the Grafana dashboard, charts/evs-csi/files/dashboard.json, from the table below; tests/chart/run holds the file
against it.   scripts/dashboard.py >charts/evs-csi/files/dashboard.json

Names of metrics: docs/metrics.md. A release is known by its jobs (charts/evs-csi/templates/monitoring.yaml). Events that are
rare are shown as totals: the first one of a series with labels is in no rate() or increase().
"""
import json

BOTH = 'job=~"$namespace/$release-(controller|node)"'
CONTROLLER = 'job="$namespace/$release-controller"'
NODE = 'job="$namespace/$release-node", node=~"$node"'


def rate(metric, labels):
    return f"rate({metric}{{{labels}}}[$__rate_interval])"


def rate_by(by, metric, labels):
    return f"sum by ({by}) ({rate(metric, labels)})"


def quantile(share, by, metric, labels):
    return f"histogram_quantile({share}, sum by ({by}, le) ({rate(metric + '_bucket', labels)}))"


def mean(by, metric, labels):
    return f"{rate_by(by, metric + '_sum', labels)} / {rate_by(by, metric + '_count', labels)}"


def mean_of_all(by, metric, labels):
    return f"{total(by, metric + '_sum', labels)} / {total(by, metric + '_count', labels)}"


def total(by, metric, labels):
    return f"sum by ({by}) ({metric}{{{labels}}})"


FAILED = 'code=~"INTERNAL|UNKNOWN|DATA_LOSS|UNAVAILABLE"'
# Rows: title, panels per line, panels. Panel: kind, title, unit, what it says, {legend: query}.
ROWS = [
    ("Overview", 6, [
        ("stat", "Controllers ready", "none", "Replicas that can work with the cloud.",
         {"": f"sum(evs_ready{{{CONTROLLER}}}) or vector(0)"}),
        ("stat", "Nodes ready", "none", "Node plugins that answer.", {"": f"sum(evs_ready{{{NODE}}}) or vector(0)"}),
        ("stat", "Operations under way", "none", "On volumes and snapshots, answered early or not.",
         {"": f"sum(evs_pending_operations{{{BOTH}}})"}),
        ("stat", "Oldest operation", "s", "How long it runs.",
         {"": f"max(evs_pending_operation_oldest_age_seconds{{{BOTH}}})"}),
        ("stat", "Failed calls", "percentunit", "Share of the calls that failed for no fault of their user.",
         {"": f"(sum({rate('evs_rpc_total', f'{BOTH}, {FAILED}')}) or vector(0)) / sum({rate('evs_rpc_total', BOTH)})"}),
        ("table", "Versions", "none", "What runs, and how often.",
         {"{{plugin}} {{version}}": f"count by (plugin, version) (evs_build_info{{{BOTH}}})"}),
    ]),
    ("CSI calls", 3, [
        ("lines", "Calls", "reqps", "Answered, by method.",
         {"{{method}}": rate_by("method", "evs_rpc_total", BOTH + ', method!="Probe"')}),
        ("lines", "Answers other than OK", "reqps", "ABORTED says that the operation goes on and the caller should ask again.",
         {"{{method}} {{code}}": rate_by("method, code", "evs_rpc_total", BOTH + ', code!="OK"')}),
        ("lines", "Duration, 95th percentile", "s", "From acceptance to answer.",
         {"{{method}}": quantile(0.95, "method", "evs_rpc_duration_seconds", BOTH)}),
        ("lines", "Operations under way", "none", "By method.", {"{{method}}": total("method", "evs_pending_operations", BOTH)}),
        ("lines", "Age of the oldest operation", "s", "By method.",
         {"{{method}}": f"max by (method) (evs_pending_operation_oldest_age_seconds{{{BOTH}}})"}),
        ("lines", "Open and joined calls", "none", "Calls not yet answered; calls that joined an equal one, in all.",
         {"open": f"sum(evs_rpc_in_flight{{{BOTH}}})",
          "joined {{method}}": total("method", "evs_rpc_joined_total", BOTH)}),
    ]),
    ("Cloud", 3, [
        ("lines", "Requests", "reqps", "Sent to the cloud, every attempt.",
         {"{{operation}}": rate_by("operation", "evs_cloud_calls_total", CONTROLLER)}),
        ("lines", "Refused requests", "reqps", "The cloud's code, else the HTTP status, else no-answer.",
         {"{{operation}} {{code}}": rate_by("operation, code", "evs_cloud_calls_total", CONTROLLER + ', code!~"2.."')}),
        ("lines", "Duration of requests, 95th percentile", "s", "Of single requests.",
         {"{{operation}}": quantile(0.95, "operation", "evs_cloud_call_duration_seconds", CONTROLLER)}),
        ("lines", "Throttled and repeated requests", "none", "In all. Throttled: the cloud wants fewer; repeated: for other reasons.",
         {"throttled {{operation}}": total("operation", "evs_cloud_throttles_total", CONTROLLER),
          "repeated {{operation}}": total("operation", "evs_cloud_retries_total", CONTROLLER)}),
        ("lines", "Requests that wait", "none", "For their turn, on average; and operations held back after a throttle answer.",
         {"waiting {{operation}}": rate_by("operation", "evs_cloud_gate_wait_seconds_total", CONTROLLER),
          "closed {{operation}}": total("operation", "evs_cloud_gate_closed", CONTROLLER)}),
        ("lines", "Work of the cloud awaited", "none", "Operations that the cloud has taken and not ended.",
         {"{{operation}}": total("operation", "evs_cloud_jobs_pending", CONTROLLER)}),
        ("lines", "Lag, 95th percentile", "s", "From the end of the cloud's work until the driver knew.",
         {"{{operation}}": quantile(0.95, "operation", "evs_cloud_job_lag_seconds", CONTROLLER)}),
        ("lines", "Sweeps", "reqps", "Looks at the cloud's list for all that waits.",
         {"{{subject}} {{result}}": rate_by("subject, result", "evs_cloud_sweeps_total", CONTROLLER)}),
        ("lines", "Credentials end in", "s", "Temporary ones. They are renewed 40 minutes before, when a request needs them.",
         {"{{pod}}": f"evs_cloud_credentials_expiry_timestamp_seconds{{{CONTROLLER}}} - time()"}),
        ("lines", "Renewals and reloads", "none", "In all: of temporary credentials, of a changed cloud-config.",
         {"renewals {{result}}": total("result", "evs_cloud_credentials_renewals_total", CONTROLLER),
          "reloads {{result}}": total("result", "evs_config_reloads_total", CONTROLLER)}),
        ("lines", "Cloud-config in use", "none", "1: the file's. 0: the file cannot be read, an older one is used.",
         {"{{pod}}": f"evs_config_last_reload_successful{{{CONTROLLER}}}"}),
        ("lines", "Age of the cloud-config", "s", "Since it was read.",
         {"{{pod}}": f"time() - evs_config_last_reload_success_timestamp_seconds{{{CONTROLLER}}}"}),
    ]),
    ("What should be rare", 3, [
        ("lines", "Duplicates and forced detaches", "none", "In all.",
         {"duplicate disks": f"sum(evs_controller_duplicate_disks_total{{{CONTROLLER}}})",
          "duplicate snapshots": f"sum(evs_controller_duplicate_snapshots_total{{{CONTROLLER}}})",
          "forced detaches": f"sum(evs_controller_forced_detaches_total{{{CONTROLLER}}})"}),
        ("lines", "Disks that hang", "none", "Now, and operations that gave their server's lane up, in all.",
         {"{{status}}": f"max by (status) (evs_controller_stuck_disks{{{CONTROLLER}}})",
          "{{operation}}, in all": total("operation", "evs_controller_stuck_total", CONTROLLER)}),
        ("lines", "Temporary snapshots of clones", "none", "Left over, and removed afterwards.",
         {"left": f"max(evs_controller_leftover_snapshots{{{CONTROLLER}}})",
          "removed": f"sum(evs_controller_leftover_snapshots_removed_total{{{CONTROLLER}}})"}),
    ]),
    ("Nodes", 3, [
        ("lines", "Attach slots", "none", "Taken by volumes, and free for more.",
         {"{{node}} taken": total("node", "evs_node_attach_slots_used", NODE),
          "{{node}} free": total("node", "evs_node_attach_slots", NODE) + " - " + total("node", "evs_node_attach_slots_used", NODE)}),
        ("lines", "Wait for devices", "s", "Until an attached disk was there, on average.",
         {"{{node}}": mean("node", "evs_node_device_wait_seconds", NODE)}),
        ("lines", "Mounts and unmounts", "ops", "bind: for a pod.",
         {"mount {{type}} {{result}}": rate_by("type, result", "evs_node_mounts_total", NODE),
          "unmount {{result}}": rate_by("result", "evs_node_unmounts_total", NODE)}),
        ("lines", "File systems made", "none", "In all.", {"{{filesystem}}": total("filesystem", "evs_node_formats_total", NODE)}),
        ("lines", "Checks of file systems", "none", "In all. mended: a growth that was cut off; failed: needs a person.",
         {"{{filesystem}} {{result}}": total("filesystem, result", "evs_node_filesystem_checks_total", NODE)}),
        ("lines", "File systems grown", "none", "In all.",
         {"{{filesystem}} {{result}}": total("filesystem, result", "evs_node_filesystem_grows_total", NODE)}),
        ("lines", "Time of mkfs, checks and growth", "s", "On average of all since the start.",
         {"mkfs {{filesystem}}": mean_of_all("filesystem", "evs_node_format_duration_seconds", NODE),
          "check {{filesystem}}": mean_of_all("filesystem", "evs_node_filesystem_check_duration_seconds", NODE),
          "grow {{filesystem}}": mean_of_all("filesystem", "evs_node_filesystem_grow_duration_seconds", NODE)}),
    ]),
    ("Processes", 4, [
        ("lines", "CPU", "percentunit", "Of one core.", {"{{pod}}": rate_by("pod", "process_cpu_seconds_total", BOTH + ', container=~"evs-csi-.*"')}),
        ("lines", "Memory", "bytes", "Resident.", {"{{pod}}": total("pod", "process_resident_memory_bytes", BOTH + ', container=~"evs-csi-.*"')}),
        ("lines", "Open files", "none", "File descriptors.", {"{{pod}}": total("pod", "process_open_fds", BOTH + ', container=~"evs-csi-.*"')}),
        ("lines", "Up for", "s", "Since the start of the process.",
         {"{{pod}}": f"time() - max by (pod) (process_start_time_seconds{{{BOTH}, container=~\"evs-csi-.*\"}})"}),
    ]),
]

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, ROW_HEIGHT, HEIGHTS = 24, 1, {"stat": 4, "table": 4, "lines": 8}
KINDS = {"stat": "stat", "table": "table", "lines": "timeseries"}
STYLE = {"fillOpacity": 10, "showPoints": "never", "spanNulls": False}


def panel(number, kind, title, unit, description, queries, place):
    targets = [{"refId": chr(ord("A") + i), "expr": expr, "legendFormat": legend, "datasource": SOURCE}
               for i, (legend, expr) in enumerate(queries.items())]
    made = {"id": number, "type": KINDS[kind], "title": title, "description": description, "gridPos": place, "datasource": SOURCE,
            "fieldConfig": {"defaults": {"unit": unit}, "overrides": []}, "targets": targets}
    if kind == "lines":
        made["fieldConfig"]["defaults"] |= {"min": 0, "custom": STYLE}
        made["options"] = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    elif kind == "table":
        for target in targets:
            target |= {"format": "table", "instant": True}
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "pods"}}}]
    else:
        made["options"] = {"graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return made


def variable(name, label, query, **more):
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE, "refresh": 2, "sort": 1,
            "query": {"query": query, "refId": name}, **more}


VARIABLES = [
    {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
    variable("namespace", "Namespace", "label_values(evs_build_info, namespace)"),
    variable("release", "Release", 'label_values(evs_build_info{namespace="$namespace"}, job)',
             regex="/^[^/]*\\/(.*)-(?:controller|node)$/"),
    variable("node", "Node", 'label_values(evs_build_info{job="$namespace/$release-node"}, node)',
             multi=True, includeAll=True, allValue=".*", current={"text": "All", "value": "$__all"}),
]


def panels():
    top = number = 0
    for title, per_line, entries in ROWS:
        number += 1
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
               "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": ROW_HEIGHT}}
        top += ROW_HEIGHT
        width = WIDTH // per_line
        for i, (kind, *rest) in enumerate(entries):
            number += 1
            place = {"x": i % per_line * width, "y": top + i // per_line * HEIGHTS[kind], "w": width, "h": HEIGHTS[kind]}
            yield panel(number, kind, *rest, place)
        top = place["y"] + place["h"]


def main():
    head = {"uid": "evs-csi", "title": "EVS CSI driver", "tags": ["csi", "storage"], "schemaVersion": 39, "editable": True,
            "refresh": "30s", "time": {"from": "now-3h", "to": "now"}, "timezone": "browser",
            "annotations": {"list": []}, "templating": {"list": VARIABLES}}
    # a panel a line, so that changes can be read
    lines = ",\n    ".join(json.dumps(made) for made in panels())
    print(json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "panels": [\n    ' + lines + "\n  ]\n}")


main()
