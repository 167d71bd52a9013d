"""LPIPS, its form without learned weights, and ArtFID, which is made of it and FID."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pictura.runtime.errors import PicturaError

# Where Zhang et al. read VGG-16; the published weights (version 0.1, vgg.pth) are for these layers in this order.
LPIPS_LAYERS = {"vgg16": ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")}
EPSILON = 1e-10  # of the authors' release, added to each length
HEAD_KEY = "lin{}.model.1.weight"  # of the published files, 1×C×1×1


def perceptual_distance(
    f: Mapping[str, Tensor], p: Mapping[str, Tensor], heads: Mapping[str, Tensor] | None = None
) -> Tensor:
    """Σ over layers of the mean over positions of Σ_c w_c (f̂ - p̂)² for features N×C×H×W, f̂ = f / |f|; N values.

    Zhang, Isola, Efros, Shechtman, Wang (CVPR 2018, arXiv 1801.03924), equation 1. With the published w, layer → C,
    and the network they were learned on it is LPIPS; without `heads` every w is 1, which the paper has as baselines.
    """
    terms = []
    for layer in p:
        difference = (_unit_length(f[layer]) - _unit_length(p[layer])).square()
        if heads is not None:
            difference = difference * heads[layer].to(difference)[:, None, None]
        terms.append(difference.sum(1).mean(dim=(1, 2)))
    return torch.stack(terms).sum(0)


def read_heads(tensors: Mapping[str, Tensor], channels: Mapping[str, int]) -> dict[str, Tensor]:
    """The learned weights of a published file by layer, for the layers and their numbers of channels in order.

    Raises:
        PicturaError: the file holds others.
    """
    heads = {}
    for i, (layer, count) in enumerate(channels.items()):
        found = tensors.get(HEAD_KEY.format(i))
        if found is None or found.numel() != count or not found.isfinite().all():
            raise PicturaError(
                f"The weights of LPIPS lack {count} finite numbers '{HEAD_KEY.format(i)}' for {layer}: give the file "
                "of the network that --encoder names."
            )
        heads[layer] = found.flatten().float()
    return heads


def art_fid(distance: float, fid: float) -> float:
    """(1 + mean LPIPS of results and contents) · (1 + FID of results and paintings).

    Wright and Ommer (GCPR 2022, arXiv 2207.12280), with LPIPS by AlexNet and an Inception trained on artworks.
    """
    return (1 + distance) * (1 + fid)


def _unit_length(f: Tensor) -> Tensor:
    return f / (f.square().sum(1, keepdim=True).sqrt() + EPSILON)
