"""Colours that nobody sees: what lies under an alpha of 0 is replaced by what is visible around it.

Files keep anything there: the cut-out background, black, the colour of an eraser. A network's or a filter's window
reaches over the edge, so that without this two pictures that look alike would be painted differently.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pictura.picture.bands import Pixels, bands, float_samples, integer_samples, is_uint8

S = TypeVar("S", NDArray[np.uint8], Pixels)
Mask = NDArray[np.bool_]


def fill_hidden(samples: S, visible: Mask) -> S:
    """H×W×3 whose hidden pixels go on from the visible ones around them, smoother the further away; grey if none is.

    Each halving is the mean of what is visible, and fills what its finer level does not show (the pull and push of
    Gortler et al., "The Lumigraph", 1996). The visible pixels stay, and the hidden ones are not looked at.
    """
    if visible.all():
        return samples
    if not visible.any():
        return np.full_like(samples, 128 if is_uint8(samples) else 0.5)
    return _fill_from(samples, visible, fill_hidden(*_halve(samples, visible)))


def _halve(samples: S, visible: Mask) -> tuple[S, Mask]:
    """Means of the visible ones of 2×2 pixels, and whether there is one."""
    height, width = (-(-side // 2) for side in visible.shape)
    means, known = np.empty((height, width, 3), samples.dtype), np.empty((height, width), bool)
    for rows in bands((height, width)):
        fine = slice(2 * rows.start, 2 * rows.stop)
        seen = _pad_even(visible[fine][..., None].astype(np.float32))
        sums = _sum_blocks(_pad_even(np.where(visible[fine][..., None], float_samples(samples[fine]), 0)))
        counts = _sum_blocks(seen)
        known[rows] = counts[..., 0] > 0
        colours = (sums / np.maximum(counts, 1)).astype(np.float32)
        means[rows] = integer_samples(colours, np.uint8) if is_uint8(samples) else colours
    return means, known


def _pad_even(values: Pixels) -> Pixels:
    return np.pad(values, [(0, values.shape[0] % 2), (0, values.shape[1] % 2), (0, 0)])


def _sum_blocks(values: Pixels) -> Pixels:
    sums: Pixels = values[0::2, 0::2] + values[0::2, 1::2] + values[1::2, 0::2] + values[1::2, 1::2]
    return sums


def _fill_from(samples: S, visible: Mask, coarse: S) -> S:
    """The hidden pixels taken from a picture of half the size, linearly between its pixels."""
    filled = samples.copy()
    for rows in bands((visible.shape[0], visible.shape[1])):
        hidden = ~visible[rows]
        if hidden.any():
            # The coarse rows around, of which there is one more at each end; the outermost count twice.
            near = np.arange(rows.start // 2 - 1, (rows.stop - 1) // 2 + 2).clip(0, len(coarse) - 1)
            doubled = _double(np.swapaxes(_double(float_samples(coarse[near]), trim=True), 0, 1), trim=False)
            first = rows.start % 2
            colours = np.swapaxes(doubled, 0, 1)[first : first + len(hidden), : hidden.shape[1]]
            values = integer_samples(colours, np.uint8) if is_uint8(samples) else colours
            np.copyto(filled[rows], values, where=hidden[..., None])
    return filled


def _double(values: Pixels, *, trim: bool) -> Pixels:
    """Twice as many rows, linearly between their centres; with `trim` the outermost only help, else they go on."""
    padded = values if trim else np.concatenate([values[:1], values, values[-1:]])
    doubled = np.empty((2 * (len(padded) - 2), *padded.shape[1:]), np.float32)
    middle = padded[1:-1] * np.float32(0.75)
    doubled[0::2] = middle + padded[:-2] * np.float32(0.25)
    doubled[1::2] = middle + padded[2:] * np.float32(0.25)
    return doubled
