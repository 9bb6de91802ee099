#!/usr/bin/env python3
"""check.py BIN DIR OUT   see run. Needs root and namespaces of its own. DIR: an empty directory with a short name."""
import os
import sys
import time

import life
import panels
import picture
from parts import Failure, Parts

DASHBOARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../charts/evs-csi/files/dashboard.json")


def watch(bin_dir, directory, out):
    """A life under the eyes of Prometheus: the panels with what it saw, the dashboard's rows, the run, and what is wrong with the
    variables."""
    began, phases = time.monotonic(), []

    def say(name):
        print(f"{time.monotonic() - began:5.1f} s  {name}", flush=True)
        phases.append((time.time(), name))

    with Parts(bin_dir, directory, out) as parts:
        parts.start_prometheus()
        parts.start_cloud()
        parts.start_controller()
        parts.start_node()
        parts.await_prometheus()
        parts.await_seen("count(evs_ready == 1) == 2")
        begin = time.time()
        life.live(parts, say)
        parts.await_seen(f"timestamp(evs_ready) > {time.time()}")
        end = time.time()
        dashboard, shown, rows = panels.load(DASHBOARD)
        for panel in shown:
            panel.read(parts, begin, end)
        variables = panels.variable_problem(parts, dashboard)
        for name in ("node", "controller", "prometheus", "sim"):
            parts.stop(name)
    return shown, rows, picture.Run(begin, end, panels.STEP_S, phases), variables


def main():
    bin_dir, directory, out = map(os.path.realpath, sys.argv[1:4])
    try:
        shown, rows, run, variables = watch(bin_dir, directory, out)
    except Failure as failure:
        print(f"failed case: the run: {failure}")
        sys.exit(1)
    with open(os.path.join(out, "dashboard.svg"), "w", encoding="utf-8") as file:
        file.write(picture.draw(shown, rows, run))
    problems = {f"panel '{panel.row}: {panel.title}'": panel.problem() for panel in shown}
    problems |= {"variables": variables, "layout": panels.layout_problem(shown)}
    failed = {what: problem for what, problem in problems.items() if problem}
    for what, problem in failed.items():
        print(f"failed case: {what}: {problem}")
    print(f"cases: {len(problems) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    sys.exit(bool(failed))


main()
