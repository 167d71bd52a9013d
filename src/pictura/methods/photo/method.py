"""Photorealistic style as the training loop and the tasks see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pictura.encoders import Encoder, load_encoder
from pictura.methods.photo import objective
from pictura.methods.photo.colour import (
    Moments3,
    apply_affine,
    colour_moments,
    mix_moments3,
    monge_kantorovitch,
    weaken,
)
from pictura.methods.photo.grading import (
    Grading,
    fill,
    grade_bands,
    limit_skin,
    mix_gradings,
    reduce,
    reference_size,
    small_size,
)
from pictura.methods.photo.regions import Part, deep_features, region_grid
from pictura.methods.photo.settings import PhotoSettings
from pictura.networks.photo import (
    CELL,
    STATISTICS,
    GridNetwork,
    Statistics,
    apply_maps,
    feature_statistics,
    mix_statistics,
    slice_grid,
)
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.picture.resize import resize, to_float
from pictura.runtime.device import Precision
from pictura.runtime.errors import PicturaError
from pictura.runtime.numbers import check_result
from pictura.style import load_style
from pictura.style.sources import mix_styles, weighted_images
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player

NOTHING = "The closed form has no network to train; leave method.network=false out."
MIN_SIDE = 64  # of a training's crop: relu5_1 must have statistics


@dataclass(frozen=True)
class Reference:
    """What a photo is to look like.

    colours: moments of all its pictures together.
    parts: what a network looks at; none for the closed form.
    statistics: of their features together, 1×C a layer.
    """

    colours: Moments3
    parts: Sequence[Part] = ()
    statistics: Statistics = field(default_factory=lambda: ({}, {}))


class Photo(Method):
    """The closed form, the network's grid upon it, and one step of training."""

    name: ClassVar[str] = "photo"
    paper: ClassVar[str] = (
        "ours, after Pitié, Kokaram: The Linear Monge-Kantorovitch Linear Colour Mapping for Example-Based Colour "
        "Transfer, CVMP 2007, and Gharbi et al.: Deep Bilateral Learning for Real-Time Image Enhancement, SIGGRAPH "
        "2017, arXiv 1707.02880"
    )
    data: ClassVar[DataKind] = "images"
    Settings = PhotoSettings
    settings: PhotoSettings
    keeps_faces: ClassVar[bool] = True  # no edge moves
    untrained: ClassVar[Mapping[str, Mapping[str, Any]]] = {"mk": {"network": False}}

    def __init__(self, settings: PhotoSettings) -> None:
        super().__init__(settings)
        self._encoder: Encoder | None = None
        self.grid: nn.Module | None = GridNetwork(settings.width) if settings.network else None

    @classmethod
    def tiny(cls) -> PhotoSettings:
        """A few channels."""
        return PhotoSettings(width=8)

    def networks(self) -> dict[str, nn.Module]:
        """The grid's; none for the closed form."""
        return {} if self.grid is None else {"grid": self.grid}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam.

        Raises:
            PicturaError: the closed form has nothing to train.
        """
        return {"grid": build_player(self.settings, self._network(), steps, betas=(0.9, 0.99))}

    def check_crop(self, crop: int) -> None:
        """Crops are at least `MIN_SIDE` and divisible by a cell.

        Raises:
            PicturaError: this one is not.
        """
        if crop < MIN_SIDE or crop % CELL:
            raise PicturaError(f"The method photo needs crops of at least {MIN_SIDE}, divisible by {CELL}, got {crop}.")

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """Load the encoder."""
        self._load_encoder(device)

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses style, content, gamut, contrast, smooth and halo; each picture takes after another of the batch."""
        x, s = crop_to_multiple(batch["image"], CELL, MIN_SIDE), self.settings
        encoder = self._load_encoder(x.device)
        shift = int(torch.randint(1, max(2, len(x)), (1,), generator=generator))
        order = torch.arange(len(x), device=x.device).roll(shift)
        with torch.no_grad():
            features = encoder(x, STATISTICS)
            whole, base = self._base(x, features, order)
        grid, maps = self._maps(x, whole, base, features, order)
        y = apply_maps(maps, x)
        # What is out of range is seen as it will be, and pulls back by `gamut` alone.
        seen = encoder(y + (y.clamp(0, 1) - y).detach(), STATISTICS)
        losses = {
            "style": objective.style_loss(seen, {layer: f[order] for layer, f in features.items()}),
            "content": s.content_weight * objective.content_loss(seen["relu4_1"], features["relu4_1"]),
            "gamut": s.gamut_weight * objective.gamut_loss(y),
            "contrast": s.contrast_weight * objective.contrast_loss(y, x, x[order]),
            "smooth": s.smooth_weight * objective.smooth_loss(grid),
            "halo": s.halo_weight * objective.halo_loss(maps, x),
        }
        update(grid=torch.stack(list(losses.values())).sum())
        return {name: loss.detach() for name, loss in losses.items()}

    def show(self, batch: Batch) -> list[Tensor]:
        """The photo, its reference, the closed form, and the network's."""
        x = crop_to_multiple(batch["image"], CELL, MIN_SIDE)
        order = torch.arange(len(x), device=x.device).roll(1)
        with torch.no_grad():
            features = self._load_encoder(x.device)(x, STATISTICS)
            whole, base = self._base(x, features, order)
            y = apply_maps(self._maps(x, whole, base, features, order)[1], x)
        return [x, x[order], apply_affine(whole, x).clamp(0, 1), y.clamp(0, 1)]

    def _maps(
        self, x: Tensor, whole: Tensor, base: Tensor, features: dict[str, Tensor], order: Tensor
    ) -> tuple[Tensor, Tensor]:
        """A batch's grids, and the map of each pixel."""
        if self.grid is None:
            raise PicturaError(NOTHING)
        statistics = objective.statistics_pair(features, order)
        grid, levels = self.grid(x, whole, base, features, *statistics)
        return grid, slice_grid(grid, levels)

    def _base(self, x: Tensor, features: dict[str, Tensor], order: Tensor) -> tuple[Tensor, Tensor]:
        """The closed form of a batch: of whole pictures N×3×4, and of their regions N×12×Z×h×w."""
        colours = [colour_moments(image[None]) for image in x]
        means, covariances = (torch.stack(part) for part in zip(*colours, strict=True))
        whole = monge_kantorovitch((means, covariances), (means[order], covariances[order]))
        parts = [Part(image, deep) for image, deep in zip(x, deep_features(features), strict=True)]
        levels = self._network().guide(x)
        grids = [
            region_grid(part, [parts[other]], affine, level)
            for part, other, affine, level in zip(parts, order.tolist(), whole, levels, strict=True)
        ]
        return whole, torch.stack(grids)

    @property
    def style_names(self) -> tuple[str, ...]:
        """None: it takes any picture."""
        return ()

    def open_style(self, styles: Sequence[Any], weights: Sequence[float]) -> Reference:
        """The weighted mean of pictures: files, folders or pictures of any kind.

        Raises:
            PicturaError: there is no such picture, or only a style without its picture.
        """
        encoder = self._load_encoder(self._device)
        images = weighted_images(mix_styles([load_style(style, encoder, STATISTICS) for style in styles], weights))
        with torch.no_grad():
            return self._reference([(image.to(self._device), share) for image, share in images])

    def _reference(self, images: Sequence[tuple[Tensor, float]]) -> Reference:
        """Pictures 1×3×H×W or 1×4×H×W in [0, 1], with their shares, as `stylize` takes them."""
        colours = [(colour_moments(reduce(image)), share) for image, share in images]
        if self.grid is None:
            return Reference(mix_moments3(colours))
        parts, statistics = [], []
        for (image, share), ((mean, _), _) in zip(images, colours, strict=True):
            small = resize(fill(image, mean), reference_size(image.shape[-2], image.shape[-1]))
            features = self._load_encoder(image.device)(small, STATISTICS)
            parts.append(Part(small[0], deep_features(features)[0], share))
            statistics.append((feature_statistics(features), share))
        return Reference(mix_moments3(colours), parts, mix_statistics(statistics))

    def stylize(
        self,
        image: Tensor,
        *,
        style: Any = None,
        strength: float = 1.0,
        luma: float = 1.0,
        skin: bool = True,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        out: Tensor | None = None,
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to the same in the colours and light of another photo.

        Args:
            image: the photo.
            style: from `open_style`, or a picture as it takes them; by default the photo itself, which changes little.
            strength: from 0, the photo, to 1.
            luma: how much of the reference's brightness and contrast comes with its colours, from 0 to 1.
            skin: whether skin keeps its hue where faces are found.
            memory: bytes to work in beside image and result; the result does not depend on it.
            precision: taken for the other methods' sake: the network's share is too small to gain from half precision.
            out: where the result goes, for example the image itself; by default somewhere new.

        Raises:
            PicturaError: not an image, an unknown style or option, a strength out of range.
        """
        check_options(self.name, unknown, self.stylize)
        check_image(image)
        return self.apply(
            image, self.predict(image, style=style, strength=strength, luma=luma, skin=skin), memory=memory, out=out
        )

    @torch.no_grad()
    def predict(
        self, image: Tensor, *, style: Any = None, strength: float = 1.0, luma: float = 1.0, skin: bool = True
    ) -> Grading:
        """What `stylize` does to an image.

        Raises:
            PicturaError: an unknown style, a strength out of range.
        """
        for name, value in (("strength", strength), ("luma", luma)):
            if not 0 <= value <= 1:
                raise PicturaError(f"{name} must be between 0 and 1, got {value:g}.")
        reference = self.open_style([style], [1.0]) if style is not None and not isinstance(style, Reference) else style
        seen = to_float(reduce(image))
        reference = self._reference([(seen, 1.0)]) if reference is None else reference
        grading = Grading(check_result(self._predict_maps(seen, reference, strength, luma)))
        skins = limit_skin(seen, grading.open(self._guide)) if skin else []
        return Grading(grading.maps, tuple((one, 1.0) for one in skins))

    def mix(self, parts: Sequence[tuple[Grading, float]]) -> Grading:
        """The weighted mean of what was predicted for images of one size."""
        return mix_gradings(parts)

    @torch.no_grad()
    def apply(self, image: Tensor, held: Grading, *, memory: int = DEFAULT_MEMORY, out: Tensor | None = None) -> Tensor:
        """The image with this done to it."""
        return grade_bands(image, held.open(self._guide), held.skins, memory, out)

    def _predict_maps(self, image: Tensor, reference: Reference, strength: float, luma: float) -> Tensor:
        """The maps of the image that this is a small copy of, or of this."""
        mean, covariance = (m.to(image.device) for m in reference.colours)
        base = monge_kantorovitch(colour_moments(image), (mean, covariance))
        if self.grid is None:
            return weaken(base, strength, luma)
        network = self._network()
        small = resize(image, small_size(image.shape[-2], image.shape[-1]))
        features = self._load_encoder(image.device)(small, STATISTICS)
        regions = region_grid(
            Part(small[0], deep_features(features)[0]), reference.parts, base, network.guide(small)[0]
        )
        own = feature_statistics(features)
        grid, _ = network(small, base[None], regions[None], features, own, reference.statistics)
        _, _, levels, h, w = grid.shape
        cells = weaken(grid[0].permute(1, 2, 3, 0).reshape(-1, 3, 4), strength, luma)
        return cells.view(levels, h, w, 12).permute(3, 0, 1, 2)[None].contiguous()

    @property
    def _guide(self) -> nn.Module | None:
        return None if self.grid is None else self._network().guide

    def _network(self) -> GridNetwork:
        network = getattr(self.grid, "module", self.grid)  # without what the training loop wraps around it
        if not isinstance(network, GridNetwork):
            raise PicturaError(NOTHING)
        return network

    @property
    def _device(self) -> torch.device:
        return torch.device("cpu") if self.grid is None else next(self.grid.parameters()).device

    def _load_encoder(self, device: torch.device) -> Encoder:
        if self._encoder is None:  # two threads may both load it: the same weights, whichever stays
            self._encoder = load_encoder("compact", dtype="float32", device=str(device))
        encoder = self._encoder
        return encoder if encoder.mean.device == device else encoder.to(device)
