#!/usr/bin/env python3
"""check.py BIN DIR OUT   see run. Needs root and namespaces of its own. DIR: an empty directory with a short name."""
import os
import sys
import time

import life
import panels
from parts import Failure, Parts

DASHBOARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../charts/evs-csi/files/dashboard.json")


def watch(bin_dir, directory, out):
    """A life under the eyes of Prometheus; the panels with what it saw."""
    began = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - began:5.1f} s  {text}", flush=True)

    with Parts(bin_dir, directory, out) as parts:
        say("start")
        parts.start_prometheus()
        parts.start_cloud()
        parts.start_controller()
        parts.start_node()
        parts.await_prometheus()
        parts.await_seen("count(evs_ready == 1) == 2")
        begin = time.time()
        life.live(parts, say)
        end = time.time()
        parts.await_seen(f"timestamp(evs_ready) > {end}")
        shown = panels.load(DASHBOARD)
        for panel in shown:
            panel.read(parts, begin, end)
        for name in ("node", "controller", "prometheus", "sim"):
            parts.stop(name)
        say("end")
    return shown, begin, end


def main():
    bin_dir, directory, out = map(os.path.realpath, sys.argv[1:4])
    try:
        shown, begin, end = watch(bin_dir, directory, out)
    except Failure as failure:
        print(f"failed case: the run: {failure}")
        sys.exit(1)
    failed = 0
    for panel in shown:
        problem = panel.problem()
        if problem:
            failed += 1
            print(f"failed case: panel '{panel.row}: {panel.title}': {problem}")
    print(f"cases: {len(shown) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


main()
