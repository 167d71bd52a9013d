"""The network of photorealistic style: a grid of affine colour maps, sliced along the photo's own edges.

A bilateral grid has a cell for each region of the picture and each level of brightness, and in each cell one affine
map of colours. A pixel takes the map at its place and at its own level, interpolated between the eight nearest cells
(Gharbi, Chen, Barron, Hasinoff and Durand, Deep Bilateral Learning for Real-Time Image Enhancement, SIGGRAPH 2017). So
where the photo has an edge the maps may change at once, and elsewhere only slowly: no edge moves and no texture is
invented. The level is a guide learned from the pixel's colours. As in Xia et al. (Joint Bilateral Learning for
Real-time Universal Photorealistic Style Transfer, ECCV 2020) the grid comes from features of a small copy of the photo
whose statistics were exchanged for the reference's.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.adain import EPS
from pictura.networks.compact import COMPONENTS
from pictura.picture.transfer import YCBCR

LEVELS = 8  # of brightness; as HDRnet
CELL = 16  # pixels of the small copy that a cell is wide and high; as HDRnet
STATISTICS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")  # layers that describe photo and reference
EXCHANGED = ("relu2_1", "relu3_1", "relu4_1")  # layers whose statistics are exchanged
LIFT = 4.0  # compact's components are about 1 / √C: what brings them near 1; so are colours' deviations
Statistics = tuple[Mapping[str, Tensor], Mapping[str, Tensor]]  # means and standard deviations by layer, N×C


class Guide(nn.Module):
    """A pixel's level in [0, 1] from its colour; at first its luma."""

    def __init__(self) -> None:
        super().__init__()
        self.colour = nn.Conv2d(3, 1, 1)
        with torch.no_grad():
            self.colour.weight.copy_(YCBCR[0].view(1, 3, 1, 1))
            self.colour.bias.zero_()  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        """N×3×H×W to N×1×H×W."""
        level: Tensor = self.colour(x)
        return level.clamp(0, 1)


