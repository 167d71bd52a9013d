"""The editor as the loop and the tasks see it."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.data.ages import AGE_GROUPS, age_shares, draw_ages
from pictura.encoders import Encoder, load_encoder
from pictura.losses.balance import GradientBalance
from pictura.losses.correlation import correlation_loss
from pictura.methods.editor.objective import (
    Classes,
    Hold,
    colour_loss,
    critic_loss,
    draw_wrong,
    generator_loss,
    line_loss,
    patch_critic_loss,
    patch_loss,
    roughness,
    warmup_loss,
)
from pictura.methods.editor.settings import EditorSettings
from pictura.networks.compact import least_side, select_components
from pictura.networks.critics import FeatureCritic
from pictura.networks.editor import Editor, coordinates, edit_picture
from pictura.networks.patchgan import PatchGAN
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.picture.resize import from_float, resize, to_float
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import check_edit, check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.schedules import linear_decay

Features = dict[str, Tensor]
BETAS = (0.5, 0.99)  # of Adam: little momentum, as GANs are trained
LAST = 0.05  # share of the rate that is left at the end
OWN = 0.25  # share of a batch that is to become what it is
PATCH_STRIDES, PATCH_WIDTH = 2, 32  # of the critic of patches: 34 pixels see a line whole, and too little to be an age
CONTENT_LAYERS = {"relu3_1": 1.0, "relu4_1": 1.0}
SHOWN_AGES = (5, 15, 25, 45, 65, 80)


class EditorMethod(Method):
    """G, D, φ, and one step of training."""

    name: ClassVar[str] = "editor"
    paper: ClassVar[str] = (
        "ours, after Choi et al.: StarGAN, CVPR 2018, arXiv 1711.09020, and Sauer et al.: Projected GANs Converge "
        "Faster, NeurIPS 2021, arXiv 2111.01007"
    )
    data: ClassVar[DataKind] = "labelled"
    Settings = EditorSettings
    settings: EditorSettings

    def __init__(self, settings: EditorSettings) -> None:
        super().__init__(settings)
        self.classes = len(AGE_GROUPS) if settings.kind == "age" else 2
        self.network = Editor(self.classes, settings.widths, settings.blocks, settings.deep)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stubs
        channels = select_components(settings.layers)
        widths = {layer: min(settings.critic_width, count) for layer, count in channels.items()}
        self.heads = FeatureCritic(channels, widths, condition=2, answers=1 + self.classes)
        self.generator: nn.Module = self.network  # while it trains, what the loop wraps around them
        self.critic: nn.Module = self.heads
        self.patches: nn.Module = PatchGAN(PATCH_STRIDES, width=PATCH_WIDTH)
        self.encoder: Encoder | None = None
        self.steps = 0
        self.balance, self.patch_balance = GradientBalance(), GradientBalance()
        self.content = Hold(settings.content_weight, settings.target)

    @classmethod
    def tiny(cls) -> EditorSettings:
        """A few channels, and every loss."""
        sizes: dict[str, Any] = {"widths": (4, 8, 8), "blocks": 1, "deep": 0, "critic_width": 8, "side": 32}
        return EditorSettings(kind="age", warmup=0, line_weight=1.0, patch_weight=1.0, **sizes)

    def networks(self) -> dict[str, nn.Module]:
        """G and D, and the critic of patches if it is asked."""
        of_patches = {"patches": self.patches} if self.settings.patch_weight else {}
        return {"generator": self.generator, "critic": self.critic, **of_patches}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """G."""
        return {"generator": self.generator}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam with little momentum, as GANs are trained; the flow, which starts from next to nothing, faster."""
        s = self.settings
        flow = {id(p) for p in self.network.flow.parameters()}
        groups: list[dict[str, Any]] = [
            {"params": [p for p in self.network.parameters() if id(p) not in flow]},
            {"params": list(self.network.flow.parameters()), "lr": s.flow_rate * s.learning_rate},
        ]
        of_critic = s.model_copy(update={"learning_rate": s.critic_rate})
        decay = partial(linear_decay, last=LAST)
        players = {"generator": build_player(s, self.generator, steps, parameters=groups, betas=BETAS, schedule=decay)}
        players["critic"] = build_player(of_critic, self.critic, steps, betas=BETAS, schedule=decay, ema=0)
        if s.patch_weight:
            players["patches"] = build_player(s, self.patches, steps, betas=BETAS, schedule=decay, ema=0)
        return players

    def check_crop(self, crop: int) -> None:
        """G needs its smallest side, and the encoder two positions in its deepest layer."""
        least = max(self.network.smallest, math.ceil(least_side(self.settings.layers) / self.settings.rescale[0]))
        if crop < least:
            raise PicturaError(f"{self.name} needs crops of {least} pixels or more, not {crop}: set crop={least}.")

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """φ."""
        self.encoder = load_encoder("compact", device=str(device))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """G, then D; in the first steps D alone."""
        s = self.settings
        x = crop_to_multiple(self._reduce(batch["image"]), self.network.multiple, self.network.smallest)
        c = self.shares(batch["label"])
        wrong = draw_wrong(c, generator)
        least, greatest = s.rescale
        factor = least + (greatest - least) * float(torch.rand((), generator=generator))
        with torch.no_grad():
            features = self._encode(x, factor)
        self.heads.measure(features)
        self.steps += 1
        if self.steps <= s.warmup:
            critic, known = warmup_loss(self._ask(features), c, wrong, s)
            update(critic=critic)
            return {"critic": critic.detach(), "class": known.detach()}
        own = max(1, round(OWN * len(x)))  # so many of the batch are to stay as they are
        wanted = torch.cat([c[:own], self._draw(c, generator)[own:]])
        flow, residual = self.generator(x, wanted)
        fake = edit_picture(x, flow.float(), residual.float())
        edited = {layer: f[own:] for layer, f in self._encode(fake, factor).items()}
        told, known_g = generator_loss(self._ask(edited), wanted[own:], s)
        content = correlation_loss(edited, {layer: f[own:] for layer, f in features.items()}, CONTENT_LAYERS)
        loss = self.balance(told, fake, self.steps) + self.content.weight * content
        loss = loss + s.own_weight * (fake[:own] - x[:own]).square().mean() + s.flow_weight * roughness(flow)
        loss = loss + s.colour_weight * colour_loss(fake - x) + s.line_weight * line_loss(fake, x)
        if s.patch_weight:
            of_patches = patch_loss(self.patches, fake[own:])
            loss = loss + s.patch_weight * self.patch_balance(of_patches, fake, self.steps)
        update(generator=loss)
        # Real and made in one batch, so that spectral norms are of the same moment.
        answers = self._ask({layer: torch.cat([f, edited[layer].detach()]) for layer, f in features.items()})
        real, made = ([a[: len(x)] for a in answers], [a[len(x) :] for a in answers])
        critic, known = critic_loss(real, made, Classes(c, wrong, wanted[own:], c[own:]), s)
        losses = {"critic": critic}
        if s.patch_weight:
            losses["patches"] = patch_critic_loss(self.patches, x, fake[own:].detach())
        update(**losses)
        shown = {"critic": critic, "class": known, "content": content, "class of G": known_g}
        moved = (fake - x).abs().flatten(1).mean(1)
        shown |= {name: loss for name, loss in losses.items() if name == "patches"}
        shown |= {"own": moved[:own].mean(), "moved": moved[own:].mean(), "flow": flow.abs().mean()}
        shown["λ"] = torch.tensor(self.content.weight)
        self.content.move(content)
        return {name: value.detach() for name, value in shown.items()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x without and with the attribute, or at several ages."""
        x = crop_to_multiple(batch["image"], self.network.multiple, self.network.smallest)
        labels = SHOWN_AGES if self.settings.kind == "age" else (0, 1)
        with torch.no_grad():
            made = [self.generator(x, self.shares(torch.full_like(batch["label"], label))) for label in labels]
        return [x, *(edit_picture(x, flow.float(), residual.float()).clamp(0, 1) for flow, residual in made)]

    @property
    def attributes(self) -> tuple[str, ...]:
        """``age`` in years, or the binary attribute."""
        return ("age",) if self.settings.kind == "age" else (self.settings.attribute,)

    @property
    def side(self) -> int:
        """The side in pixels at which it works; any other is resized."""
        return self.settings.side

    @property
    def face(self) -> tuple[tuple[float, float], ...]:
        """Where eyes, nose tip and mouth corners lie in a face that it edits, in shares of the side."""
        return self.settings.face

    def edit(self, image: Tensor, *, attributes: Mapping[str, float], strength: float = 1.0, **unknown: Any) -> Tensor:
        """The face 1×3×H×W, of any size, at this age or with this attribute; strength 0 is the image itself.

        Warp and residual are computed at the side that was trained, enlarged, and done to the image as it is.

        Args:
            image: an aligned face in [0, 1] (or uint8), with eyes and mouth at about `face`.
            attributes: ``age`` in years; or the binary attribute, 1 as learned, -1 its removal, others more or less.
            strength: factor on the whole change.

        Raises:
            PicturaError: not an image, an unknown option or attribute, or a number that is none.
        """
        check_options(self.name, unknown, self.edit)
        check_image(image)
        check_edit(self.attributes, attributes, strength)
        value = self._read(attributes)
        if self.settings.kind == "age":
            shares = age_shares(torch.tensor([value]))
        else:
            shares = F.one_hot(torch.tensor([int(value > 0)]), 2).float()
            strength = strength * abs(value)
        if strength == 0:
            return image
        picture = to_float(image)
        side = self.settings.side
        with torch.no_grad():
            flow, residual = self.network(resize(picture, (side, side)), shares.to(picture.device))
            made = edit_picture(picture, flow, residual, strength * self.settings.full_strength, "bicubic")
        return from_float(made.clamp(0, 1), image.dtype)

    def shares(self, labels: Tensor) -> Tensor:
        """Labels int64 N to the shares of the classes N×classes."""
        if self.settings.kind == "age":
            return age_shares(labels)
        return F.one_hot((labels > 0).long(), 2).float()  # CelebA writes -1 for 0

    def state(self) -> dict[str, Tensor]:
        """What the controllers know, and how many steps were taken."""
        known = [self.steps, self.balance.scale, self.content.weight, self.patch_balance.scale]
        return {"controllers": torch.tensor(known, dtype=torch.float64)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        known = tensors["controllers"].tolist()
        steps, self.balance.scale, self.content.weight, self.patch_balance.scale = known
        self.steps = int(steps)

    def _reduce(self, images: Tensor) -> Tensor:
        """Pictures at the side of this step: what a face looks like is found sooner in small ones."""
        s = self.settings
        if self.steps >= s.small_steps or s.small_side in (0, images.shape[-1]):
            return images
        small = resize(images, (s.small_side, s.small_side))
        return small.contiguous(memory_format=torch.channels_last)

    def _draw(self, c: Tensor, generator: torch.Generator) -> Tensor:
        """Classes to be made: any age, or the other of two."""
        if self.settings.kind == "age":
            return age_shares(draw_ages(len(c), generator)).to(c.device)
        return 1 - c

    def _encode(self, x: Tensor, factor: float) -> Features:
        """φ at a scale."""
        if self.encoder is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        seen = F.interpolate(x, scale_factor=factor, mode="bilinear")
        features: Features = self.encoder(seen, list(self.settings.layers))
        return features

    def _ask(self, features: Mapping[str, Tensor]) -> list[Tensor]:
        """D's answers, N×(1 + classes)×H×W a layer."""
        first = features[next(iter(self.settings.layers))]
        answers: list[Tensor] = self.critic(features, coordinates(first))
        return answers

    def _read(self, attributes: Mapping[str, float]) -> float:
        """The one attribute's value."""
        (known,) = self.attributes
        if known not in attributes:
            raise PicturaError(f"Say what is to be edited: this model edits {known}.")
        value = float(attributes[known])
        if self.settings.kind == "age" and not 0 <= value <= 100:
            raise PicturaError(f"age must be a number of years, 0 to 100, not {value}.")
        return value
