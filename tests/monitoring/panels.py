"""The panels of the dashboard: their queries with the variables filled in, what Prometheus has for them, and whether that
changes; where they lie, and what the variables offer."""
import itertools
import json
import math
import re

from parts import NAMESPACE, NODE_LABEL, RELEASE, SCRAPE_S

STEP_S = SCRAPE_S
RATE_S = 5 * SCRAPE_S  # Grafana takes at least four scrapes
VARIABLES = {"$__rate_interval": f"{RATE_S}s", "$namespace": NAMESPACE, "$release": RELEASE, "$node": ".*"}
STEADY = {"Versions"}  # tells what there is: present is enough


class Panel:
    """targets: of (legend, expression, series as Prometheus gives them)."""

    def __init__(self, made, row):
        self.row, self.title, self.kind = row, made["title"], made["type"]
        self.unit = made["fieldConfig"]["defaults"]["unit"]
        self.place = made["gridPos"]
        self.targets = [[target["legendFormat"], fill_in(target["expr"]), []] for target in made["targets"]]

    def read(self, parts, begin, end):
        self.steps = int((end - begin) / STEP_S)
        for target in self.targets:
            target[2] = parts.query("query_range", query=target[1], start=begin, end=end, step=STEP_S)

    def problem(self):
        """What is wrong with it, or an empty text."""
        for _, expression, series in self.targets:
            if not series:
                return f"no data: {expression}"
            if self.title not in STEADY and not any(changes(one["values"], self.counts(expression)) for one in series):
                return f"nothing changes: {expression}"
        return ""


    def counts(self, expression):
        """The steps of the run, when the expression is a total: a series that is not there yet stands for 0."""
        return self.steps if "_total{" in expression and "rate(" not in expression else 0


def fill_in(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    if "$" in expression:
        raise ValueError(f"unknown variable in {expression}")
    return expression


def changes(values, steps):
    numbers = {f"{float(value):.6g}" for _, value in values if math.isfinite(float(value))}
    if len(values) < steps:
        numbers.add("0")
    return len(numbers) > 1


def layout_problem(panels):
    """Panels lie beside each other within the 24 columns."""
    for one in panels:
        if one.place["x"] + one.place["w"] > 24:
            return f"'{one.title}' is beyond the right edge"
    for one, other in itertools.combinations([panel.place for panel in panels], 2):
        if all(one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))):
            return f"two panels lie over each other: {one} and {other}"
    return ""


def variable_problem(parts, dashboard):
    """Each variable that asks Prometheus offers what the scraped release is called."""
    wanted = {"namespace": [NAMESPACE], "release": [RELEASE], "node": [NODE_LABEL]}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        values = {series[label] for series in parts.query("series", **{"match[]": fill_in(selector)})}
        if "regex" in variable:
            matches = [re.search(variable["regex"].strip("/").replace("\\/", "/"), value) for value in values]
            values = {match.group(1) for match in matches if match}
        if sorted(values) != wanted.pop(variable["name"]):
            return f"${variable['name']} offers {sorted(values)}"
    return f"there is no ${', $'.join(wanted)}" if wanted else ""


def load(path):
    """The dashboard, its panels, and its rows as (title, y on the grid)."""
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    rows, panels = [], []
    for made in dashboard["panels"]:
        if made["type"] == "row":
            rows.append((made["title"], made["gridPos"]["y"]))
        else:
            panels.append(Panel(made, rows[-1][0]))
    return dashboard, panels, rows
