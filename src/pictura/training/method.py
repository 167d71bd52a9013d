"""What a learned method is: networks, players and one training step; `capabilities` says what it is good for."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from pictura.models import Bundle
from pictura.runtime.errors import PicturaError
from pictura.training.settings import MethodSettings

DataKind = Literal["images", "paired", "unpaired", "labelled"]
# Float32 in [0, 1] sRGB: "image" N×3×H×W, or "A" and "B" of pairs; labelled images have "label", int64 N, beside them.
Batch = dict[str, Tensor]
# update("generator", loss): backward into that player's parameters only, accumulation, clipping, the step of its
# optimiser and its schedule, and its averaged weights.
Update = Callable[[str, Tensor], None]


@dataclass
class Player:
    """One network with its optimiser.

    schedule: optimisation step, from 0, to a factor on the optimiser's rates; None leaves them as they are.
    ema: decay of the averaged weights that the bundle gets instead of the last ones; 0 for none.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Callable[[int], float] | None = None
    ema: float = 0.0


class Method(abc.ABC):
    """One paper. A subclass in ``methods/<name>.py`` is found by its file; nothing else is to be registered.

    Networks are attributes under their names in `networks`: while it trains, the loop puts there what it wraps around
    them (arithmetic, device), and `step` and `show` call them as ever. Teachers and targets are no such networks.
    """

    name: ClassVar[str]  # "johnson": the file's name
    paper: ClassVar[str]  # one line: authors, title, venue, arXiv
    data: ClassVar[DataKind]  # what `pictura train` opens
    Settings: ClassVar[type[MethodSettings]]

    def __init__(self, settings: MethodSettings) -> None:
        """Build the networks from torch's global generator, which the caller has seeded; nothing slow, no teacher."""
        self.settings = settings

    @classmethod
    @abc.abstractmethod
    def tiny(cls) -> MethodSettings:
        """Settings small enough for a test: a step on two crops of 64 pixels in well under a second on one core.

        No file is there but the package's and two pictures in a folder ``paintings``, which the settings may name.
        """

    @abc.abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """What a bundle holds, by name; each is the attribute of that name."""

    @abc.abstractmethod
    def players(self) -> dict[str, Player]:
        """Networks with new optimisers, asked for once a training, by the names that `step` gives to update."""

    def begin(self, bundle: Bundle) -> None:
        """Take a bundle of this method as first weights.

        Raises:
            PicturaError: it is of other networks.
        """
        bundle.fill(self.networks())

    def prepare(self, device: torch.device) -> None:  # noqa: B027, most have nothing to prepare
        """Before a training only: load what `step` needs beside the networks, frozen, on the device."""

    @abc.abstractmethod
    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """One optimisation step: update each player in the paper's order.

        The batch is on the device; the generator is the CPU's, a new one every step, and the same one when a training
        is resumed there. Returns scalar losses by the paper's names, detached.
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
        raise PicturaError(f"There is no export for {self.name}: its use is more than one network from end to end.")

    def state(self) -> dict[str, Tensor]:
        """What a resumed training needs beyond networks and optimisers, for example a pool of images."""
        return {}

    def load_state(self, tensors: dict[str, Tensor]) -> None:  # noqa: B027, most have no state
        """Take back what `state` gave."""

    def set_networks(self, networks: dict[str, nn.Module]) -> None:
        """Put these in the networks' place; called by the loop, with wrapped networks and afterwards with the own."""
        for name, network in networks.items():
            setattr(self, name, network)
