"""Ours: faces that age or smile, or get any attribute that is labelled, by one small network on one processor core.

G takes a picture x and a class c, and makes G(x, c) of it: x, slightly warped, plus a residual (`networks.editor`).
Four ideas carry its training:

- The critic D is small heads on the frozen features φ of the compact encoder (Sauer et al. 2021, arXiv 2111.01007). It
  knows where in the aligned face it looks, judges a picture as one of its class, and tells classes apart; G's pictures
  it has to class as what they were made of, so that no mark that nobody sees stands for an age.
- D learns alone at first. Before it knows the classes nothing that it asks for is worth learning.
- The adversarial term's gradient at G(x, c) is held at the size of that of a mean absolute difference, as in
  `one_sided`, and so is the content term, 1 - correlation of φ(G(x, c)) and φ(x), at a target.
- Pictures that are to become what they are already have (G(x, c) - x)² instead: one's own class changes nothing.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.data.ages import AGE_GROUPS, age_shares, draw_ages
from pictura.encoders import Encoder, load_encoder
from pictura.losses.adversarial import ADVERSARIAL
from pictura.losses.balance import GradientBalance
from pictura.losses.conditional import class_loss, pick_class
from pictura.losses.correlation import correlation_loss
from pictura.networks.compact import least_side, select_components
from pictura.networks.critics import FeatureCritic
from pictura.networks.editor import EDITOR_BLOCKS, EDITOR_WIDTHS, Editor, coordinates, edit_picture
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.picture.resize import from_float, resize, to_float
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import MAX_BLOCKS, MAX_STEPS, Channels, OptimSettings, Scales

Features = dict[str, Tensor]
BETAS = (0.5, 0.99)  # of Adam: little momentum, as GANs are trained
LAST = 0.05  # share of the rate that is left at the end
MOVED = 0.01  # how much λ moves in a step that is off by the whole target
BOUNDS = (1e-4, 0.5)  # of λ
OWN = 0.25  # share of a batch that is to become what it is
MISMATCHED = 0.25  # share that real pictures with a wrong class have in what D calls wrong
EDITED_CLASS = 0.5  # weight of the class loss of G's pictures, classed as what they were made of
CLASS_LAYERS = 3  # the deepest, which tell the classes: the finest see skin, not faces
BLUR = 8  # pixels over which colour is averaged
SHOWN_AGES = (5, 15, 25, 45, 65, 80)


class EditorSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of a smile."""

    kind: Literal["binary", "age"] = Field(
        default="binary", description="what labels are: 0 without and 1 with the attribute, or an age in years"
    )
    attribute: str = Field(default="smiling", min_length=1, description="name of a binary attribute")
    side: int = Field(default=96, ge=32, le=1024, description="side in pixels at which faces are edited")
    face: tuple[tuple[float, float], ...] = Field(
        # UTKFace's means, made symmetrical: training mirrors.
        default=((0.306, 0.288), (0.694, 0.288), (0.5, 0.516), (0.328, 0.687), (0.672, 0.687)),
        min_length=5,
        max_length=5,
        description="left and right eye as seen, nose tip, left and right mouth corner in the data, in shares of a side",
    )
    widths: tuple[Channels, Channels, Channels] = Field(
        default=EDITOR_WIDTHS, description="channels of G at a half, a quarter and an eighth of the side"
    )
    blocks: int = Field(default=EDITOR_BLOCKS, ge=0, le=MAX_BLOCKS, description="residual blocks of G at an eighth")
    deep: int = Field(default=1, ge=0, le=MAX_BLOCKS, description="residual blocks of G at a sixteenth; 0: none")
    layers: dict[str, float] = Field(
        default={"relu2_1": 0.4, "relu3_1": 1.0, "relu4_1": 2.0, "relu5_1": 2.0},
        min_length=1,
        description="layer of φ that D looks at → weight in what G is told",
    )
    critic_width: Channels = Field(default=96, description="channels of D's heads, or as many as their layer has, if that is less")
    class_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="of the class losses of D and G")
    warmup: int = Field(default=300, ge=0, le=MAX_STEPS, description="steps in which D learns alone, at first")
    small_side: int = Field(default=0, ge=0, le=1024, description="side to which pictures are reduced at first; 0: no")
    small_steps: int = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which they are")
    target: float = Field(default=0.2, gt=0, lt=1, description="1 - correlation at which content is held")
    content_weight: float = Field(default=1e-3, gt=0, description="λ at first")
    own_weight: float = Field(default=2.0, ge=0, le=MAX_WEIGHT, description="of (G(x, c) - x)² where c is x's class")
    # Low-pass only: wrinkles and teeth are fine, a red rim is not.
    colour_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="of blurred changes of colour, squared")
    flow_weight: float = Field(default=2e-3, ge=0, le=MAX_WEIGHT, description="of differences of neighbours in the flow")
    flow_rate: float = Field(default=0.3, gt=0, le=100, description="factor on the rate of the flow's last layer")
    full_strength: float = Field(
        default=1.0, gt=0, le=4, description="share of what was learned that a strength of 1 is at use"
    )
    rescale: Scales = Field(default=(0.8, 1.25), description="least and greatest scale that φ looks at")
    learning_rate: float = Field(default=5e-4, gt=0, le=1, description="Adam's rate for G")
    critic_rate: float = Field(default=2e-3, gt=0, le=1, description="Adam's rate for D")
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of G's averaged weights; 0: the last ones")


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
        self.encoder: Encoder | None = None
        self.steps = 0
        self.balance = GradientBalance()
        self.content_weight = settings.content_weight

    @classmethod
    def tiny(cls) -> EditorSettings:
        """A few channels."""
        return EditorSettings(kind="age", widths=(4, 8, 8), blocks=1, deep=0, critic_width=8, warmup=0, side=32)

    def networks(self) -> dict[str, nn.Module]:
        """G and D."""
        return {"generator": self.generator, "critic": self.critic}

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
        return {
            "generator": build_player(s, self.generator, steps, parameters=groups, betas=BETAS, schedule=decay),
            "critic": build_player(of_critic, self.critic, steps, betas=BETAS, schedule=decay, ema=0),
        }

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
        x = crop_to_multiple(self._reduce(batch["image"]), self.network.multiple, self.network.smallest)
        c = self.shares(batch["label"])
        wrong = _turn(c, generator)
        least, greatest = self.settings.rescale
        factor = least + (greatest - least) * float(torch.rand((), generator=generator))
        with torch.no_grad():
            features = self._encode(x, factor)
        self.heads.measure(features)
        self.steps += 1
        if self.steps <= self.settings.warmup:
            answers = self._ask(features)
            hinge = ADVERSARIAL["hinge"].critic(pick_class(answers, c), pick_class(answers, wrong))
            known = class_loss(answers[-CLASS_LAYERS:], c)
            update(critic=hinge + self.settings.class_weight * known)
            return {"critic": hinge.detach(), "class": known.detach()}
        own = max(1, round(OWN * len(x)))  # so many of the batch are to stay as they are
        wanted = torch.cat([c[:own], self._draw(c, generator)[own:]])
        flow, residual = self.generator(x, wanted)
        fake = edit_picture(x, flow.float(), residual.float())
        features_fake = self._encode(fake, factor)
        edited = {layer: f[own:] for layer, f in features_fake.items()}
        before = {layer: f[own:] for layer, f in features.items()}
        losses = self._generator_losses(fake, edited, before, wanted[own:])
        losses["own"] = self.settings.own_weight * (fake[:own] - x[:own]).square().mean()
        losses["flow"] = self.settings.flow_weight * _roughness(flow)
        if self.settings.colour_weight:
            losses["colour"] = self.settings.colour_weight * _colour(fake - x).square().mean()
        update(generator=torch.stack(list(losses.values())).sum())
        critic, known = self._critic_loss(features, edited, (c, wanted[own:], wrong, c[own:]))
        update(critic=critic + self.settings.class_weight * known)
        content = losses["content"].detach() / self._control_content(losses["content"])
        shown = {"critic": critic.detach(), "class": known.detach(), "content": content}
        shown |= {"class of G": self._told.detach(), "λ": torch.tensor(self.content_weight)}
        moved = (fake - x).detach().abs().flatten(1).mean(1)
        shown |= {"own": moved[:own].mean(), "moved": moved[own:].mean(), "flow": flow.detach().abs().mean()}
        return shown

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

    def edit(
        self, image: Tensor, *, attributes: Mapping[str, float], strength: float = 1.0, **unknown: Any
    ) -> Tensor:
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
        value = self._read(attributes)
        if self.settings.kind == "age":
            shares = age_shares(torch.tensor([value]))
        else:
            shares = F.one_hot(torch.tensor([int(value > 0)]), 2).float()
            strength = strength * abs(value)
        if not math.isfinite(strength):
            raise PicturaError(f"strength must be a number, not {strength}.")
        if strength == 0:
            return image
        picture = to_float(image)
        side = self.settings.side
        with torch.no_grad():
            flow, residual = self.network(resize(picture, (side, side)), shares.to(picture.device))
            made = edit_picture(picture, flow, residual, strength * self.settings.full_strength)
        return from_float(made.clamp(0, 1), image.dtype)

    def shares(self, labels: Tensor) -> Tensor:
        """Labels int64 N to the shares of the classes N×classes."""
        if self.settings.kind == "age":
            return age_shares(labels)
        return F.one_hot((labels > 0).long(), 2).float()  # CelebA writes -1 for 0

    def state(self) -> dict[str, Tensor]:
        """What the controllers know, and how many steps were taken."""
        return {"controllers": torch.tensor([self.steps, self.balance.scale, self.content_weight], dtype=torch.float64)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        steps, self.balance.scale, self.content_weight = tensors["controllers"].tolist()
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
        return self.encoder(F.interpolate(x, scale_factor=factor, mode="bilinear"), list(self.settings.layers))

    def _ask(self, features: Mapping[str, Tensor]) -> list[Tensor]:
        """D's answers, N×(1 + classes)×H×W a layer."""
        first = features[next(iter(self.settings.layers))]
        answers: list[Tensor] = self.critic(features, coordinates(first))
        return answers

    def _generator_losses(self, fake: Tensor, edited: Features, before: Features, wanted: Tensor) -> dict[str, Tensor]:
        """The adversarial term, as strong at the picture as a mean absolute difference, and λ times the content."""
        answers = self._ask(edited)
        self._told = class_loss(answers[-CLASS_LAYERS:], wanted)
        hinge = ADVERSARIAL["hinge"].generator(pick_class(answers, wanted), list(self.settings.layers.values()))
        adversarial = self.balance(hinge + self.settings.class_weight * self._told, fake, self.steps)
        content = correlation_loss(edited, before, {"relu3_1": 1.0, "relu4_1": 1.0})
        return {"adversarial": adversarial, "content": self.content_weight * content}

    def _critic_loss(
        self, features: Features, edited: Features, shares: tuple[Tensor, Tensor, Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Hinge of real pictures against edited ones and against those of a wrong class; and the class loss.

        Args:
            features, edited: φ of real and of G's pictures.
            shares: the real ones' classes; those that the edited were to be of; the wrong ones; what they were made of.
        """
        right, wanted, wrong, source = shares
        # Real and made in one batch, so that spectral norms are of the same moment.
        answers = self._ask({layer: torch.cat([f, edited[layer].detach()]) for layer, f in features.items()})
        real, made = ([a[: len(right)] for a in answers], [a[len(right) :] for a in answers])
        hinge, called_real = ADVERSARIAL["hinge"], pick_class(real, right)
        against_made = hinge.critic(called_real, pick_class(made, wanted))
        against_wrong = hinge.critic(called_real, pick_class(real, wrong))
        known = class_loss(real[-CLASS_LAYERS:], right) + EDITED_CLASS * class_loss(made[-CLASS_LAYERS:], source)
        return torch.lerp(against_made, against_wrong, MISMATCHED), known

    def _control_content(self, weighed: Tensor) -> float:
        """Move λ towards what would bring content to its target; returns the λ that was."""
        before = self.content_weight
        content = float(weighed.detach()) / before
        least, greatest = BOUNDS
        after = before * math.exp(MOVED * (content / self.settings.target - 1))
        self.content_weight = min(greatest, max(least, after))
        return before

    def _read(self, attributes: Mapping[str, float]) -> float:
        """The one attribute's value."""
        (known,) = self.attributes
        for name in attributes:
            if name != known:
                raise PicturaError(f"This model edits {known}, not '{name}'.{did_you_mean(name, [known])}")
        if known not in attributes:
            raise PicturaError(f"Say what is to be edited: this model edits {known}.")
        value = float(attributes[known])
        if not math.isfinite(value) or (self.settings.kind == "age" and not 0 <= value <= 100):
            raise PicturaError(f"{known} must be a number{' of years, 0 to 100' if known == 'age' else ''}, not {value}.")
        return value


def _turn(c: Tensor, generator: torch.Generator) -> Tensor:
    """Shares N×classes of classes that these are not; of more than three not the neighbours either."""
    classes = c.shape[1]
    apart = 2 if classes > 3 else 1
    by = torch.randint(apart, classes - apart + 1, (len(c), 1), generator=generator).to(c.device)
    return c.gather(1, (torch.arange(classes, device=c.device) - by) % classes)


def _roughness(flow: Tensor) -> Tensor:
    """Mean absolute difference of neighbours, across and down."""
    return (flow[..., 1:] - flow[..., :-1]).abs().mean() + (flow[..., 1:, :] - flow[..., :-1, :]).abs().mean()


def _colour(change: Tensor) -> Tensor:
    """What is colour in a change, without what is fine."""
    blurred = F.avg_pool2d(change, BLUR)
    return blurred - blurred.mean(1, keepdim=True)
