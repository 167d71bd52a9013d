"""What a learned method is: networks, players and one training step; `capabilities` says what it is good for."""

import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import Tensor, nn

from pictura.models import Bundle
from pictura.runtime.errors import PicturaError
from pictura.training.schedules import Schedule, cosine_decay
from pictura.training.settings import MethodSettings, OptimSettings

DataKind = Literal["images", "paired", "unpaired", "labelled"]
# Float32 in [0, 1] sRGB: "image" N×3×H×W, or "A" and "B" of pairs; labelled images have "label", int64 N, beside them.
Batch = dict[str, Tensor]


class Update(Protocol):
    """What a step calls for each of its updates: `pictura.training.players.Players.update`."""

    def __call__(self, **losses: Tensor) -> None:
        """Minimize each loss over the parameters of the player of that name, and of that one only.

        ``update(critic=d)`` and later ``update(generator=g)`` are two updates, one after the other: g is computed with
        the new critic. ``update(encoder=a, decoder=b, critic=c)`` is one, of one graph: all gradients are computed
        before the first weight changes.

        A player takes an optimizer step at every `accumulate`-th of its updates, with the mean of their gradients.
        """


@dataclass
class Player:
    """Networks that are optimized together, and how.

    Attributes:
        networks: one module, or several that one optimizer drives, such as both generators of CycleGAN; layers that
            they share count once.
        optimizer: of their parameters.
        schedule: optimisation step, from 0, to a factor on the optimizer's rates; None leaves them as they are.
        ema: decay of the averaged weights that the model gets instead of the last ones; 0 for none.
    """

    networks: nn.Module | Sequence[nn.Module]
    optimizer: torch.optim.Optimizer
    schedule: Schedule | None = None
    ema: float = 0.0

    @property
    def module(self) -> nn.Module:
        """All networks as one; its parameters are each there once."""
        return join_networks(self.networks)


def join_networks(networks: nn.Module | Sequence[nn.Module]) -> nn.Module:
    """One network as it is, several as one module."""
    return networks if isinstance(networks, nn.Module) else nn.ModuleList(networks)


def build_player(
    settings: OptimSettings,
    networks: nn.Module | Sequence[nn.Module],
    steps: int,
    *,
    parameters: Iterable[dict[str, Any]] | None = None,
    betas: tuple[float, float] = (0.9, 0.999),
    schedule: Callable[[int], Schedule | None] = cosine_decay,
    ema: float | None = None,
) -> Player:
    """A player as the settings say.

    Args:
        settings: optimizer, rate, decay, average.
        networks: one or several.
        steps: the length of the run, as `Method.players` is given it.
        parameters: groups for the optimizer where the networks' parameters differ, for example in their rates.
        betas: Adam's, where the settings do not say others.
        schedule: from the number of steps in which the rate falls, 0 for a constant one, to a schedule.
        ema: instead of the settings'; 0 for a critic, which no model holds.
    """
    module = join_networks(networks)
    groups = parameters if parameters is not None else module.parameters()
    optimizer: torch.optim.Optimizer
    if settings.optimizer == "adam":
        # One pass over the numbers instead of a dozen: a quarter of the time with 57 million of them.
        fused = all(p.device.type in ("cpu", "cuda") for p in module.parameters())
        optimizer = torch.optim.Adam(groups, lr=settings.learning_rate, betas=settings.betas or betas, fused=fused)
    elif settings.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, lr=settings.learning_rate, momentum=0.9)
    else:
        optimizer = torch.optim.RMSprop(groups, lr=settings.learning_rate)
    decay_steps = steps if settings.decay_steps is None else settings.decay_steps
    return Player(networks, optimizer, schedule(decay_steps), settings.ema if ema is None else ema)


