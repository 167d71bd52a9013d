"""Deep photo style transfer (Luan, Paris, Shechtman and Bala, CVPR 2017) on `compact`, as a baseline.

Pixels are optimized for content and style, and V_cᵀ M_I V_c of each channel is added: it is small where the result is
an affine map of the photograph's colours in every 3 × 3 window (M_I is the matting Laplacian of Levin, Lischinski and
Weiss, CVPR 2006). As in the paper in two stages, without the term and with it; no masks, which it asks a person for.
The encoder and its Wasserstein terms are ours, so that both are judged by what they were optimized for.
"""

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from pictura.encoders import load_encoder
from pictura.losses.perceptual import PerceptualLoss
from pictura.style import STYLE_LAYERS, encode_style

STEPS = (60, 120)  # of the stages; it has settled by then
RATE = 0.02  # Adam's
CONTENT_WEIGHT = 0.12  # that of our trained methods
AFFINE_WEIGHT = 1e4  # λ: the paper's, there on a sum of pixels in [0, 1]
EPSILON = 1e-7  # of the windows' covariances: Levin's release


def deep_photo(x: Tensor, s: Tensor) -> Tensor:
    """1×3×H×W in the style of another."""
    encoder = load_encoder("compact", dtype="float32")
    target = encode_style(s, encoder, STYLE_LAYERS, max(s.shape[-2:]))
    loss = PerceptualLoss(encoder, [target], {"relu4_2": 1.0}, dict.fromkeys(STYLE_LAYERS, 1.0), relative=True)
    laplacian = matting_laplacian(x)
    y, generator = x.clone(), torch.Generator().manual_seed(0)
    for steps, weight in zip(STEPS, (0.0, AFFINE_WEIGHT), strict=True):
        y = y.detach().clone().requires_grad_(True)
        optimizer = torch.optim.Adam([y], lr=RATE)
        for _ in range(steps):
            optimizer.zero_grad()
            content, style = loss(y, x, [0], generator)
            (CONTENT_WEIGHT * content.sum() + style.sum()).backward()
            with torch.no_grad():
                if weight:  # λ/N Σ_c V_cᵀ M V_c has this gradient: M is symmetric
                    flat = y[0].flatten(1).T.numpy()
                    y.grad += torch.from_numpy(2 * weight / len(flat) * (laplacian @ flat)).T.reshape(y.shape)
                optimizer.step()
                y.clamp_(0, 1)
    return y.detach()


def matting_laplacian(x: Tensor) -> sparse.csr_matrix:
    """M_I of 1×3×H×W, a sparse HW×HW: Σ over windows w of δ_ij - (1 + (I_i - μ)ᵀ (Σ + ε/9)⁻¹ (I_j - μ)) / 9."""
    image = x[0].permute(1, 2, 0).double().numpy()
    height, width, _ = image.shape
    index = np.arange(height * width).reshape(height, width)
    windows = np.lib.stride_tricks.sliding_window_view(index, (3, 3)).reshape(-1, 9)
    colours = image.reshape(-1, 3)[windows]
    off = colours - colours.mean(1, keepdims=True)
    covariance = np.einsum("wni,wnj->wij", off, off) / 9 + EPSILON / 9 * np.eye(3)
    values = np.eye(9) - (1 + np.einsum("wni,wij,wmj->wnm", off, np.linalg.inv(covariance), off)) / 9
    rows, columns = np.repeat(windows, 9, 1).ravel(), np.tile(windows, (1, 9)).ravel()
    size = height * width
    return sparse.coo_matrix((values.ravel(), (rows, columns)), (size, size)).tocsr().astype(np.float32)
