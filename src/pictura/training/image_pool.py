"""A pool of generated pictures for the critic (Shrivastava et al. 2017, arXiv 1612.07828), as CycleGAN uses it."""

import torch
from torch import Tensor


class ImagePool:
    """Up to `size` pictures that were generated before.

    While it is not full, a picture that comes is kept and given back. Afterwards with probability ½ one that is kept
    is given instead, and the new one takes its place (junyanz/pytorch-CycleGAN-and-pix2pix, util/image_pool.py). Size
    0: no pool.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def query(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """N×C×H×W to as many pictures for the critic, each new or old; without gradient."""
        chosen = [self._swap(image.detach(), generator) for image in images]
        # In the new ones' memory format, whatever the old ones' is: after a resume sums must be the same to the bit.
        last = images.is_contiguous(memory_format=torch.channels_last)
        return torch.stack(chosen).contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)

    def _swap(self, image: Tensor, generator: torch.Generator) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        if not self.size or torch.rand((), generator=generator) < 0.5:
            return image
        place = int(torch.randint(self.size, (), generator=generator))
        old, self.images[place] = self.images[place], image.clone()
        return old.to(image.device)

    def state(self, name: str) -> dict[str, Tensor]:
        """Its pictures under this name; nothing if there are none."""
        return {name: torch.stack([image.cpu() for image in self.images])} if self.images else {}

    def load_state(self, tensors: dict[str, Tensor], name: str) -> None:
        """Take back what `state` gave under this name."""
        self.images = [image.clone() for image in tensors[name]] if name in tensors else []
