"""A report as lines of text, and as a drawing (SVG): one bar a figure, with its interval."""

from html import escape

from pictura.study.report import Figure, StudyReport

MEASURES = {
    "real-fake": "% labelled real",
    "realness": "realness, 0 to 4",
    "preference": "% preferred",
}
ROW, LEFT, WIDTH, RIGHT = 34, 190, 400, 130  # pixels
INK, BAR, WHISKER = "#222", "#7aa6c9", "#123"


def scale(kind: str) -> tuple[float, float]:
    """Factor from a mean to the unit that is printed, and the largest value in it."""
    return (1.0, 4.0) if kind == "realness" else (100.0, 100.0)


def table_rows(report: StudyReport) -> list[tuple[str, ...]]:
    """Heads, and a row for each figure."""
    factor, _ = scale(report.kind)
    digits = 2 if report.kind == "realness" else 1
    heads = [report.kind, MEASURES[report.kind], "95 % interval", "raters", "answers"]
    if report.kind == "real-fake":
        heads.insert(2, "± (AMT)")
    rows = [tuple(heads)]
    for figure in report.figures:
        mean, low, high = (f"{factor * value:.{digits}f}" for value in figure.estimate)
        row = [figure.name, mean, f"{low} to {high}", str(figure.raters), str(figure.answers)]
        if figure.deviation is not None:
            row.insert(2, f"{factor * figure.deviation:.{digits}f}")
        rows.append(tuple(row))
    return rows


def notes(report: StudyReport) -> list[str]:
    """What stands below the table: comparisons, agreement, who was left out, how the intervals were made."""
    share = "share of draws in which A is above B" if report.kind != "preference" else "share of draws above 50 %"
    lines = [f"P({a} > {b}) = {probability:.3f} ({share})" for (a, b), probability in report.above.items()]
    if report.accuracy:
        lines.append(
            f"right answers per rater: {100 * report.accuracy[0]:.0f} to {100 * report.accuracy[-1]:.0f} %, "
            f"median {100 * report.accuracy[len(report.accuracy) // 2]:.0f} %"
        )
    alpha = "not defined" if report.alpha is None else f"{report.alpha:.3f}"
    level = "ordinal" if report.kind == "realness" else "nominal"
    lines.append(f"Krippendorff's alpha, {level}, over pictures: {alpha}")
    lines.append(
        f"{report.raters} raters; left out: {report.unfinished} unfinished, {report.inattentive} below 80 % of the "
        "vigilance trials"
    )
    if report.inattentive:
        factor, _ = scale(report.kind)
        lines.append(
            "with those: " + ", ".join(f"{one.name} {factor * one.estimate.mean:.1f}" for one in report.everyone)
        )
    if report.kind == "real-fake":
        lines.append(f"{report.off} trials were not shown for 1 s ± 50 ms, or more than once (they count)")
    lines.append(f"intervals over raters and images, {report.draws:,} draws, seed {report.seed}")
    return lines


def draw_report(report: StudyReport) -> str:
    """The figures as SVG: bars from 0 to the scale's end, whiskers over the 95 % interval."""
    factor, top = scale(report.kind)
    height = ROW * (len(report.figures) + 2)
    step = WIDTH / top
    ticks = [top * k / 4 for k in range(5)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="{LEFT}" y="20">{escape(MEASURES[report.kind])}</text>',
    ]
    bottom = height - ROW + 4
    for tick in ticks:
        x = LEFT + tick * step
        parts.append(f'<path d="M{x:.1f} 30V{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{tick:g}</text>')
    for k, figure in enumerate(report.figures):
        parts += _draw_bar(figure, ROW * (k + 1) + 4, factor, step)
    return "\n".join([*parts, "</svg>\n"])


def _draw_bar(figure: Figure, y: int, factor: float, step: float) -> list[str]:
    mean, low, high = (factor * value for value in figure.estimate)
    ends = LEFT + low * step, LEFT + high * step
    middle = y + 11
    whisker = " ".join((f"M{ends[0]:.1f} {middle}H{ends[1]:.1f}", *(f"M{end:.1f} {middle - 5}v10" for end in ends)))
    name = figure.name if len(figure.name) <= 26 else f"{figure.name[:25]}…"
    return [
        f'<text x="{LEFT - 8}" y="{middle + 5}" text-anchor="end">{escape(name)}</text>',
        f'<rect x="{LEFT}" y="{y}" width="{mean * step:.1f}" height="22" fill="{BAR}"/>',
        f'<path d="{whisker}" stroke="{WHISKER}" stroke-width="1.5" fill="none"/>',
        f'<text x="{max(ends[1], LEFT + mean * step) + 8:.1f}" y="{middle + 5}">{mean:.1f}</text>'
        if factor > 1
        else f'<text x="{max(ends[1], LEFT + mean * step) + 8:.1f}" y="{middle + 5}">{mean:.2f}</text>',
    ]
