"""Images in, named feature maps out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Self

import torch
from torch import Tensor, nn

from pictura.encoders import geometry, magnitude
from pictura.encoders.layers import Pooling, adapt
from pictura.encoders.records import Padding, Preprocessing
from pictura.networks.layers.padding import without_autocast
from pictura.runtime.device import DTYPES, DType
from pictura.runtime.errors import PicturaError, did_you_mean


class Encoder(nn.Module):
    """A frozen network whose layers can be read by the names the papers give them.

    `chain` is the layers in order, `heads` 1×1 convolutions through which some of them are read. `pooling` and
    `padding` hold for every max pool and every padded convolution; both are replaced in `chain` itself, which
    belongs to the encoder from then on. Weights and images are cast to `dtype` and laid out channels last;
    features are always returned in float32. Gradients flow to the images, never to the weights.

    `scales` are known magnitudes of feature maps, see `scale`; `warning` says what the encoder is not fit for, or "".
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        chain: Iterable[tuple[str, nn.Module]],
        preprocessing: Preprocessing,
        *,
        name: str = "encoder",
        heads: Mapping[str, nn.Module] | None = None,
        pooling: Pooling = "max",
        padding: Padding = "zeros",
        dtype: DType = "float32",
        scales: Mapping[str, float] | None = None,
        warning: str = "",
    ) -> None:
        super().__init__()
        self.name = name
        self.warning = warning
        self.dtype = DTYPES[dtype]
        self.scales = dict(scales or {})
        names, modules = zip(*chain, strict=True)
        self.layers: tuple[str, ...] = names
        self.stages = nn.ModuleList(adapt(module, pooling, padding) for module in modules)
        self.heads = nn.ModuleDict(heads or {})
        self._windows = [list(geometry.windows(stage)) for stage in self.stages]
        self.to(dtype=self.dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stubs
        # Behind the cast, so that images are normalized in float32: rounded last, the distance to the mean keeps more.
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever the network around this one does: its statistics are part of it."""
        return super().train(False)

    def forward(self, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """B×3×H×W in [0, 1] sRGB to the float32 feature map B×C×H/s×W/s of each of `layers`, by the requested name.

        Runs no further than the deepest of them. Raises PicturaError for an unknown layer or too small an image.
        """
        requested = {name: self.resolve(name) for name in layers}
        self._check_size(x, layers)
        features = without_autocast(lambda x: self._read_layers(x, set(requested.values())), x)
        return {name: features[layer] for name, layer in requested.items()}

    def _read_layers(self, x: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        x = ((x - self.mean) / self.std).to(self.dtype, memory_format=torch.channels_last)
        features: dict[str, Tensor] = {}
        for name, stage in zip(self.layers[: self._depth(layers)], self.stages, strict=False):
            x = stage(x)
            if name in layers:
                features[name] = (self.heads[name](x) if name in self.heads else x).float()
        return features

    def resolve(self, layer: str) -> str:
        """This encoder's spelling of `layer`: ``conv4_2`` is understood as ``relu4_2`` where only that is there.

        Raises PicturaError, with the valid names and the nearest of them, for any other name.
        """
        twin = layer.replace("conv", "relu", 1)
        for name in (layer, twin):
            if name in self.layers:
                return name
        raise PicturaError(
            f"'{self.name}' has no layer '{layer}', only {', '.join(self.layers)}.{did_you_mean(layer, self.layers)}"
        )

    def stride(self, layer: str) -> int:
        """Pixels between neighbouring positions of the feature map of `layer`."""
        return geometry.stride(self._windows_to([layer]))

    def receptive_field(self, layer: str) -> int:
        """Side in pixels of the square that one position of `layer` depends on."""
        return geometry.receptive_field(self._windows_to([layer]))

    def smallest(self, layers: Sequence[str]) -> int:
        """Smallest side in pixels of an image that has a position in each of `layers`."""
        return geometry.smallest(self._windows_to(layers))

    def scale(self, layer: str) -> float:
        """Magnitude of the feature map: root of its total variance (summed over channels) over natural images.

        Where it was not measured in advance it is estimated, once, from an image of 1/f noise that is always the same.
        On VGG-19 the estimate is within a factor of two of the measured magnitude at every layer.
        """
        layer = self.resolve(layer)
        if layer not in self.scales:
            noise = magnitude.noise_picture().to(self.mean.device)
            # A cache: two threads may both measure, and find the same.
            self.scales |= magnitude.measure(self, [noise], [layer])
        return self.scales[layer]

    def channels(self, layers: Sequence[str]) -> dict[str, int]:
        """How many channels the feature map of each of `layers` has, by the requested name."""
        side = self.smallest(layers)
        with torch.no_grad():
            features = self(torch.zeros(1, 3, side, side, device=self.mean.device), layers)
        return {layer: f.shape[1] for layer, f in features.items()}

    def _depth(self, layers: Collection[str]) -> int:
        """How many stages it takes to reach all of `layers`."""
        return max((self.layers.index(self.resolve(name)) + 1 for name in layers), default=0)

    def _windows_to(self, layers: Sequence[str]) -> list[geometry.Window]:
        return [window for stage in self._windows[: self._depth(layers)] for window in stage]

    def _check_size(self, x: Tensor, layers: Sequence[str]) -> None:
        height, width = x.shape[-2:]
        smallest = self.smallest(layers)
        if min(height, width) < smallest:
            deepest = self.layers[self._depth(layers) - 1]
            raise PicturaError(
                f"The picture is {width}×{height} pixels, too small for layer '{deepest}' of '{self.name}': "
                f"make it at least {smallest} pixels wide and high, or choose shallower layers."
            )
