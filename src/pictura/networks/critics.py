"""Critics that look at the features of a frozen encoder (Sauer et al. 2021, Projected GANs, arXiv 2111.01007).

A critic that starts from pixels has to learn to see before it can judge; one whose eyes are a trained encoder's judges
from the first step, and is so small that it costs next to nothing.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from pictura.runtime.errors import PicturaError

Encode = Callable[[Tensor, Sequence[str]], Mapping[str, Tensor]]
SLOPE = 0.2  # of the leaky ReLU
MEASURED_IMAGES = 64  # real pictures from which the features' scales are measured
MIN_STD = 1e-3  # least std of a channel


class FeatureCritic(nn.Module):
    """One small head a layer: features N×C×H×W of each layer to answers N×1×H×W, large for "real".

    1×1, 3×3 and 1×1 convolutions with spectral norm (Miyato et al. 2018, arXiv 1802.05957). Features are whitened in
    part: divided by √std of their channel, so that a layer's fine channels count without drowning in their noise.
    The scales are measured on the first real pictures, by `measure`, and stay as they are then.

    Args:
        layers: layer → channels.
        width: channels of a head, of all or by layer.
        condition: channels of what the answer depends on beside the features, such as the picture to be translated;
            each head sees it averaged down to its layer's size.
        answers: channels of an answer.
    """

    pictures: Tensor

    def __init__(
        self, layers: Mapping[str, int], width: int | Mapping[str, int] = 64, condition: int = 0, answers: int = 1
    ) -> None:
        super().__init__()
        self.layers = tuple(layers)
        widths = dict.fromkeys(layers, width) if isinstance(width, int) else width
        self.heads = nn.ModuleDict(
            {layer: _head(channels + condition, widths[layer], answers) for layer, channels in layers.items()}
        )
        for layer, channels in layers.items():
            self.register_buffer(f"variance_{layer}", torch.ones(channels))
        self.register_buffer("pictures", torch.zeros(()))

    def forward(self, features: Mapping[str, Tensor], condition: Tensor | None = None) -> list[Tensor]:
        """Answers in the order of the layers."""
        answers = []
        for layer, head in self.heads.items():
            x = features[layer] * self._scale(layer)
            if condition is not None:
                x = torch.cat([x, F.adaptive_avg_pool2d(condition, (x.shape[-2], x.shape[-1])).to(x.dtype)], 1)
            answers.append(head(x))
        return answers

    @torch.no_grad()
    def measure(self, features: Mapping[str, Tensor]) -> None:
        """Take a batch of real pictures into the scales, until there were `MEASURED_IMAGES`."""
        if self.pictures >= MEASURED_IMAGES:
            return
        count = len(features[self.layers[0]])
        share = count / (float(self.pictures) + count)
        for layer in self.layers:
            self.get_buffer(f"variance_{layer}").lerp_(features[layer].float().var((0, 2, 3)), share)
        self.pictures += count

    def _scale(self, layer: str) -> Tensor:
        """1×C×1×1, after which the layer's mean variance is 1."""
        std = self.get_buffer(f"variance_{layer}").sqrt().clamp(min=MIN_STD)
        return (std.rsqrt() / std.mean().sqrt()).view(1, -1, 1, 1)


class EncoderCritic(nn.Module):
    """A `FeatureCritic` of pictures N×3×H×W in [0, 1]: it sees them through a frozen encoder, which is not part of it.

    Args:
        layers, width, condition: as of `FeatureCritic`.
    """

    def __init__(self, layers: Mapping[str, int], width: int = 64, condition: int = 0) -> None:
        super().__init__()
        self.critic = FeatureCritic(layers, width, condition)
        self.encode: Encode | None = None

    def open_eyes(self, encode: Encode) -> None:
        """See with this encoder from now on: (pictures, layers) to features by layer."""
        # A function around it: a module would become part of the critic, and of its checkpoints.
        self.encode = lambda x, layers: encode(x, layers)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> list[Tensor]:
        """Answers in the order of the layers."""
        if self.encode is None:
            raise PicturaError("Call prepare() before step(): the encoder of the critic is not loaded.")
        answers: list[Tensor] = self.critic(self.encode(x, self.critic.layers), condition)
        return answers

    def measure(self, real: Tensor) -> None:
        """Take real pictures into the scales of the features; call it before each of the first steps."""
        if self.encode is not None and self.critic.pictures < MEASURED_IMAGES:
            with torch.no_grad():
                self.critic.measure(self.encode(real, self.critic.layers))


def _head(channels: int, width: int, answers: int) -> nn.Sequential:
    return nn.Sequential(
        _add_spectral_norm(nn.Conv2d(channels, width, 1)),
        nn.LeakyReLU(SLOPE),
        _add_spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
        nn.LeakyReLU(SLOPE),
        _add_spectral_norm(nn.Conv2d(width, answers, 1)),
    )


def _add_spectral_norm(layer: nn.Conv2d) -> nn.Module:
    """With spectral norm; where weights are shapes only, on "meta", its iterations would take seconds for nothing."""
    return layer if layer.weight.is_meta else spectral_norm(layer)
