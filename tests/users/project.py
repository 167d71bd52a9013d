"""A small program of a user, as a strict type checker sees it: every kind comes back as it went in, nothing is Any."""

from pathlib import Path
from typing import Any, assert_type

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import pictura


def paint_all(folder: Path) -> list[Path]:
    """Paint the pictures of a folder."""
    model = pictura.load("adain")
    made: list[Path] = []
    for path in folder.glob("*.jpg"):
        painted = model.stylize(path, "starry-night", strength=0.7, size=64)
        made.append(painted.save(path.with_suffix(".png")))
        made.append(pictura.write(model.upscale(painted.pil(), 2), path.with_suffix(".tif"), overwrite=True))
    return made


def every_kind(array: NDArray[np.uint8], tensor: torch.Tensor, image: Image.Image, picture: pictura.Picture) -> None:
    """What goes in comes out."""
    assert_type(pictura.stylize("a.jpg", "candy"), pictura.Picture)
    assert_type(pictura.stylize(Path("a.jpg"), ["candy", image], size=64, style_weights=[1, 2]), pictura.Picture)
    assert_type(pictura.stylize(picture, Path("b.jpg"), "fast", steps=5, seed=3), pictura.Picture)
    assert_type(pictura.stylize(image, "candy", method="adain", model="adain", strength=0.5), Image.Image)
    assert_type(pictura.stylize(tensor, tensor, alpha=0.1, beta=2.0, keep_colours=True), torch.Tensor)
    assert_type(pictura.stylize(content=array, style=array, masks=[array]), NDArray[np.uint8])
    assert_type(pictura.upscale("a.jpg"), pictura.Picture)
    assert_type(pictura.upscale(array, 2, "bicubic", memory=2**28), NDArray[np.uint8])
    assert_type(pictura.upscale(image, scale=3), Image.Image)
    assert_type(pictura.translate("a.jpg", "photo2vangogh"), pictura.Picture)
    assert_type(pictura.translate(array, Path("mine"), direction="B2A", strength=0.5, seed=3), NDArray[np.uint8])
    assert_type(pictura.translate(image, model="mine", nearest_class=True, memory=2**28), Image.Image)
    assert_type(pictura.load("mine").translate(tensor, strength=0.5), torch.Tensor)
    assert_type(pictura.synthesize(tensor, (64, 64), steps=[3, 2]), torch.Tensor)
    assert_type(pictura.synthesize("a.jpg", (64, 64)), pictura.Picture)
    assert_type(pictura.styles(), list[str])
    assert_type(picture.numpy(), NDArray[Any])
    assert_type(picture.pil(), Image.Image)


def carefully(path: str) -> str:
    """Errors and settings have types, too."""
    settings = pictura.preset("balanced").with_changes(steps=(3,), loss="gram")
    try:
        return str(pictura.stylize(path, "candy", settings, callback=report).size)
    except pictura.PicturaError as error:
        return str(error)


def report(step: pictura.Step) -> None:
    """Called after each step."""
    assert step.size[0] > 0
