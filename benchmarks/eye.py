"""What an eye sees before a judge does: edges more saturated than the rest, and patterns on flat areas.

    python benchmarks/eye.py DATA [--only optimize,adain,fast] [--set padding=reflect …] [--sheet DIR]

DATA holds content/ and styles/. Each photograph in each painting that no training of `adain` saw; `fast` in its own.
*edge*: mean saturation of the outer 8 pixels over that of the 16 inside them; the photographs themselves have a row.
*pattern*: the highest peak of the autocorrelation, 5 to 24 pixels away, of the lightness of flat areas: the flattest
squares of 64 pixels of each photograph, less what is coarser than 8 pixels. 1 would be a wallpaper.
*style*, *content*: as `judge.py`. Seconds are processor time, one thread.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from arbitrary import SEEN, UNSEEN, sized
from judge import Judge
from torch import Tensor
from torch.nn import functional as F

import pictura
from pictura.picture import Picture
from pictura.picture.degrade import gaussian_blur
from pictura.picture.sheet import contact_sheet

CONTENTS = ("grace-hopper", "art-gallery-stairs", "yosemite-valley", "coffee", "tourist-and-building")
OUTER, INNER = 8, 16  # pixels
SQUARE, SQUARES = 64, 3  # side of a flat area, and how many there are in a photograph
NEAREST, FARTHEST = 5, 24  # shortest and longest period of a pattern in pixels
SHEET_SIDE = 320  # height of a picture on a sheet
LUMA = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
Work = Callable[[Tensor, Tensor, str], Tensor]


def edge_saturation(picture: Tensor) -> float:
    """Mean saturation (HSV) of a frame as wide as `OUTER`, over that of the frame within, `INNER` wide."""
    saturation = (picture.amax(1) - picture.amin(1)) / picture.amax(1).clamp_min(1 / 255)

    def total(border: int) -> tuple[Tensor, int]:
        kept = saturation[:, border : saturation.shape[1] - border, border : saturation.shape[2] - border]
        return kept.sum(), kept.numel()

    (whole, n), (less, m), (least, k) = total(0), total(OUTER), total(OUTER + INNER)
    return ((whole - less) / (n - m) / ((less - least) / (m - k))).item()


def flat_squares(photo: Tensor) -> list[tuple[int, int]]:
    """Top and left of the squares of a photograph 1×3×H×W in which lightness varies least, none over another."""
    luma = (photo * LUMA).sum(1, keepdim=True)
    around = gaussian_blur(luma, 2.0)
    variance = F.avg_pool2d(around.square(), SQUARE, SQUARE // 4) - F.avg_pool2d(around, SQUARE, SQUARE // 4).square()
    found: list[tuple[int, int]] = []
    for index in variance.flatten().argsort().tolist():
        top, left = (SQUARE // 4 * place for place in divmod(index, variance.shape[-1]))
        if all(max(abs(top - y), abs(left - x)) >= SQUARE for y, x in found):
            found.append((top, left))
        if len(found) == SQUARES:
            break
    return found


def pattern(picture: Tensor, squares: list[tuple[int, int]]) -> float:
    """Mean over squares of the highest peak of the autocorrelation of their lightness, in [-1, 1]."""
    luma = (picture * LUMA).sum(1, keepdim=True)
    fine = luma - gaussian_blur(luma, 8.0)
    peaks = []
    for top, left in squares:
        square = fine[..., top : top + SQUARE, left : left + SQUARE]
        square = square - square.mean()
        padded = F.pad(square, [0, SQUARE, 0, SQUARE])  # so that it does not repeat by itself
        spectrum = torch.fft.rfft2(padded).abs().square()
        overlap = torch.fft.rfft2(F.pad(torch.ones_like(square), [0, SQUARE, 0, SQUARE])).abs().square()
        products, counts = torch.fft.irfft2(spectrum), torch.fft.irfft2(overlap).clamp_min(1)
        # Columns to the right and to the left, which are at the end; rows upwards are those downwards, mirrored.
        correlation = (products / counts)[0, 0, : FARTHEST + 1]
        correlation = torch.cat([correlation[:, -FARTHEST:], correlation[:, : FARTHEST + 1]], 1)
        correlation = correlation / correlation[0, FARTHEST].clamp_min(1e-12)
        correlation[:NEAREST, FARTHEST - NEAREST + 1 : FARTHEST + NEAREST] = -1
        peaks.append(correlation.max().item())
    return sum(peaks) / len(peaks)


def workers(changes: dict[str, str]) -> dict[str, Work]:
    """Photo, painting and its name to the painted photo."""
    return {
        "photograph": lambda photo, painting, name: photo,
        "optimize": lambda photo, painting, name: pictura.stylize(photo, painting, **changes),
        "adain": lambda photo, painting, name: pictura.stylize(photo, painting, method="adain"),
        "fast": lambda photo, painting, name: pictura.stylize(photo, SEEN[name], method="johnson"),
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=Path)
    p.add_argument("--only", default="optimize,adain,fast")
    p.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the optimization")
    p.add_argument("--contents", default=",".join(CONTENTS))
    p.add_argument("--styles", help="instead of those unseen (and those of `fast`)")
    p.add_argument("--sheet", type=Path, help="a folder for a contact sheet of each method")
    a = p.parse_args()
    torch.set_num_threads(1)
    judge, known = Judge(), workers(dict(one.split("=", 1) for one in a.set))
    contents = a.contents.split(",")
    photos = {name: sized(a.data / "content" / f"{name}.jpg") for name in contents}
    print("| method | edge | pattern | style | content | CPU s |\n| --- | --- | --- | --- | --- | --- |")
    for method in ("photograph", *a.only.split(",")):
        styles = a.styles.split(",") if a.styles else tuple(SEEN) if method == "fast" else (*UNSEEN, *SEEN)
        rows, made = [], []
        for name in styles if method != "photograph" else styles[:1]:
            painting = sized(a.data / "styles" / f"{name}.jpg")
            for photo in photos.values():
                began = time.process_time()
                result = known[method](photo, painting, name)
                seconds = time.process_time() - began
                eye = edge_saturation(result), pattern(result, flat_squares(photo))
                rows.append((*eye, *judge(result, photo, painting), seconds))
                made.append(result)
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        print(f"| {method} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |", flush=True)
        if a.sheet:
            pixels = [Picture.of(one).pixels for one in made]
            rows_of = [pixels[k : k + len(photos)] for k in range(0, len(pixels), len(photos))]
            sheet = Picture.of(contact_sheet(rows_of, height=SHEET_SIDE))
            pictura.write(sheet, a.sheet / f"{method}.png", overwrite=True)


if __name__ == "__main__":
    main()
