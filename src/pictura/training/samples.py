"""The sample sheet: one line a sample, the method's columns side by side."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from pictura.picture import Picture, write
from pictura.picture.picture import Pixels
from pictura.picture.sheet import contact_sheet
from pictura.training.method import Batch, Method

SHEET_SAMPLES = 4
_MAX_CELL_HEIGHT = 256  # pixels of a cell


def sample_sheet(method: Method, networks: Sequence[nn.Module], batch: Batch) -> Picture:
    """Render `Method.show` for a batch, with the networks in eval mode."""
    modes = [(module, module.training) for network in networks for module in network.modules()]
    for network in networks:
        network.eval()
    try:
        with torch.no_grad():
            columns = [column.detach().float().clamp(0, 1).cpu() for column in method.show(batch)]
    finally:
        for module, mode in modes:
            module.training = mode
    height = min(_MAX_CELL_HEIGHT, max(column.shape[2] for column in columns))
    rows = [[_pixels(cell) for cell in row] for row in zip(*columns, strict=True)]
    return Picture.of(contact_sheet(rows, height=height))


def write_sheet(picture: Picture, path: Path) -> Path:
    """Write a sheet as PNG; one of a training that was stopped after it is replaced."""
    return write(picture, path, overwrite=True)


def _pixels(cell: Tensor) -> Pixels:
    return Picture.of(cell).pixels
