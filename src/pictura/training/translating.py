"""What the methods share whose networks translate in one pass: how they are applied, and what they train on."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.networks.translator import AnyTranslator, translate_image
from pictura.runtime.device import Precision
from pictura.training.capabilities import check_direction, check_image, check_options
from pictura.training.method import Batch, Method


class NetworkTranslator(Method):
    """A method with one generator a direction.

    Attributes:
        generators: direction → network, the first by default. They stay what they are while the loop wraps something
            around the attributes that `networks` names.
    """

    generators: Mapping[str, AnyTranslator]
    signed: ClassVar[bool] = True  # whether the networks take pictures in [-1, 1], as the papers' do, or in [0, 1]

    @property
    def directions(self) -> tuple[str, ...]:
        """Those of the generators."""
        return tuple(self.generators)

    def translate(
        self,
        image: Tensor,
        *,
        direction: str | None = None,
        strength: float = 1.0,
        seed: int = 0,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to the same in the other domain.

        Sides that the network cannot take are extended by mirrored pixels.

        Args:
            image: of the domain that the direction begins with.
            direction: ``A2B``, the default, or ``B2A`` where the model has it.
            strength: 0 is the image itself, 1 what was learned.
            seed: of the noise or the dropout, where there is any.
            memory: bytes to work in beside image and result; what does not fit goes in tiles, with the same result.
            precision: arithmetic of the convolutions; auto is bfloat16 where the processor is fast in it.

        Raises:
            PicturaError: not an image, an unknown option or direction, or too little memory.
        """
        check_options(self.name, unknown, self.translate)
        check_image(image)
        network = self.generators[check_direction(self.name, direction, self.directions)]
        return translate_image(image, network, strength=strength, seed=seed, memory=memory, precision=precision)

    def select_pictures(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """real_A and real_B as the networks take them, of sides that the generators can take."""
        network = next(iter(self.generators.values()))
        real_A, real_B = (crop_to_multiple(batch[side], network.multiple, network.smallest) for side in "AB")
        return (2 * real_A - 1, 2 * real_B - 1) if self.signed else (real_A, real_B)
