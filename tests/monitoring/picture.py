"""Draws the dashboard with what Prometheus has seen, as SVG: docs/images/dashboard.svg is made so (make dashboard)."""
import math
from xml.sax.saxutils import escape

UNIT_W, UNIT_H, MARGIN, HEAD = 46, 27, 8, 58  # pixels: a cell of Grafana's grid, around all, above the panels
WIDTH = 24 * UNIT_W + 2 * MARGIN
COLOURS = ("#3b7dd8", "#e08a1e", "#3a9b52", "#c9403a", "#8a5fc7", "#8c6d4f", "#d565a8", "#4aa8b8")
LEGEND_LINES, LEGEND_H, CHARACTER_W = 3, 13, 5.6
SI = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
BINARY = ((1 << 30, " GiB"), (1 << 20, " MiB"), (1 << 10, " KiB"), (1, " B"))
TIMES = ((86400, " d"), (3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs"))
SUFFIX = {"reqps": "/s", "ops": "/s"}


def number(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def show(value, unit):
    if unit == "percentunit":
        return number(value * 100) + " %"
    if value == 0:
        return "0" + SUFFIX.get(unit, "")
    for factor, name in {"bytes": BINARY, "s": TIMES}.get(unit, SI):
        if abs(value) >= factor:
            return number(value / factor) + name + SUFFIX.get(unit, "")
    return number(value) + SUFFIX.get(unit, "")


def ticks(top, unit):
    """Up to five steps from 0 to top or a little more, round in the unit that they are shown in."""
    if top <= 0:
        return [0, 1]
    factor = next((factor for factor, _ in {"bytes": BINARY, "s": TIMES}.get(unit, ()) if top >= factor), 1)
    top /= factor
    step = 10 ** math.floor(math.log10(top / 2))
    step = next(step * times for times in (1, 2, 5, 10, 20) if top / (step * times) <= 4)
    return [i * step * factor for i in range(int(math.ceil(top / step - 1e-9)) + 1)]


def text(x, y, content, size=11, anchor="start", colour="#333", weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}">{escape(content)}</text>')


def cut(content, width):
    room = int(width / CHARACTER_W)
    return content if len(content) <= room else content[:max(room - 1, 1)] + "…"


def lines_of(panel):
    """(name, points) of the series, the highest first; only finite points."""
    found = []
    for legend, _, series in panel.targets:
        for one in series:
            name = legend or panel.title
            for label, value in one["metric"].items():
                name = name.replace("{{" + label + "}}", value)
            points = [(float(at), float(value)) for at, value in one["values"] if math.isfinite(float(value))]
            if points:
                found.append((name, points))
    # what is 0 all the time is no news beside others
    live = [one for one in found if any(value for _, value in one[1])]
    return sorted(live or found, key=lambda one: -max(value for _, value in one[1]))


class Plot:
    """Where a series goes: a box of pixels, the run's time, values from 0 to top."""

    def __init__(self, box, begin, end, top):
        self.left, self.up, self.right, self.down = box
        self.begin, self.end, self.top = begin, end, top

    def x(self, at):
        return self.left + (at - self.begin) / (self.end - self.begin) * (self.right - self.left)

    def y(self, value):
        return self.down - value / self.top * (self.down - self.up)

    def path(self, points, step):
        """Broken where there is no data; points on a straight line are left out."""
        commands, kept, last = [], [], None
        for at, value in points + [(math.inf, 0)]:
            if last is not None and at - last > 1.5 * step:
                commands.append("M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in kept))
                kept = []
            if at == math.inf:
                break
            here = (self.x(at), self.y(value))
            if len(kept) > 1 and abs(kept[-1][1] - here[1]) < 0.05 and abs(kept[-2][1] - here[1]) < 0.05:
                kept.pop()
            kept.append(here)
            last = at
        return " ".join(command if "L" in command else command + "h1" for command in commands)


def draw_lines(panel, box, run):
    left, up, right, down = box
    series = lines_of(panel)
    shown = series[:len(COLOURS)]
    drawn, at_x, line = [], left + 8, 0
    names = [name for name, _ in shown] + ([f"and {len(series) - len(shown)} more"] if len(series) > len(shown) else [])
    legend = []
    for i, name in enumerate(names):
        width = min(14 + len(name) * CHARACTER_W + 8, right - left - 16)
        if at_x + width > right - 4 and at_x > left + 8:
            at_x, line = left + 8, line + 1
        legend.append((at_x, line, name, i, width))
        at_x += width
    rows = min(line + 1, LEGEND_LINES)
    scale = ticks(max((value for _, points in shown for _, value in points), default=1), panel.unit)
    plot = Plot((left + 46, up + 28, right - 10, down - rows * LEGEND_H - 10), run.begin, run.end, scale[-1])
    for value in scale:
        drawn.append(f'<path d="M{plot.left} {plot.y(value):.0f}H{plot.right}" stroke="#eee"/>')
        drawn.append(text(plot.left - 4, plot.y(value) + 4, show(value, panel.unit), 10, "end", "#777"))
    for at in run.marks():
        drawn.append(f'<path d="M{plot.x(at):.0f} {plot.up}V{plot.down}" stroke="#ddd" stroke-dasharray="2 3"/>')
    for i, (_, points) in reversed(list(enumerate(shown))):
        drawn.append(f'<path d="{plot.path(points, run.step)}" fill="none" stroke="{COLOURS[i]}" stroke-width="1.5"/>')
    for x, line, name, i, width in legend:
        if line < LEGEND_LINES:
            y = down - (rows - line) * LEGEND_H + 4
            if i < len(shown):
                drawn.append(f'<rect x="{x:.0f}" y="{y - 5:.0f}" width="9" height="3" fill="{COLOURS[i]}"/>')
            drawn.append(text(x + 12, y, cut(name, width - 12), 10, colour="#555"))
    return drawn


def draw_stat(panel, box, run):
    left, up, right, down = box
    (_, points), = lines_of(panel)[:1]
    top = max(value for _, value in points) or 1
    plot = Plot((left + 2, down - 34, right - 2, down - 2), run.begin, run.end, top)
    line = plot.path(points, run.step)
    highest = max(points, key=lambda point: point[1])
    return [f'<path d="{line}" fill="none" stroke="{COLOURS[2]}" stroke-width="1.5"/>',
            text((left + right) / 2, up + 48, show(points[-1][1], panel.unit), 22, "middle", "#222", "bold"),
            text(right - 6, down - 38, "most " + show(highest[1], panel.unit), 9, "end", "#777")]


def draw_table(panel, box):
    left, up, right, _ = box
    drawn = []
    for i, (name, points) in enumerate(lines_of(panel)):
        drawn.append(text(left + 8, up + 42 + i * 18, cut(name, right - left - 34), 11))
        drawn.append(text(right - 8, up + 42 + i * 18, number(points[-1][1]), 11, "end"))
    return drawn


def draw_panel(panel, run):
    x, y = MARGIN + panel.place["x"] * UNIT_W, HEAD + panel.place["y"] * UNIT_H
    box = (x + 2, y + 2, x + panel.place["w"] * UNIT_W - 2, y + panel.place["h"] * UNIT_H - 2)
    drawn = [f'<rect x="{box[0]}" y="{box[1]}" width="{box[2] - box[0]}" height="{box[3] - box[1]}" rx="2" fill="#fff" stroke="#d8dbe0"/>',
             text(box[0] + 8, box[1] + 17, panel.title, 12, weight="bold")]
    if panel.kind == "stat":
        return drawn + draw_stat(panel, box, run)
    if panel.kind == "table":
        return drawn + draw_table(panel, box)
    return drawn + draw_lines(panel, box, run)


def draw_phases(run):
    """The phases of the run, numbered as the dashed lines of the panels are."""
    drawn = [text(MARGIN + 4, 20, "EVS CSI driver: one run of tests/monitoring, "
                  f"{run.end - run.begin:.0f} seconds; dashed lines part its phases", 14, weight="bold")]
    names = [f"{at - run.begin:.0f} s {name}" for at, name in run.phases]
    half = (len(names) + 1) // 2
    return drawn + [text(MARGIN + 4, 36 + 14 * i, "   ·   ".join(part), 10.5, colour="#555")
                    for i, part in enumerate((names[:half], names[half:]))]


class Run:
    """phases: of (begin, name), the first at the beginning."""

    def __init__(self, begin, end, step, phases):
        self.begin, self.end, self.step, self.phases = begin, end, step, phases

    def marks(self):
        return [at for at, _ in self.phases if at > self.begin + 1]


def draw(panels, rows, run):
    """rows: of (title, y on the grid)."""
    height = HEAD + max(panel.place["y"] + panel.place["h"] for panel in panels) * UNIT_H + MARGIN
    drawn = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="Helvetica, Arial, sans-serif">',
             f'<rect width="{WIDTH}" height="{height}" fill="#f4f5f7"/>', *draw_phases(run)]
    for title, y in rows:
        drawn.append(text(MARGIN + 4, HEAD + y * UNIT_H + 19, title, 13, weight="bold"))
    for panel in panels:
        drawn.extend(draw_panel(panel, run))
    return "\n".join(drawn + ["</svg>", ""])
