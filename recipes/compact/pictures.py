"""Crops of photographs and paintings, some of them disturbed: what the student is shown."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


def load(folder: Path) -> list[Tensor]:
    """All pictures of a folder as 3×H×W bytes, in the order of their names."""
    pictures = []
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as picture:
            pictures.append(torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).contiguous())
    return pictures


class Crops:
    """Endless random crops. Photographs come at 0.5 to 1.3 times their size, paintings from 0.3 times on."""

    def __init__(self, photos: list[Tensor], paintings: list[Tensor], size: int, generator: torch.Generator) -> None:
        self.photos, self.paintings, self.size, self.generator = photos, paintings, size, generator

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """A uniform random number."""
        return low + (high - low) * torch.rand((), generator=self.generator).item()

    def _choose(self, n: int) -> int:
        return int(torch.randint(n, (), generator=self.generator))

    def _cut(self, picture: Tensor, smallest_scale: float) -> Tensor:
        height, width = picture.shape[1:]
        side = min(height, width, round(self.size / self.number(smallest_scale, 1.3)))
        top, left = self._choose(height - side + 1), self._choose(width - side + 1)
        crop = picture[None, :, top : top + side, left : left + side].float() / 255
        crop = F.interpolate(crop, (self.size, self.size), mode="bicubic", antialias=True, align_corners=False)
        return (crop.flip(-1) if self.number() < 0.5 else crop).clamp(0, 1)

    def photo(self) -> Tensor:
        """One crop of a photograph, 1×3×S×S in [0, 1]."""
        return self._cut(self.photos[self._choose(len(self.photos))], 0.5)

    def painting(self) -> Tensor:
        """One crop of a painting, 1×3×S×S in [0, 1]."""
        return self._cut(self.paintings[self._choose(len(self.paintings))], 0.3)

    def either(self) -> Tensor:
        """A photograph five times out of six: 82 paintings against 1151 photographs, each seen three times as often."""
        return self.photo() if self.number() < 5 / 6 else self.painting()

    def disturbed(self) -> Tensor:
        """A crop that optimisation might pass through: two thirds clean, the rest noisy, soft, mixed or flat."""
        x, draw = self.either(), self.number()
        if draw < 0.22:
            grain = max(1, round(self.size / self.number(1, 8)))
            noise = torch.randn(1, 3, grain, grain, generator=self.generator)
            noise = F.interpolate(noise, (self.size, self.size), mode="bilinear", align_corners=False)
            x = x + self.number(0.02, 0.25) * noise
        elif draw < 0.26:
            x = F.interpolate(x, scale_factor=1 / self.number(2, 4), mode="area")
            x = F.interpolate(x, (self.size, self.size), mode="bilinear", align_corners=False)
        elif draw < 0.30:
            share = self.number(0.2, 0.8)
            x = share * x + (1 - share) * self.either()
        elif draw < 0.36:
            x = (x - x.mean()) * self.number(0.3, 1.6) + x.mean() + self.number(-0.15, 0.15)
        return x.clamp(0, 1)
