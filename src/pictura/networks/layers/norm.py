"""Instance normalization (Ulyanov, Vedaldi and Lempitsky 2016, arXiv 1607.08022), fast and exact in channels last.

The same function with the same parameter names as `nn.InstanceNorm2d(affine=True)`, which leaves channels-last memory
and is 10 times slower on CPUs. Group norm with one group per channel keeps it, but computes the variance there as a
difference of large numbers: with a standard deviation of a hundredth of the mean the second digit is wrong, in bfloat16
the first. Batch norm on one image at a time, in training mode and without running statistics, is the same function
again, sums the centred values in float32, and runs forward and backward 3 to 10 times faster than group norm.

A normalization layer is where a position of an image depends on all others. A call may therefore replace the statistics
of its input, for those of the whole image while the network runs on tiles (`networks.tiling.streaming`) or of several
frames (`networks.tiling.frozen`). Such statistics belong to the call, not to the layer: two threads may run one network
at once. They are in a context variable, of which every thread and every asyncio task has its own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

# (mean, biased variance) of each channel of a whole image's feature map, each C, float32 or float64.
ChannelStatistics = tuple[Tensor, Tensor]


class NormLayer(nn.Module):
    """Base of the layers that normalize by mean and variance over all positions of their input N×C×H×W.

    Attributes:
        margin: positions that the input reaches beyond the image on every side (in networks that pad at the start
            and convolve without padding later).
    """

    margin = 0

    def given_statistics(self, x: Tensor) -> ChannelStatistics | None:
        """What the running call gives instead of the statistics of the input `x`; None: those of `x`.

        To be called once in each forward pass, because it shows `x` to the call's observer.
        """
        if torch.compiler.is_exporting():  # an exported network has no running call
            return None
        call = _CALL.get()
        statistics = call.statistics.get(self)
        if call.observe is not None:
            call.observe(self, x, statistics)
        return statistics


LayerStatistics = Mapping[NormLayer, ChannelStatistics]
Observer = Callable[[NormLayer, Tensor, ChannelStatistics | None], None]  # layer, its input, what it was given


@dataclass(frozen=True)
class _Call:
    """What the normalization layers need to know of the running call."""

    statistics: LayerStatistics = field(default_factory=dict)
    observe: Observer | None = None


_NO_CALL = _Call()
_CALL = ContextVar("normalization", default=_NO_CALL)


@contextmanager
def use_statistics(statistics: LayerStatistics) -> Iterator[dict[NormLayer, ChannelStatistics]]:
    """Inside, these layers use these statistics, and all others what they would use outside.

    Gives the statistics of all layers as a dictionary; what is added to it counts from then on.
    """
    call = _CALL.get()
    merged = {**call.statistics, **statistics}
    token = _CALL.set(replace(call, statistics=merged))
    try:
        yield merged
    finally:
        _CALL.reset(token)


@contextmanager
def observe_inputs(observe: Observer) -> Iterator[None]:
    """Inside, each normalization layer calls `observe` before it normalizes, and no outer observer."""
    token = _CALL.set(replace(_CALL.get(), observe=observe))
    try:
        yield
    finally:
        _CALL.reset(token)


def normalize_features(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float, statistics: ChannelStatistics | None = None
) -> Tensor:
    """(x - μ) / √(σ² + eps) × weight + bias for N×C×H×W; μ and σ² of each image and channel unless they are given.

    Weight and bias are C or 1×C, or N×C for one of each image's own.
    """
    if torch.compiler.is_exporting():  # other runtimes know group norm, and no batch norm that trains
        return _normalize_for_export(x, weight, bias, eps)
    outputs = []
    for i in range(len(x)):
        image = x[i : i + 1]
        scale, shift = (p[i % len(p)] if p is not None and p.dim() == 2 else p for p in (weight, bias))
        fixed = statistics
        if fixed is None and not x.requires_grad and x.dtype in (torch.float32, torch.float64):
            fixed = measure_statistics(image)
        mean, variance = fixed or (None, None)
        # Not F.batch_norm, which refuses a map of one position: an image of one pixel is an image, and 0 here.
        outputs.append(torch.batch_norm(image, scale, shift, mean, variance, fixed is None, 0.0, eps, False))
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def measure_statistics(x: Tensor) -> ChannelStatistics:
    """(mean, biased variance) of 1×C×H×W, to all digits: an image in one piece must come out as it does in tiles.

    Batch norm adds up term by term, and is off by 1e-4 of the standard deviation at a megapixel; torch's means add up
    pairwise, at twice the time, and `torch.var_mean` is exact at seven times the time.
    """
    mean = x.mean((0, 2, 3))
    return mean, (x - mean[:, None, None]).square_().mean((0, 2, 3))


class Sums:
    """Mean and variance of each channel, gathered piece by piece in float64 (Chan, Golub and LeVeque 1979)."""

    def __init__(self) -> None:
        self.count, self.dtype = 0, torch.float32
        self.mean: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0  # Σ (x - mean)²

    def add(self, x: Tensor) -> None:
        """Count one more piece, 1×C×H×W."""
        n, self.dtype = x.shape[-2] * x.shape[-1], torch.promote_types(x.dtype, torch.float32)
        variance, mean = torch.var_mean(x.double(), (0, 2, 3), correction=0)
        step, before = mean - self.mean, self.count
        self.count += n
        self.mean = self.mean + step * (n / self.count)
        self.squares = self.squares + variance * n + step.square() * (before * n / self.count)

    def statistics(self) -> ChannelStatistics:
        """(mean, biased variance), each C, at least float32."""
        return torch.as_tensor(self.mean).to(self.dtype), (torch.as_tensor(self.squares) / self.count).to(self.dtype)


def _normalize_for_export(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    x = torch.group_norm(x, x.shape[1], eps=eps)
    scale, shift = (None if p is None else p.view(-1, x.shape[1], 1, 1) for p in (weight, bias))
    return x if scale is None or shift is None else x * scale + shift


class InstanceNorm(NormLayer):
    """N×C×H×W to the same shape, each image and channel to mean 0 and variance 1, then scale and shift if `affine`.

    `weight` and `bias` are called as in torch's; there are no running statistics.
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, channels: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.ones(channels)) if affine else None)
        self.register_parameter("bias", nn.Parameter(torch.zeros(channels)) if affine else None)
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to the same shape."""
        return normalize_features(x, self.weight, self.bias, self.eps, self.given_statistics(x))


class BatchNorm(InstanceNorm):
    """Batch norm (Ioffe and Szegedy 2015, arXiv 1502.03167) by the statistics of the batch at hand, in use, too.

    So pix2pix tests its networks; of one image it is instance norm. There are no running statistics.
    """

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to the same shape, each channel over all images."""
        if torch.compiler.is_exporting() or len(x) == 1:  # an exported network takes pictures one by one
            return super().forward(x)
        given = self.given_statistics(x)
        mean, variance = given or (None, None)
        return torch.batch_norm(x, self.weight, self.bias, mean, variance, given is None, 0.0, self.eps, False)


class ConditionalNorm(NormLayer):
    """Conditional instance norm (Dumoulin, Shlens and Kudlur 2017, arXiv 1610.07629): scale and shift for each style.

    `weight` and `bias` are styles×C. The second input is N×styles, each row the shares of the styles; scales and
    shifts are averaged with these weights, and so styles interpolate.
    """

    def __init__(self, channels: int, styles: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))
        self.eps = eps

    def forward(self, x: Tensor, mix: Tensor) -> Tensor:
        """N×C×H×W and N×styles, or 1×styles for all, to N×C×H×W."""
        # Not mix @ weight, which autocast would do in half precision.
        scale, shift = ((mix[..., None] * styles).sum(1) for styles in (self.weight, self.bias))  # N×C
        return normalize_features(x, scale, shift, self.eps, self.given_statistics(x))