class Method(abc.ABC):
    """One paper. A subclass in ``methods/<name>.py`` is found by its file; nothing else is to be registered.

    Networks are attributes under their names in `networks`: while it trains, the loop puts there what it wraps around
    them (arithmetic, device), and `step` and `show` call them as usual. Teachers and targets are not among them.

    All randomness of `prepare` and `step` comes from the generator that they are given.
    """

    name: ClassVar[str]  # "johnson": the file's name
    paper: ClassVar[str]  # one line: authors, title, venue, arXiv
    data: ClassVar[DataKind]  # what `pictura train` opens
    Settings: ClassVar[type[MethodSettings]]
    keeps_faces: ClassVar[bool] = False  # whether faces stay legible by themselves when it stylizes
    untrained: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # name → settings with which it works without weights

    def __init__(self, settings: MethodSettings) -> None:
        """Build the networks from torch's global generator, which the caller has seeded; nothing slow, no teacher."""
        self.settings = settings

    @property
    def data_kind(self) -> DataKind:
        """What this one reads: `data`, unless its settings say otherwise."""
        return self.data

    @classmethod
    @abc.abstractmethod
    def tiny(cls) -> MethodSettings:
        """Settings small enough for a test: a step on two crops of 64 pixels in well under a second on one core.

        No file is there but the package's and two pictures in a folder ``paintings``, which the settings may name.
        """

    @abc.abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """All that is trained, by name; each is the attribute of that name. A checkpoint holds them."""

    def deployed_networks(self) -> dict[str, nn.Module]:
        """Those of `networks` that the method needs in use, all by default: what a model holds. No critics."""
        return self.networks()

    @abc.abstractmethod
    def players(self, steps: int) -> dict[str, Player]:
        """Networks with new optimizers, by the names that `step` gives to update; called once a run.

        Args:
            steps: how many the run started with, for schedules. A resume that asks for more does not change it.
        """

    def check_crop(self, crop: int) -> None:  # noqa: B027, most take any
        """Before a training, and before anything slow: whether these networks can take crops of this side.

        Raises:
            PicturaError: they cannot, with what they need.
        """

    def begin(self, bundle: Bundle) -> None:
        """Take the weights of a model of this method as the first ones; what it does not hold begins new.

        Raises:
            PicturaError: it is of other networks.
        """
        bundle.fill(self.deployed_networks())

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:  # noqa: B027, most need nothing
        """Before a training only: load what `step` needs beside the networks, frozen, on the device.

        The generator is the CPU's, and the same one when a run is resumed.
        """

    @abc.abstractmethod
    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Update each player in the paper's order, with one batch.

        One optimisation step is `accumulate` such calls. In each a player is updated equally often.

        Args:
            batch: on the device.
            update: see `Update`.
            generator: the CPU's, a new one every call, and the same one when a run is resumed there.

        Returns:
            Scalar losses by the paper's names, detached.
        """

    @abc.abstractmethod
    def show(self, batch: Batch) -> list[Tensor]:
        """Columns of a sample sheet: input, target, output …, each N×3×H×W in [0, 1]; no gradient.

        The loop has put the networks into eval mode and puts them back.
        """

    def export_network(self) -> nn.Module:
        """What `pictura.export` writes as ONNX: pictures in [0, 1] to pictures, with what they need inside.

        The arguments of its ``forward`` are the file's inputs. It may say `scale`, `multiple` (of its sides) and
        `smallest` (side) as attributes, 1 if it does not.

        Raises:
            PicturaError: this method has no such network.
        """
        raise PicturaError(f"{self.name} cannot be exported: it needs more than one network.")

    def state(self) -> dict[str, Tensor]:
        """What a resumed training needs beyond networks and optimizers, for example a pool of images."""
        return {}

    def load_state(self, tensors: dict[str, Tensor]) -> None:  # noqa: B027, most have no state
        """Take back what `state` gave."""

    def set_networks(self, networks: dict[str, nn.Module]) -> None:
        """Put these in the networks' place; called by the loop, with wrapped networks and afterwards with its own."""
        for name, network in networks.items():
            setattr(self, name, network)
