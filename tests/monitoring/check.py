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
    """A life under the eyes of Prometheus: the panels with what it saw, the dashboard's rows, and the run."""
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
        shown, rows = panels.load(DASHBOARD)
        for panel in shown:
            panel.read(parts, begin, end)
        for name in ("node", "controller", "prometheus", "sim"):
            parts.stop(name)
    return shown, rows, picture.Run(begin, end, panels.STEP_S, phases)


def main():
    bin_dir, directory, out = map(os.path.realpath, sys.argv[1:4])
    try:
        shown, rows, run = watch(bin_dir, directory, out)
    except Failure as failure:
        print(f"failed case: the run: {failure}")
        sys.exit(1)
    failed = 0
    for panel in shown:
        problem = panel.problem()
        if problem:
            failed += 1
            print(f"failed case: panel '{panel.row}: {panel.title}': {problem}")
    with open(os.path.join(out, "dashboard.svg"), "w", encoding="utf-8") as file:
        file.write(picture.draw(shown, rows, run))
    print(f"cases: {len(shown) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


main()
