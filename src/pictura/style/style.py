"""A `Style`: what an encoder says about a painting, without the painting.

Per layer a mean and a raw second moment, each at a few sizes of the painting, because a painting's strokes at 128
pixels are other strokes than at 512. Moments are linear in pictures, so styles add and blend; between two sizes they
are interpolated in the logarithm of the size.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pictura.encoders import Encoder
from pictura.losses.moments import moments
from pictura.picture.resize import fit_size, resize
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import write_atomic

Moments = Mapping[str, tuple[Tensor, Tensor]]
# Longest sides a saved style keeps. Two carry it: 181 lies between the first scales of the coarse-to-fine schedule.
STYLE_SIZES = (181, 512)
STYLE_FORMAT = "pictura-style-1"


@dataclass(frozen=True)
class Style:
    """Moments of an encoder's responses.

    Attributes:
        encoder: name of the encoder that looked.
        sizes: longest side of the painting in pixels → layer → (mean N, raw second moment N×N), float32.
        about: what is known of it (title, painter, year, licence), all strings.
    """

    encoder: str
    sizes: Mapping[int, Moments]
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers it has moments of."""
        return tuple(next(iter(self.sizes.values())))

    def at(self, size: float) -> Moments:
        """Layer → (mean, second moment) for a painting whose longest side is `size` pixels."""
        known = sorted(self.sizes)
        size = min(max(size, known[0]), known[-1])
        upper = next(s for s in known if s >= size)
        lower = max((s for s in known if s <= size), default=upper)
        share = 0.0 if upper == lower else math.log(size / lower) / math.log(upper / lower)
        return mix_moments([(self.sizes[lower], 1 - share), (self.sizes[upper], share)])

    @classmethod
    def of(
        cls,
        pictures: Iterable[Tensor],
        encoder: Encoder,
        layers: Sequence[str],
        sizes: Iterable[int] = STYLE_SIZES,
        about: Mapping[str, str] | None = None,
    ) -> "Style":
        """The style of one picture or the mean style of several, each 1×3×H×W in [0, 1]; never enlarged."""
        pictures = list(pictures)
        share = 1 / len(pictures)
        found = {
            size: mix_moments([(encode_style(p, encoder, layers, size), share) for p in pictures]) for size in sizes
        }
        return cls(encoder.name, found, about or {})

    def to_bytes(self) -> bytes:
        """The `.style` file: safetensors, second moments as upper triangles, half precision."""
        tensors = {}
        for size, layers in self.sizes.items():
            for layer, (mean, second) in layers.items():
                rows, columns = torch.triu_indices(*second.shape)
                tensors[f"{size}/{layer}/mean"] = mean.half()
                tensors[f"{size}/{layer}/second"] = second[rows, columns].half()
        if not all(t.isfinite().all() for t in tensors.values()):
            raise PicturaError(f"The responses of {self.encoder} are too large for a .style file; use compact.")
        return save(tensors, {"format": STYLE_FORMAT, "encoder": self.encoder, "about": json.dumps(dict(self.about))})

    def save(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write a `.style` file, whole or not at all."""
        return write_atomic(path, self.to_bytes(), overwrite=overwrite)

    @classmethod
    def load(cls, path: Path | str) -> "Style":
        """Read a `.style` file.

        Raises:
            PicturaError: missing, or not a style.
        """
        if not Path(path).is_file():
            raise PicturaError(f"There is no style file {path}; `pictura style list` names the shipped styles.")
        try:
            with safe_open(path, "pt") as file:
                note = file.metadata() or {}
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, it is no dictionary
        except SafetensorError as error:
            raise PicturaError(f"{path} is damaged or no style; make one with `pictura style extract`.") from error
        if note.get("format") != STYLE_FORMAT:
            raise PicturaError(f"{path} is not a {STYLE_FORMAT} file; make one with `pictura style extract`.")
        try:
            return cls(note["encoder"], _unpack(tensors), json.loads(note["about"]))
        except (KeyError, ValueError, RuntimeError) as error:  # well labelled, yet not what it says
            raise PicturaError(f"{path} is damaged or no style; make one with `pictura style extract`.") from error


def _unpack(tensors: Mapping[str, Tensor]) -> dict[int, Moments]:
    sizes: dict[int, dict[str, tuple[Tensor, Tensor]]] = {}
    for key in tensors:
        size, layer, part = key.split("/")
        if part == "mean":
            mean = tensors[key].float()
            second = torch.zeros(len(mean), len(mean))
            rows, columns = torch.triu_indices(len(mean), len(mean))
            second[rows, columns] = second[columns, rows] = tensors[f"{size}/{layer}/second"].float()
            sizes.setdefault(int(size), {})[layer] = (mean, second)
    return dict(sorted(sizes.items()))


@torch.no_grad()
def encode_style(picture: Tensor, encoder: Encoder, layers: Sequence[str], size: int, noise: float = 0.0) -> Moments:
    """Moments of one picture 1×3×H×W, made smaller first so that its longest side is at most `size`.

    A side that would be too short for the encoder is stretched to the shortest it can read. `noise` is the σ of what is
    added before the encoder looks.
    """
    height, width = picture.shape[2:]
    if max(height, width) > size:
        height, width = fit_size(height, width, size)
    smallest = encoder.smallest(layers)
    picture = resize(picture, (max(height, smallest), max(width, smallest)))
    if noise:
        picture = picture + noise * torch.randn_like(picture)
    return {encoder.resolve(layer): moments(f) for layer, f in encoder(picture, layers).items()}


def mix_moments(parts: Sequence[tuple[Moments, float]]) -> Moments:
    """Weighted sum of the moments of the layers all parts have; weights are the caller's and normally sum to 1."""

    def weighted(layer: str, which: int) -> Tensor:
        return torch.stack([share * moment[layer][which] for moment, share in parts]).sum(0)

    common = [layer for layer in parts[0][0] if all(layer in moment for moment, _ in parts)]
    return {layer: (weighted(layer, 0), weighted(layer, 1)) for layer in common}


def normalize_weights(weights: Sequence[float]) -> list[float]:
    """Weights of styles as shares of 1.

    Raises:
        PicturaError: a weight is negative or not a number, or none is positive.
    """
    total = sum(weights)
    if not (0 < total < math.inf and min(weights) >= 0):
        raise PicturaError("The weights of the styles must be positive numbers, for example 2 and 1.")
    return [weight / total for weight in weights]


def blend_styles(parts: Sequence[tuple[Style, float]]) -> Style:
    """A weighted mean of styles; weights are positive and need not sum to 1.

    Raises:
        PicturaError: weights that are no positive numbers, or styles of different encoders.
    """
    normalised = normalize_weights([weight for _, weight in parts])
    weighted = [(style, share) for (style, _), share in zip(parts, normalised, strict=True)]
    encoders = {style.encoder for style, _ in parts}
    if len(encoders) > 1:
        raise PicturaError(f"Styles of different encoders cannot be mixed: {', '.join(sorted(encoders))}.")
    sizes = sorted({size for style, _ in parts for size in style.sizes})
    mixed = {size: mix_moments([(style.at(size), share) for style, share in weighted]) for size in sizes}
    names = " + ".join(f"{share:.2g} {style.about.get('title', 'untitled')}" for style, share in weighted)
    return Style(encoders.pop(), mixed, {"title": names} if len(parts) > 1 else parts[0][0].about)
