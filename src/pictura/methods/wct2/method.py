"""WCT² as the training loop and the tasks see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.encoders import Encoder, load_encoder
from pictura.methods.wct2.settings import WCT2Settings
from pictura.methods.wct2.transform import FeatureMoments, feature_moments, mix_feature_moments, transfer
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.networks.tiling.tiles import crop_to_multiple, extend_size
from pictura.networks.wct2 import SITES, At, WaveletDecoder, encode, split_at_pools
from pictura.picture.resize import fit_size, from_float, resize, to_float
from pictura.runtime.device import Precision
from pictura.runtime.errors import PicturaError
from pictura.runtime.numbers import check_result
from pictura.style import load_style
from pictura.style.sources import mix_styles, weighted_images
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player

MULTIPLE = 8  # of a picture's sides: three Haar transforms
REFERENCE = 512  # longest side at which a reference is encoded; the paper's pictures have 512
BYTES = 4 * 170  # a pixel's share of memory: measured, at the widest moment, which is the first level of the way up
Reference = Mapping[str, FeatureMoments]  # by site


@dataclass(frozen=True)
class Held:
    """What is to be done to an image.

    content: moments that stand for its own, which count where there are none.
    style: those that it is to get; None: its own.
    """

    content: Reference
    style: Reference | None
    strength: float


def keep(site: str, f: Tensor) -> Tensor:
    """Features as they are."""
    return f


class WCT2(Method):
    """The encoder with Haar pools, the decoder with their inverses, and one step of its training."""

    name: ClassVar[str] = "wct2"
    paper: ClassVar[str] = (
        "Yoo, Uh, Chun, Kang, Ha: Photorealistic Style Transfer via Wavelet Transforms, ICCV 2019, arXiv 1903.09760"
    )
    data: ClassVar[DataKind] = "images"
    Settings = WCT2Settings
    settings: WCT2Settings
    keeps_faces: ClassVar[bool] = True  # hardly an edge moves

    def __init__(self, settings: WCT2Settings) -> None:
        super().__init__(settings)
        self._encoder: Encoder | None = None
        self.decoder: nn.Module = WaveletDecoder()

    @classmethod
    def tiny(cls) -> WCT2Settings:
        """As it is: the trunk's channels are given."""
        return WCT2Settings()

    def networks(self) -> dict[str, nn.Module]:
        """The decoder."""
        return {"decoder": self.decoder}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam."""
        return {"decoder": build_player(self.settings, self.decoder, steps)}

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """Load the encoder."""
        self._load_encoder(device)

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses pixels, colours and levels: a photograph comes back, and each level makes the encoder's LL."""
        x = crop_to_multiple(batch["image"], MULTIPLE, MULTIPLE)
        f: dict[str, Tensor] = {}
        y = self._run(x, lambda site, part: f.setdefault(site, part))
        levels = [
            F.mse_loss(f[f"made{i}"], f[f"low{i}"]) / f[f"low{i}"].square().mean().clamp(min=1e-12) for i in (1, 2, 3)
        ]
        off = y - x
        losses = {
            "pixels": off.square().mean(),
            "colours": self.settings.colour_weight * (off - off.mean(1, keepdim=True)).square().mean(),
            "levels": self.settings.level_weight * torch.stack(levels).sum(),
        }
        update(decoder=torch.stack(list(losses.values())).sum())
        return {name: loss.detach() for name, loss in losses.items()}

    def show(self, batch: Batch) -> list[Tensor]:
        """The photo, it decoded, its reference, and it like that."""
        x = crop_to_multiple(batch["image"], MULTIPLE, MULTIPLE)
        with torch.no_grad():
            plain = self._run(x, keep).clamp(0, 1)
            others = x.roll(1, 0)
            styled = [
                self._transfer(image[None], self._reference(other[None]), {})
                for image, other in zip(x, others, strict=True)
            ]
        return [x, plain, others, torch.cat(styled)]

    @property
    def style_names(self) -> tuple[str, ...]:
        """None: it takes any picture."""
        return ()

    def open_style(self, styles: Sequence[Any], weights: Sequence[float]) -> Reference:
        """The moments of pictures together: files, folders or pictures of any kind.

        Raises:
            PicturaError: there is no such picture, or only a style without its picture.
        """
        encoder = self._load_encoder(self._device)
        loaded = mix_styles([load_style(style, encoder, ("relu1_1",)) for style in styles], weights)
        with torch.no_grad():
            parts = [
                (self._reference(image[:, :3].to(self._device)), share) for image, share in weighted_images(loaded)
            ]
        return {site: mix_feature_moments([(part[site], share) for part, share in parts]) for site in parts[0][0]}

    def _reference(self, image: Tensor) -> dict[str, FeatureMoments]:
        """The moments of a picture 1×3×H×W at every site."""
        height, width = image.shape[-2:]
        found: dict[str, FeatureMoments] = {}

        def look(site: str, f: Tensor) -> Tensor:
            if site in SITES:
                found[site] = feature_moments(f)
            return f

        size = fit_size(height, width, min(REFERENCE, max(height, width)))
        self._run(_extend(resize(image, size)), look)
        return found

    def stylize(
        self,
        image: Tensor,
        *,
        style: Any = None,
        strength: float = 1.0,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        out: Tensor | None = None,
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to the same like another photo.

        Args:
            image: the photo.
            style: from `open_style`, or a picture as it takes them; by default the photo itself.
            strength: from 0, the photo, to 1; colours between are means.
            memory: bytes to work in beside image and result.
            precision: taken for the other methods' sake: covariances ask for float32.
            out: where the result goes, for example the image itself; by default somewhere new.

        Raises:
            PicturaError: not an image, an unknown style or option, a strength out of range, or too little memory.
        """
        check_options(self.name, unknown, self.stylize)
        self._check(image, strength, memory)
        opened = style if style is None or isinstance(style, Mapping) else self.open_style([style], [1.0])
        return self._blend(image, Held({}, opened, strength), out)

    @torch.no_grad()
    def predict(self, image: Tensor, *, style: Any = None, strength: float = 1.0) -> Held:
        """The image's own moments on the way, which are to stand for those of all frames of a shot.

        Raises:
            PicturaError: not an image, or an unknown style.
        """
        self._check(image, strength, None)
        opened = style if style is None or isinstance(style, Mapping) else self.open_style([style], [1.0])
        x, content = to_float(image), dict[str, FeatureMoments]()
        self._transfer(_extend(x), self._reference(x) if opened is None else opened, content)
        return Held(content, opened, strength)

    def mix(self, parts: Sequence[tuple[Held, float]]) -> Held:
        """The moments of several images together."""
        first = parts[0][0]
        each = [(held.content, share) for held, share in parts]
        mixed = {site: mix_feature_moments([(one[site], share) for one, share in each]) for site in each[0][0]}
        return Held(mixed, first.style, first.strength)

    def apply(self, image: Tensor, held: Held, *, memory: int = DEFAULT_MEMORY) -> Tensor:
        """The image, its features transformed as those moments ask for.

        Raises:
            PicturaError: too little memory.
        """
        self._check(image, held.strength, memory)
        return self._blend(image, held, None)

    def _check(self, image: Tensor, strength: float, memory: int | None) -> None:
        check_image(image)
        if not 0 <= strength <= 1:
            raise PicturaError(f"strength must be between 0 and 1, got {strength:g}.")
        height, width = image.shape[-2:]
        if memory is not None and height * width * BYTES > memory:
            raise PicturaError(
                f"WCT² needs all of a picture at once, {height * width * BYTES >> 20} MiB for {width}×{height}: allow "
                "them, take a smaller size, or use the method photo."
            )

    @torch.no_grad()
    def _blend(self, image: Tensor, held: Held, out: Tensor | None) -> Tensor:
        """The photo and what becomes of it, as strong as asked for."""
        x, (height, width) = to_float(image), image.shape[-2:]
        reference = self._reference(x) if held.style is None else held.style
        y = self._transfer(_extend(x), reference, dict(held.content))[..., :height, :width]
        made = from_float(torch.lerp(x, y, held.strength).clamp(0, 1), image.dtype)
        return made if out is None else out.copy_(made)

    def _transfer(self, x: Tensor, reference: Reference, content: dict[str, FeatureMoments]) -> Tensor:
        """x, its features transformed; what `content` does not hold of their moments is measured, and put there."""

        def change(site: str, f: Tensor) -> Tensor:
            if not site.startswith(self.settings.sites):
                return f
            if site not in content:
                content[site] = feature_moments(f)
            return transfer(f, reference[site], content[site])

        return check_result(self._run(x, change)).clamp(0, 1)

    def _run(self, x: Tensor, at: At) -> Tensor:
        """N×3×H×W in [0, 1], sides divisible by `MULTIPLE`, down and up again, changed on the way."""
        encoder = self._load_encoder(x.device)
        deepest, skips = encode(self._stages(x.device), self._normalize(x), at)
        y: Tensor = self.decoder(deepest, skips, at) * encoder.std + encoder.mean
        return y

    def _normalize(self, x: Tensor) -> Tensor:
        encoder = self._load_encoder(x.device)
        return (x - encoder.mean) / encoder.std

    def _stages(self, device: torch.device) -> list[tuple[nn.Module, nn.Module]]:
        return split_at_pools(list(self._load_encoder(device).stages))

    @property
    def _device(self) -> torch.device:
        return next(self.decoder.parameters()).device

    def _load_encoder(self, device: torch.device) -> Encoder:
        if self._encoder is None:  # two threads may both load it: the same weights, whichever stays
            self._encoder = load_encoder("compact", dtype="float32", device=str(device))
        encoder = self._encoder
        return encoder if encoder.mean.device == device else encoder.to(device)


def _extend(x: Tensor) -> Tensor:
    """N×3×H×W with its last row and column repeated, so that both sides are divisible by `MULTIPLE`."""
    height, width = extend_size((x.shape[-2], x.shape[-1]), MULTIPLE)
    return F.pad(x, (0, width - x.shape[-1], 0, height - x.shape[-2]), mode="replicate")
