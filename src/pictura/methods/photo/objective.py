"""What the network of photorealistic style is trained by: the reference's statistics, and what a photograph keeps."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.losses.wasserstein import RIDGE, trace_of_root
from pictura.networks.photo import Statistics, feature_statistics
from pictura.picture.transfer import YCBCR

# Ours, by trial: colours and fine texture as whole Gaussians, what is deeper by mean and deviation.
GAUSSIAN_LAYERS = ("relu1_1", "relu2_1")
DEEP_LAYERS = {"relu3_1": 1.0, "relu4_1": 0.5, "relu5_1": 0.25}
WINDOWS = (8, 24)  # sides in pixels in which local contrast is measured
CONTRAST = (0.7, 1.6)  # what a reference's own contrast may ask for; below, it would flatten
SLACK = 0.15  # of the logarithm of local contrast, either way; with twice as much blacks turned grey
STEP = 4  # pixels of the small copy over which maps are compared
FLAT = 0.05  # difference of colours below which the photo counts as flat


def style_loss(features: Mapping[str, Tensor], reference: Mapping[str, Tensor]) -> Tensor:
    """Σ_l w_l d_l, the mean over N results: W² of Gaussians at the first layers, means and deviations at the others."""
    total = torch.stack([gaussian_distance(features[layer], reference[layer]) for layer in GAUSSIAN_LAYERS]).sum(0)
    (mu, sigma), (mu_s, sigma_s) = feature_statistics(features), feature_statistics(reference)
    for layer, weight in DEEP_LAYERS.items():
        difference = (mu[layer] - mu_s[layer]).square() + (sigma[layer] - sigma_s[layer]).square()
        total = total + weight * difference.sum(1)
    return total.mean()


def gaussian_distance(f: Tensor, s: Tensor) -> Tensor:
    """W² of the Gaussians of N maps and N others, N×C×H×W, to N; differentiable in f (see `losses.wasserstein`)."""
    (mu, c), (mu_s, c_s) = _gaussian(f), _gaussian(s)
    values, axes = torch.linalg.eigh(c_s)
    root = (axes * values.clamp(min=0).sqrt()[:, None]) @ axes.mT
    traces = (c + c_s).diagonal(dim1=1, dim2=2).sum(1)
    return (mu - mu_s).square().sum(1) + traces - 2 * trace_of_root(c, root)


def _gaussian(f: Tensor) -> tuple[Tensor, Tensor]:
    x = f.flatten(2)
    mean = x.mean(2)
    x = x - mean[..., None]
    return mean, x @ x.mT / x.shape[2] + RIDGE * torch.eye(x.shape[1], device=x.device)


def content_loss(f: Tensor, p: Tensor) -> Tensor:
    """Mean square difference of two feature maps, each channel of each picture normalized: its tint is no content."""
    return F.mse_loss(F.instance_norm(f), F.instance_norm(p))


def gamut_loss(y: Tensor) -> Tensor:
    """Mean square of what lies outside of [0, 1]."""
    return (y - y.clamp(0, 1)).square().mean()


def contrast_loss(y: Tensor, x: Tensor, reference: Tensor) -> Tensor:
    """How far local contrast leaves what the whole picture's contrast says, over `SLACK`, squared.

    The logarithm of the deviation of luma in a window may change by that of the reference's to the photo's deviation,
    held in `CONTRAST`.
    """
    y, x, s = (_luma(t) for t in (y, x, reference))
    asked = (s.std((1, 2, 3)) / x.std((1, 2, 3)).clamp(min=0.03)).clamp(*CONTRAST).log().view(-1, 1, 1, 1)
    terms = []
    for side in WINDOWS:
        change = _log_deviation(y, side) - _log_deviation(x, side) - asked
        terms.append(F.relu(change.abs() - SLACK).square().mean())
    return torch.stack(terms).mean()


def _luma(x: Tensor) -> Tensor:
    return torch.einsum("c,nchw->nhw", YCBCR[0].to(x), x)[:, None]


def _log_deviation(luma: Tensor, side: int) -> Tensor:
    step = side // 2
    variance = F.avg_pool2d(luma.square(), side, step) - F.avg_pool2d(luma, side, step).square()
    return 0.5 * (variance.clamp(min=0) + 2e-4).log()  # (3.6 / 255)²: below it is noise


def smooth_loss(grid: Tensor) -> Tensor:
    """Mean squares of differences between neighbouring cells N×12×Z×h×w, half as much between levels."""
    columns, rows, levels = (grid.diff(dim=dim).square().sum(1).mean() for dim in (-1, -2, 2))
    return columns + rows + 0.5 * levels


def halo_loss(maps: Tensor, x: Tensor) -> Tensor:
    """What maps N×3×4×H×W that change paint where the photo N×3×H×W is flat: glows beside what stands before a sky.

    The mean square of the difference that the maps of two pixels make to one colour, as far as the pixels are alike.
    """
    total = x.new_zeros(())
    for dim in (-1, -2):
        count = x.shape[dim] - STEP
        here, there = x.narrow(dim, STEP, count), x.narrow(dim, 0, count)
        change = maps.narrow(dim, STEP, count) - maps.narrow(dim, 0, count)
        painted = (change[:, :, :3] * here[:, None]).sum(2) + change[:, :, 3]
        alike = torch.exp(-(here - there).square().sum(1, keepdim=True) / (2 * FLAT**2))
        total = total + (alike * painted.square()).mean()
    return total


def statistics_pair(features: Mapping[str, Tensor], order: Tensor) -> tuple[Statistics, Statistics]:
    """Statistics of a batch's features, and of the same pictures in another order."""
    means, deviations = feature_statistics(features)
    return (means, deviations), (
        {layer: mean[order] for layer, mean in means.items()},
        {layer: deviation[order] for layer, deviation in deviations.items()},
    )
