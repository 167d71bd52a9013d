"""A report as one HTML page that opens offline: pictures, curves, style and numbers are all inside."""

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from pictura.experiments.pieces import encode_png
from pictura.experiments.plots import draw_curves
from pictura.experiments.report import Block, Cell, Curves, Pictures, Published, Report, Table, Text, Value
from pictura.picture.picture import Pixels

PAGE = Path(__file__).parent / "page"
MAX_PNG = 60_000  # bytes; a picture whose PNG is larger is shown as a JPEG
JPEG_QUALITY = 92
FEW = 3  # pictures in a row
SMALL = 160  # pixels of width of pictures that stand seven or eight in a row
BESIDE = 32.0  # rem that each of two tables beside each other has on a wide page
CRISP = 64  # pixels: what is not wider is enlarged without smoothing
# Nothing is fetched, whatever the page says.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def write_page(report: Report) -> str:
    """The whole page."""
    style, script = ((PAGE / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    # In a script element nothing but its end would end it.
    numbers = json.dumps(report.as_json(), indent=1).replace("</", "<\\/")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            f"<title>{escape(report.title)}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>\n{style}</style></head><body><main>",
            f"<h1>{escape(report.title)}</h1>",
            f"<p>{escape(report.purpose)}</p>",
            *([f'<p class="answer">{escape(report.answer)}</p>'] if report.answer else []),
            *_write_blocks(report.blocks),
            *_write_facts(report),
            "</main>",
            '<dialog aria-label="Enlarged picture"><div class="view"><img alt=""></div><div class="bar"><span></span>',
            '<button id="previous" aria-label="previous">←</button><button id="next" aria-label="next">→</button>',
            '<button id="close" aria-label="close">×</button></div></dialog>',
            f'<script type="application/json" id="numbers">\n{numbers}\n</script>',
            f"<script>\n{script}</script></body></html>\n",
        ]
    )


def _write_blocks(blocks: Sequence[Block]) -> list[str]:
    """Each block; plots that follow each other stand side by side where there is room."""
    parts: list[str] = []
    for i, block in enumerate(blocks):
        is_plot = isinstance(block, Curves)
        if is_plot and not (i and isinstance(blocks[i - 1], Curves)):
            parts.append('<div class="plots">')
        parts.append(_write_block(block))
        if is_plot and not (i + 1 < len(blocks) and isinstance(blocks[i + 1], Curves)):
            parts.append("</div>")
    return parts


def _write_block(block: Block) -> str:
    if isinstance(block, Text):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Table):
        return f"<h2>{escape(block.title)}</h2>{_write_table(block)}{_note(block.note)}"
    if isinstance(block, Curves):
        return (
            f'<div><h2>{escape(block.title)}</h2><div class="plot">{draw_curves(block)}</div>{_note(block.note)}</div>'
        )
    if isinstance(block, Published):
        return _write_published(block)
    return _write_pictures(block)


def _write_table(table: Table) -> str:
    marked = table.find_best()
    heads = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    rows = []
    for i, row in enumerate(table.rows):
        cells = "".join(
            f"<td{' class=best' if (i, k) in marked else ''}>{escape(format_value(value))}</td>"
            for k, value in enumerate(row)
        )
        rows.append(f"<tr>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _width(table: Table) -> float:
    """About how wide it is, in rem: half a rem a letter, and the cells' padding."""
    columns = zip(table.columns, *table.rows, strict=True)
    return sum(0.5 * max(len(format_value(value)) for value in column) + 1.5 for column in columns)


def _write_published(block: Published) -> str:
    sides = "".join(
        f"<div><h3>{escape(table.title)}</h3>{_write_table(table)}{_note(table.note)}</div>"
        for table in (block.ours, block.theirs)
    )
    wide = " wide" if max(map(_width, (block.ours, block.theirs))) > BESIDE else ""
    return (
        f'<h2>Ours beside the published table</h2><div class="beside{wide}">{sides}</div>'
        f'<p class="source">{escape(block.source)}</p><p><b>What differs:</b> {escape(block.differs)}</p>'
    )


def _write_pictures(block: Pictures) -> str:
    rows = []
    for name, cells in block.rows:
        head = f"<h3>{escape(name)}</h3>" if name else ""
        grid = "".join(_write_cell(cell, name) for cell in cells)
        rows.append(f'<div class="row">{head}<div class="grid"{_cell_width(cells)}>{grid}</div></div>')
    # Short rows stand two beside each other where there is room.
    few = " few" if len(rows) > 1 and max(len(cells) for _, cells in block.rows) <= FEW else ""
    return f'<h2>{escape(block.title)}</h2><div class="rows{few}">{"".join(rows)}</div>{_note(block.note)}'


def _cell_width(cells: Sequence[Cell]) -> str:
    """So that five to eight pictures fill one row on a wide page, which has 65 rem, or two where they are large."""
    columns = len(cells)
    if not 5 <= columns <= 8:
        return ""
    if columns > 6 and cells[0].pixels.shape[1] > SMALL:
        columns = 4
    return f' style="--cell:{65 / columns - 0.9:.2f}rem"'


def _write_cell(cell: Cell, row: str) -> str:
    height, width = cell.pixels.shape[:2]
    crisp = ' class="crisp"' if width <= CRISP else ""
    told = escape(": ".join(filter(None, (row, cell.name))) + (f" ({cell.below})" if cell.below else ""), quote=True)
    below = f"<span class=below>{escape(cell.below)}</span>" if cell.below else ""
    return (
        f'<figure><button><img src="{_data_uri(cell.pixels)}" width="{width}" height="{height}" alt="{told}"{crisp}>'
        f"</button><figcaption><b>{escape(cell.name)}</b>{below}</figcaption></figure>"
    )


def _data_uri(pixels: Pixels) -> str:
    content, kind = encode_png(pixels), "png"
    if len(content) > MAX_PNG:
        file = io.BytesIO()
        image = Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))
        image.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        content, kind = file.getvalue(), "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _write_facts(report: Report) -> list[str]:
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(format_value(v))}</dd>" for name, v in report.facts.items())
    numbers = escape(json.dumps(report.as_json()["pieces"], indent=1))
    return [
        f"<footer><h2>What made this page</h2><dl>{facts}</dl>",
        f"<details><summary>The numbers of each piece, with its settings (JSON)</summary>"
        f'<div class="scroll"><pre>{numbers}</pre></div></details></footer>',
    ]


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>' if text else ""


def format_value(value: Value) -> str:
    """Numbers with three or four digits that count, nothing for what is not there."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return str(value)
