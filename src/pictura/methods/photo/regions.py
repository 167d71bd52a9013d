"""Sky to sky: the closed form for each of a few regions that photo and reference share.

Regions are found where both are looked at together: deep features of all positions of both are clustered by direction,
softly (spherical k-means). What both have, such as sky, makes one cluster, in which the reference's part says what the
photo's part becomes. What only one of them has takes the map of the whole picture, as does all of it in the share that
a region is small in either: `PRIOR`.

The maps are put into a bilateral grid (see `pictura.networks.photo`): a cell has those of the pixels of its place and
its level, so that a sky and the roof before it do not share theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.methods.photo.colour import Moments3, monge_kantorovitch
from pictura.networks.photo import CELL, LEVELS

LAYERS = ("relu4_1", "relu5_1")  # what things are, and where they end
REGIONS = 4  # clusters; ours, by trial
SOFTNESS = 0.15  # cosine over which a position changes its cluster; ours, by trial
ROUNDS = 12  # of k-means; it has settled by then
PRIOR = 0.1  # share of a picture at which a region's own map counts as much as the whole's; ours, by trial
BLURS = 2  # of the grid, by (1 2 1) / 4 along each axis


@dataclass(frozen=True)
class Part:
    """A picture that is looked at: small 3×H×W in [0, 1], deep features C×h×w, and its share of all references."""

    image: Tensor
    deep: Tensor
    share: float = 1.0


def deep_features(features: Mapping[str, Tensor]) -> Tensor:
    """N×C×h×w: both of `LAYERS`, at the first's size."""
    fine, coarse = (features[layer] for layer in LAYERS)
    return torch.cat([fine, F.interpolate(coarse, fine.shape[-2:], mode="bilinear")], 1)


def region_grid(photo: Part, references: Sequence[Part], whole: Tensor, levels: Tensor) -> Tensor:
    """The grid 12×Z×h×w of a photo whose sides are divisible by a cell.

    Args:
        photo, references: both sides.
        whole: the closed form of the whole picture, 3×4.
        levels: the guide of the photo, 1×H×W.
    """
    ours, *theirs = find_regions([photo, *references])
    size = photo.image.shape[-2:]
    maps = region_maps(
        _moments(photo.image, ours),
        _mix([(_moments(part.image, p), part.share) for part, p in zip(references, theirs, strict=True)]),
        whole,
    )
    shares = splat(F.interpolate(ours[None], size, mode="bilinear")[0], levels)
    return torch.einsum("kzhw,kij->ijzhw", shares, maps).flatten(0, 1)


def find_regions(parts: Sequence[Part]) -> list[Tensor]:
    """Each part's K×h×w, how much a position is of each region; their sum is 1. The first part counts as all others."""
    flat = [part.deep.flatten(1).T for part in parts]
    z = torch.cat(flat)
    z = z - z.mean(0)
    length = z.norm(dim=1, keepdim=True)
    z = z / length.clamp(min=1e-6)
    weights = torch.cat([f.new_full((len(f), 1), part.share / len(f)) for f, part in zip(flat, parts, strict=True)])
    chosen = [z[int(length.argmax())]]  # the most pronounced, then always what is least like those there are
    for _ in range(REGIONS - 1):
        chosen.append(z[int((z @ torch.stack(chosen).T).max(1).values.argmin())])
    centres = torch.stack(chosen)
    for _ in range(ROUNDS):
        belongs = (z @ centres.T / SOFTNESS).softmax(1) * weights
        centres = F.normalize(belongs.T @ z, dim=1)
    belongs = (z @ centres.T / SOFTNESS).softmax(1)
    return [
        p.T.reshape(REGIONS, *part.deep.shape[-2:])
        for p, part in zip(belongs.split([len(f) for f in flat]), parts, strict=True)
    ]


def region_maps(photo: tuple[Tensor, Moments3], reference: tuple[Tensor, Moments3], whole: Tensor) -> Tensor:
    """K×3×4 of the regions' sizes and moments on both sides, each drawn to the map of the whole where it is small."""
    (size_c, moments_c), (size_s, moments_s) = photo, reference
    size = torch.minimum(size_c, size_s)
    trust = (size / (size + PRIOR))[:, None, None]
    return torch.lerp(whole.expand(len(size), 3, 4), monge_kantorovitch(moments_c, moments_s), trust)


def _moments(image: Tensor, regions: Tensor) -> tuple[Tensor, Moments3]:
    """Sizes K as shares of the picture, means K×3 and covariances K×3×3 of colours 3×H×W under weights K×h×w."""
    p = F.interpolate(regions[None], image.shape[-2:], mode="bilinear")[0].flatten(1)
    x = image.flatten(1)
    total = p.sum(1).clamp(min=1e-6)
    mean = p @ x.T / total[:, None]
    second = torch.einsum("kn,in,jn->kij", p, x - 0.5, x - 0.5) / total[:, None, None]
    off = mean - 0.5
    return p.mean(1), (mean, second - off[:, :, None] * off[:, None])


def _mix(parts: Sequence[tuple[tuple[Tensor, Moments3], float]]) -> tuple[Tensor, Moments3]:
    """The regions of several pictures as those of one."""
    sizes = torch.stack([share * size for (size, _), share in parts])
    total = sizes.sum(0)
    shares = sizes / total.clamp(min=1e-6)
    mean = torch.einsum("pk,pki->ki", shares, torch.stack([m for (_, (m, _)), _ in parts]))
    second = torch.stack([c + m[:, :, None] * m[:, None] for (_, (m, c)), _ in parts])
    return total, (mean, torch.einsum("pk,pkij->kij", shares, second) - mean[:, :, None] * mean[:, None])


def splat(regions: Tensor, levels: Tensor) -> Tensor:
    """K×Z×h×w: the mean of weights K×H×W over the pixels of each cell, and of cells near it; their sum is 1."""
    place = (levels * LEVELS - 0.5).clamp(0, LEVELS - 1)
    level = torch.arange(LEVELS, device=levels.device).view(1, LEVELS, 1, 1)
    near = (1 - (place[:, None] - level).abs()).clamp(min=0) + 1e-4  # a cell without pixels takes its place's mean
    both = torch.cat([regions[:, None] * near, near])
    pooled = _blur(F.avg_pool3d(both[None], (1, CELL, CELL))[0])
    shares = pooled[:-1] / pooled[-1:]
    return shares / shares.sum(0)


def _blur(cells: Tensor) -> Tensor:
    for _ in range(BLURS):
        for dim in (1, 2, 3):
            first, last = cells.narrow(dim, 0, 1), cells.narrow(dim, cells.shape[dim] - 1, 1)
            wide = torch.cat([first, cells, last], dim)
            count = cells.shape[dim]
            cells = (wide.narrow(dim, 0, count) + 2 * cells + wide.narrow(dim, 2, count)) / 4
    return cells