class GridNetwork(nn.Module):
    """The grid's difference from one that is known in closed form; zero before training.

    Args:
        width: channels of its first layers; the last have twice as many.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        c, deep, last = COMPONENTS, width + width // 2, 2 * width
        self.guide = Guide()
        self.fine = nn.Sequential(
            nn.Conv2d(2 * c["relu2_1"] + 2 * c["relu3_1"] + 6, width, 1),
            nn.ReLU(),
            nn.Conv2d(width, deep, 3, 2, 1),
            nn.ReLU(),
        )
        self.deep = nn.Sequential(nn.Conv2d(2 * c["relu4_1"], deep, 1), nn.ReLU())
        self.local = nn.Sequential(nn.Conv2d(2 * deep, last, 3, 2, 1), nn.ReLU(), nn.Conv2d(last, last, 3, 1, 1))
        known = 4 * sum(c[layer] for layer in STATISTICS) + 12
        self.whole = nn.Sequential(nn.Linear(known, last + width // 2), nn.ReLU(), nn.Linear(last + width // 2, last))
        self.out = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(last, last, 3, 1, 1, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv2d(last, 12 * LEVELS, 1),
        )
        nn.init.zeros_(self.out[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.out[-1].bias)  # type: ignore[arg-type]

    def forward(
        self,
        x: Tensor,
        whole: Tensor,
        base: Tensor,
        features: Mapping[str, Tensor],
        photo: Statistics,
        reference: Statistics,
    ) -> tuple[Tensor, Tensor]:
        """The grid N×12×Z×h×w, a 3×4 matrix row by row in each cell; and the levels N×1×H×W of x.

        Args:
            x: the photo's small copy N×3×H×W in [0, 1], sides divisible by `CELL`.
            whole: one affine map for all of it, N×3×4.
            base: the grid that is known, N×12×Z×h×w with a cell for each `CELL`.
            features: its features at `EXCHANGED`.
            photo, reference: statistics of both at `STATISTICS`.
        """
        levels = self.guide(x)
        with torch.no_grad():
            mapped = apply_maps(slice_grid(base, levels.float()), x)
        height, width = features["relu3_1"].shape[-2:]
        size = (height, width)
        plain, exchanged = {}, {}
        for layer in EXCHANGED:
            f = features[layer]
            plain[layer], exchanged[layer] = _exchange(f, photo, reference, layer)
            if layer == "relu2_1":
                plain[layer], exchanged[layer] = (
                    F.adaptive_avg_pool2d(t, size) for t in (plain[layer], exchanged[layer])
                )
        colours = [LIFT * (F.adaptive_avg_pool2d(t, size) - 0.5) for t in (x, mapped.clamp(-0.2, 1.2))]
        pairs = [t for layer in EXCHANGED[:2] for t in (plain[layer], exchanged[layer])]
        fine = self.fine(torch.cat([*pairs, *colours], 1))
        deep = self.deep(torch.cat([plain["relu4_1"], exchanged["relu4_1"]], 1))
        local = self.local(torch.cat([fine, F.interpolate(deep, fine.shape[-2:], mode="bilinear")], 1))
        numbers = [LIFT * part[layer] for side in (photo, reference) for part in side for layer in STATISTICS]
        known = self.whole(torch.cat([*numbers, whole.flatten(1)], 1))
        residual = self.out(local + known[:, :, None, None]).float()
        return residual.view(base.shape) + base, levels.float()


def _exchange(f: Tensor, photo: Statistics, reference: Statistics, layer: str) -> tuple[Tensor, Tensor]:
    """Features normalized by the photo's statistics, halved, and with the reference's instead, lifted."""
    (mu_c, sigma_c), (mu_s, sigma_s) = ([part[layer][:, :, None, None] for part in side] for side in (photo, reference))
    normal = (f - mu_c) / sigma_c
    return 0.5 * normal, LIFT * (normal * sigma_s + mu_s)


def feature_statistics(features: Mapping[str, Tensor]) -> Statistics:
    """Means and standard deviations N×C of feature maps N×C×H×W."""
    means = {layer: f.mean((2, 3)) for layer, f in features.items()}
    # Compact's means are no larger than its deviations: the difference of squares loses nothing.
    return means, {
        layer: (f.square().mean((2, 3)) - means[layer].square() + EPS).clamp(min=EPS).sqrt()
        for layer, f in features.items()
    }


def mix_statistics(parts: Sequence[tuple[Statistics, float]]) -> Statistics:
    """Statistics of several pictures together, each with its share; the shares' sum is 1."""
    means = {layer: torch.stack([share * mean[layer] for (mean, _), share in parts]).sum(0) for layer in parts[0][0][0]}
    seconds = {
        layer: torch.stack([share * (mean[layer].square() + std[layer].square()) for (mean, std), share in parts]).sum(
            0
        )
        for layer in means
    }
    return means, {layer: (seconds[layer] - means[layer].square()).clamp(min=EPS).sqrt() for layer in means}


def slice_grid(grid: Tensor, levels: Tensor, rows: slice | None = None, height: int | None = None) -> Tensor:
    """Each pixel's own affine map N×3×4×H×W out of N×12×Z×h×w.

    Args:
        grid: the maps, spread over the whole picture.
        levels: the guide N×1×H×W of the picture, or of some of its rows.
        rows: which those are.
        height: of the whole picture.
    """
    n, _, h, w = levels.shape
    top, cells = (0 if rows is None else rows.start), grid.shape[-2]
    # A row of pixels has one place between two rows of cells. Interpolating these first leaves a plane of columns and
    # levels, which torch samples several times as fast as it does a volume.
    y = ((torch.arange(top, top + h, device=levels.device) + 0.5) / (height or h) * cells - 0.5).clamp(0, cells - 1)
    low = y.floor().long()
    planes = torch.lerp(grid[..., low, :], grid[..., (low + 1).clamp(max=cells - 1), :], (y - low)[:, None])
    planes = planes.permute(0, 3, 1, 2, 4).flatten(0, 1)  # N·H × 12 × Z × w
    x = (torch.arange(w, device=levels.device) + 0.5) / w * 2 - 1
    place = torch.stack([x.expand(n * h, 1, w), levels.reshape(n * h, 1, w) * 2 - 1], -1)
    maps = F.grid_sample(planes, place, mode="bilinear", padding_mode="border", align_corners=False)
    return maps.view(n, h, 3, 4, w).permute(0, 2, 3, 1, 4)


def apply_maps(maps: Tensor, x: Tensor) -> Tensor:
    """Maps N×3×4×H×W on the pixels N×3×H×W; not clamped."""
    return (maps[:, :, :3] * x[:, None]).sum(2) + maps[:, :, 3]
