"""What the methods share that make pictures out of codes: drawing from a prior, and a generator against a critic."""

import abc
from typing import ClassVar

import torch
from torch import Tensor, nn

from pictura.networks.coders import decode_in_parts
from pictura.training.capabilities import check_sample
from pictura.training.method import Method, Player, build_player
from pictura.training.settings import OptimSettings


class PriorSampler(Method):
    """A method that draws codes and decodes them."""

    @abc.abstractmethod
    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """count×Z codes of the prior, on the CPU."""

    @abc.abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """N×Z to N×3×S×S in [0, 1]."""

    @property
    def labels(self) -> tuple[str, ...]:
        """None."""
        return ()

    def sample(self, count: int, *, generator: torch.Generator, label: str | None = None) -> Tensor:
        """count×3×S×S in [0, 1] from the prior.

        Raises:
            PicturaError: a count below 1, or a label.
        """
        check_sample(self.name, count, label, self.labels)
        device = next(p for network in self.deployed_networks().values() for p in network.parameters()).device
        return decode_in_parts(self.decode, self.draw(count, generator).to(device))


class PlainGAN(Method):
    """A generator G of codes and a critic D, with an optimizer each."""

    settings: OptimSettings
    betas: ClassVar[tuple[float, float]] = (0.5, 0.999)  # of Adam; DCGAN (Radford et al. 2016), section 4
    G: nn.Module
    D: nn.Module

    def networks(self) -> dict[str, nn.Module]:
        """Both."""
        return {"G": self.G, "D": self.D}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """G."""
        return {"G": self.G}

    def players(self, steps: int) -> dict[str, Player]:
        """One optimizer each."""
        return {
            "G": build_player(self.settings, self.G, steps, betas=self.betas),
            "D": build_player(self.settings, self.D, steps, betas=self.betas, ema=0),
        }
