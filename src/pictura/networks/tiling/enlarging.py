"""Super-resolution of images of any size: a network that enlarges, tile by tile."""

from torch import Tensor

from pictura.networks.tiling.streaming import NetworkPart, stream
from pictura.runtime.device import Precision, autocast

ENLARGED_TILE = 512  # greatest side in small pixels of what is enlarged at once: larger tiles are no faster


def enlarge_image(
    image: Tensor, part: NetworkPart, memory: int, precision: Precision = "auto", multiple: int = 1
) -> Tensor:
    """The output of a super-resolution network for 1×3×h×w in [0, 1] or uint8, of the same dtype.

    Args:
        image: the small image.
        part: the whole network as one part; its numbers are per small pixel.
        memory: bytes to work in, beside image and result.
        precision: arithmetic of the convolutions.
        multiple: what the image's sides must be divisible by for this network.

    Raises:
        PicturaError: less memory than the smallest tile takes.
    """
    enough = int(4 * part.floats_per_pixel * (ENLARGED_TILE + 2 * part.receptive_radius) ** 2)
    with autocast(precision, image.device):
        return stream(image, [part], memory=min(memory, enough), multiple=multiple, smallest=multiple)
