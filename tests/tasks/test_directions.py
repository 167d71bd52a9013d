"""Directions of attributes in a space of codes."""

import csv

import pytest
import torch
from torch import Tensor

from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.tasks.directions import fit_directions, learn_directions


class MeanColours:
    """A code is the mean colour: red, green, blue."""

    def encode(self, images: Tensor) -> Tensor:
        return images.mean((2, 3))

    def decode(self, codes: Tensor) -> Tensor:
        return codes[..., None, None].expand(-1, -1, 4, 4)


def paint(path, red, green):
    write(Picture.of(torch.tensor([red, green, 0.5]).view(1, 3, 1, 1).expand(1, 3, 8, 8)), path)


def test_attributes_that_go_together_are_told_apart(tmp_path):
    """`warm` adds red, `young` adds green, and most of the warm are young: the difference of the means has both."""
    rows, seen = [("file", "warm", "young")], []
    for i, (warm, young) in enumerate([(1, 1)] * 6 + [(1, 0)] * 2 + [(0, 0)] * 6 + [(0, 1)] * 2):
        paint(tmp_path / f"{i}.png", 0.2 + 0.4 * warm, 0.3 + 0.4 * young)
        rows.append((f"{i}.png", warm, young))
        seen.append((warm, young))
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    found = learn_directions(MeanColours(), tmp_path)
    torch.testing.assert_close(found["warm"], torch.tensor([0.4, 0.0, 0.0]), atol=3e-3, rtol=0)
    torch.testing.assert_close(found["young"], torch.tensor([0.0, 0.4, 0.0]), atol=3e-3, rtol=0)
    labels = torch.tensor(seen)
    green = 0.4 * labels[:, 1].double()
    assert green[labels[:, 0] == 1].mean() - green[labels[:, 0] == 0].mean() > 0.15  # what the plain difference has


def test_folders_are_attributes_against_the_rest(tmp_path):
    for name, red in (("pale", 0.2), ("pink", 0.5), ("red", 0.8)):
        for i in range(2):
            paint(tmp_path / name / f"{i}.png", red, 0.5)
    found = learn_directions(MeanColours(), tmp_path)
    assert list(found) == ["pale", "pink", "red"]
    for name, step in (("pale", -0.45), ("pink", 0.0), ("red", 0.45)):
        torch.testing.assert_close(found[name], torch.tensor([step, 0.0, 0.0]), atol=5e-3, rtol=0)


def test_least_squares_on_all_together():
    draws = torch.Generator().manual_seed(0)
    codes = torch.randn(40, 5, generator=draws)
    y = (torch.rand(40, 3, generator=draws) < 0.5).double()
    found = fit_directions(codes, {str(k): (str(k), y[:, k]) for k in range(3)})
    design = torch.cat([torch.ones(40, 1, dtype=torch.double), y], 1)
    wanted = torch.linalg.solve(design.T @ design, design.T @ codes.double())[1:]
    torch.testing.assert_close(torch.stack([found[str(k)] for k in range(3)]), wanted.float())
    alone = fit_directions(codes, {"0": ("0", y[:, 0])})["0"]
    torch.testing.assert_close(alone, codes[y[:, 0] == 1].mean(0) - codes[y[:, 0] == 0].mean(0))


def test_what_cannot_be_learned():
    codes, some = torch.rand(4, 2), torch.tensor([0, 1, 0, 1])
    with pytest.raises(PicturaError, match="'glasses' cannot be learned, because none"):
        fit_directions(codes, {"glasses": ("glasses", torch.zeros(4))})
    with pytest.raises(PicturaError, match="'a' goes together"):
        fit_directions(codes, {"a": ("a", some), "b": ("b", 1 - some)})
