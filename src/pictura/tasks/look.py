"""What holds for a painting, whatever paints it: where each style goes, whose colours stay, what stays legible."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pictura.picture.resize import map_bands, resize
from pictura.picture.transfer import match_colours, transfer_colours
from pictura.tasks.legible import Paint, Region, find_regions

Colours = Literal["style", "keep", "match"]


@dataclass(frozen=True)
class Look:
    """One for any number of pictures.

    masks: one 1×1×h×w in [0, 1] for each style, where it applies; or none.
    colours: the style's; those of the photo, under the painting's luma (``keep``); or the painting's, moved so that
        their mean and covariance are the photo's (``match``; Gatys et al., CVPR 2017, arXiv 1611.07865, section 5).
    protect: 1×1×h×w in [0, 1], 1 where the photo is to stay legible.
    faces: whether faces are to stay legible.
    """

    masks: tuple[Tensor, ...] = ()
    colours: Colours = "style"
    protect: Tensor | None = None
    faces: bool = False

    def find_regions(self, image: Tensor) -> tuple[Region, ...]:
        """What of an image 1×3×H×W, in [0, 1] or uint8, is to stay legible."""
        return find_regions(image, self.protect, self.faces)

    def apply(self, photo: Tensor, weights: Sequence[float], paint: Paint) -> Tensor:
        """The photo, painted in all styles by their weights, or in each where its mask is."""
        painted = paint_masked(photo, paint, self.masks) if self.masks else paint(photo, weights)
        return painted if painted is photo else self.choose_colours(painted, photo)

    def choose_colours(self, painted: Tensor, photo: Tensor) -> Tensor:
        """The painting in the colours that are asked for."""
        if self.colours == "style":
            return painted
        return (transfer_colours if self.colours == "keep" else match_colours)(painted, photo)


def paint_masked(image: Tensor, paint: Paint, masks: Sequence[Tensor]) -> Tensor:
    """Each style where its mask is; where no mask is the photo shows, where they overlap they share."""
    resized = [resize(mask, (image.shape[-2], image.shape[-1])) for mask in masks]
    alone = torch.eye(len(masks)).tolist()
    return map_bands(_blend_masked, image, *resized, *(paint(image, weights) for weights in alone))


def _blend_masked(photo: Tensor, *others: Tensor) -> Tensor:
    """The photo, masks, and as many painted pictures, to one picture."""
    masks, painted = torch.stack(others[: len(others) // 2]), torch.stack(others[len(others) // 2 :])
    total = masks.sum(0)
    return (photo * (1 - total).clamp(min=0) + (painted * masks / total.clamp(min=1)).sum(0)).clamp(0, 1)
