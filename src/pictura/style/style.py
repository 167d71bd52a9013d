"""A `Style`: the moments of a painting's features under an encoder, without the painting.

Per layer a mean and a raw second moment, each at a few sizes of the painting, because a painting's strokes at 128
pixels are other strokes than at 512. Moments are linear in images, so styles add and blend; between two sizes they
are interpolated in the logarithm of the size.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F

from pictura.encoders import Encoder
from pictura.losses.moments import Moments, moments, weighted_moments
from pictura.losses.perceptual import add_noise
from pictura.picture.resize import fit_size, resize
from pictura.runtime.documents import parse_json
from pictura.runtime.downloads import open_safetensors
from pictura.runtime.errors import PicturaError, reason
from pictura.runtime.files import write_atomic
from pictura.runtime.numbers import read_tensor

# Longest sides at which a saved style has moments. Two are enough: 181 lies between the first scales of a run.
STYLE_SIZES = (181, 512)
STYLE_FORMAT = "pictura-style-1"
CHECKSUM = "sha256"  # key of the metadata; files of earlier versions have none and are believed
MAX_STYLE_SIZE = 2**16  # longest side in pixels that a file may speak of
_EXTRACT = "make one with `pictura style extract`"


@dataclass(frozen=True)
class Style:
    """Moments of the features of a painting.

    Attributes:
        encoder: name of the encoder the features are of.
        sizes: longest side of the painting in pixels → layer → (mean N, raw second moment N×N), float32.
        about: title, painter, year, licence, as far as they are known; all strings.
    """

    encoder: str
    sizes: Mapping[int, Moments]
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers it has moments of."""
        return tuple(next(iter(self.sizes.values()), ()))

    @property
    def images(self) -> Sequence[Tensor]:
        """None: the paintings are not part of it."""
        return ()

    def at(self, size: float) -> Moments:
        """Layer → (mean, second moment) for a painting whose longest side is `size` pixels."""
        sizes = sorted(self.sizes)
        size = min(max(size, sizes[0]), sizes[-1])
        upper = next(s for s in sizes if s >= size)
        lower = max((s for s in sizes if s <= size), default=upper)
        share = 0.0 if upper == lower else math.log(size / lower) / math.log(upper / lower)
        return mix_moments([(self.sizes[lower], 1 - share), (self.sizes[upper], share)])

    def to(self, device: torch.device | str) -> "Style":
        """The same style with its moments on a device."""
        sizes = {
            size: {layer: (m.to(device), r.to(device)) for layer, (m, r) in s.items()} for size, s in self.sizes.items()
        }
        return Style(self.encoder, sizes, self.about)

    @classmethod
    def of(
        cls,
        images: Iterable[Tensor],
        encoder: Encoder,
        layers: Sequence[str],
        sizes: Iterable[int] = STYLE_SIZES,
        about: Mapping[str, str] | None = None,
    ) -> "Style":
        """The style of one image or the mean style of several, each as in `encode_style`; never enlarged."""
        images = list(images)
        share = 1 / len(images)
        by_size = {
            size: mix_moments([(encode_style(image, encoder, layers, size), share) for image in images])
            for size in sizes
        }
        return cls(encoder.name, by_size, about or {})

    def to_bytes(self) -> bytes:
        """The `.style` file: safetensors, second moments as upper triangles, half precision."""
        tensors = {}
        for size, layers in self.sizes.items():
            for layer, (mean, second) in layers.items():
                rows, columns = torch.triu_indices(*second.shape)
                tensors[f"{size}/{layer}/mean"] = mean.half()
                tensors[f"{size}/{layer}/second"] = second[rows, columns].half()
        if not all(t.isfinite().all() for t in tensors.values()):
            raise PicturaError(
                f"The features of {self.encoder} overflow half precision in a .style file; use the encoder compact."
            )
        words = {"format": STYLE_FORMAT, "encoder": self.encoder, "about": json.dumps(dict(self.about))}
        return save(tensors, words | {CHECKSUM: _digest(tensors, words)})

    def save(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write a `.style` file, whole or not at all."""
        return write_atomic(path, self.to_bytes(), overwrite=overwrite)

    @classmethod
    def load(cls, path: Path | str) -> "Style":
        """Read a `.style` file.

        Raises:
            PicturaError: missing, not a style, other than it was when it was saved, or with numbers that no style has.
        """
        path = Path(path)
        if not path.is_file():
            raise PicturaError(f"There is no style file {path}; `pictura style list` names the shipped styles.")
        try:
            words, tensors = _read_file(path)
            return cls(words["encoder"], _unpack(tensors), _read_about(words["about"]))
        except (KeyError, ValueError, SafetensorError) as error:  # the right label on the wrong contents
            raise PicturaError(
                f"{path} is damaged or not a valid .style file ({reason(error)}); {_EXTRACT}."
            ) from error


def _read_file(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """What a file says of itself, and its numbers, checked."""
    try:
        with open_safetensors(path, any_suffix=True) as file:
            words = file.metadata() or {}
            if words.get("format") != STYLE_FORMAT:
                raise PicturaError(f"{path} is not a {STYLE_FORMAT} file; {_EXTRACT}.")
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, it is no dictionary
            if words.get(CHECKSUM, digest := _digest(tensors, words)) != digest:
                raise PicturaError(f"{path} is not as it was saved (its SHA-256 differs): copy or download it again.")
            return words, {key: read_tensor(file, key, path, _EXTRACT) for key in tensors}
    except PicturaError as error:
        if isinstance(error.__cause__, SafetensorError):
            raise error.__cause__ from error
        raise


def _digest(tensors: Mapping[str, Tensor], words: Mapping[str, str]) -> str:
    """SHA-256 of all that a file says, in an order of its own: that of the bytes in a file is not kept by a copy."""
    digest = hashlib.sha256(json.dumps([words.get(name) for name in ("format", "encoder", "about")]).encode())
    for key, tensor in sorted(tensors.items()):
        digest.update(f"{key} {tensor.dtype} {list(tensor.shape)} ".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _read_about(text: str) -> dict[str, str]:
    about = parse_json(text)
    if not isinstance(about, dict) or not all(isinstance(value, str) for value in about.values()):
        raise ValueError("its title and painter are not text")
    return about


def _unpack(tensors: Mapping[str, Tensor]) -> dict[int, Moments]:
    """Size → layer → moments; nothing is made that the numbers there do not fill.

    Raises:
        ValueError, KeyError: keys or shapes that no style has.
    """
    sizes: dict[int, dict[str, tuple[Tensor, Tensor]]] = {}
    for key, mean in tensors.items():
        size, layer, part = key.split("/")
        if part == "mean":
            sizes.setdefault(int(size), {})[layer] = (
                mean,
                _unpack_second(mean, tensors[f"{size}/{layer}/second"], key),
            )
    if not sizes or not all(0 < size <= MAX_STYLE_SIZE for size in sizes):
        raise ValueError(f"it has moments at {sorted(sizes)} pixels")
    shapes = [{layer: mean.shape for layer, (mean, _) in layers.items()} for layers in sizes.values()]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("its sizes have different layers")
    return dict(sorted(sizes.items()))


def _unpack_second(mean: Tensor, triangle: Tensor, key: str) -> Tensor:
    """The symmetric matrix of an upper triangle, whose length is looked at before the matrix is made."""
    n = mean.numel()
    if mean.dim() != 1 or not n or triangle.shape != (n * (n + 1) // 2,) or not mean.is_floating_point():
        raise ValueError(f"'{key}' has shape {list(mean.shape)} and its second moments {list(triangle.shape)}")
    second = torch.zeros(n, n)
    rows, columns = torch.triu_indices(n, n)
    second[rows, columns] = second[columns, rows] = triangle
    if second.diagonal().min() < 0:
        raise ValueError(f"'{key}' has a mean square below 0")
    return second


@torch.no_grad()
def encode_style(
    image: Tensor,
    encoder: Encoder,
    layers: Sequence[str],
    size: int,
    noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> Moments:
    """Moments of one image 1×3×H×W in [0, 1], made smaller first so that its longest side is at most `size`.

    A fourth channel is its alpha: what is transparent counts as much as it is seen (`Picture.tensor` has filled in what
    is not seen at all).

    A side that would be too short for the encoder is stretched to the shortest it can read. `noise` is the σ of the
    noise added to the encoder's input, drawn from `generator`.
    """
    height, width = image.shape[2:]
    if max(height, width) > size:
        height, width = fit_size(height, width, size)
    smallest = encoder.smallest(layers)
    alpha, size_read = image[:, 3:], (max(height, smallest), max(width, smallest))
    colours = add_noise(resize(image[:, :3], size_read), noise, generator)
    features = encoder(colours, layers)
    if not alpha.numel():
        return {encoder.resolve(layer): moments(f) for layer, f in features.items()}
    shares = {layer: F.adaptive_avg_pool2d(alpha, f.shape[-2:]) for layer, f in features.items()}
    return {encoder.resolve(layer): weighted_moments(f, shares[layer]) for layer, f in features.items()}


def mix_moments(parts: Sequence[tuple[Moments, float]]) -> Moments:
    """Weighted sum of the moments of the layers all parts have; weights are the caller's and normally sum to 1."""

    def weighted_sum(layer: str, order: int) -> Tensor:
        return torch.stack([share * part[layer][order] for part, share in parts]).sum(0)

    common = [layer for layer in parts[0][0] if all(layer in part for part, _ in parts)]
    return {layer: (weighted_sum(layer, 0), weighted_sum(layer, 1)) for layer in common}


def normalize_weights(weights: Sequence[float]) -> list[float]:
    """Weights of styles as shares of 1.

    Raises:
        PicturaError: a weight is negative or not a number, or none is positive.
    """
    total = sum(weights)
    if not (0 < total < math.inf and min(weights) >= 0):
        raise PicturaError(
            "Style weights must be 0 or more with a positive sum, for example 2 and 1, "
            f"got {', '.join(f'{weight:g}' for weight in weights)}."
        )
    return [weight / total for weight in weights]


def blend_styles(parts: Sequence[tuple[Style, float]]) -> Style:
    """A weighted mean of styles; weights need not sum to 1.

    Raises:
        PicturaError: weights that `normalize_weights` refuses, or styles of different encoders.
    """
    shares = normalize_weights([weight for _, weight in parts])
    weighted = [(style, share) for (style, _), share in zip(parts, shares, strict=True)]
    encoders = {style.encoder for style, _ in parts}
    if len(encoders) > 1:
        raise PicturaError(f"Styles of different encoders cannot be mixed: {', '.join(sorted(encoders))}.")
    sizes = sorted({size for style, _ in parts for size in style.sizes})
    by_size = {size: mix_moments([(style.at(size), share) for style, share in weighted]) for size in sizes}
    names = " + ".join(f"{share:.2g} {style.about.get('title', 'untitled')}" for style, share in weighted)
    return Style(encoders.pop(), by_size, {"title": names} if len(parts) > 1 else parts[0][0].about)
