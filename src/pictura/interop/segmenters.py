"""Networks of others that segment, from their files: which one it is, and of what size, follows from keys and shapes.

Known are ESPNet (sacmehta/ESPNet) and ESPNetv2 (sacmehta/EdgeNets), trained on Cityscapes (20 scores, the last of them
void) or CamVid (12). Only safetensors files are read.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pictura.data.known_palettes import CAMVID, CITYSCAPES, VOID, Colour
from pictura.encoders.records import FAMILIES, Preprocessing
from pictura.interop.converting import read_project_tensors
from pictura.networks.espnet import ESPNet
from pictura.networks.espnetv2 import ESPNetv2
from pictura.networks.segmenter import class_numbers, name_pixels
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, NetworkPart, stream
from pictura.picture.resize import to_float
from pictura.runtime.device import Precision, autocast, choose_device
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import check_image, check_options

SETS: dict[int, Mapping[str, Colour]] = {20: CITYSCAPES, 12: CAMVID}  # by the number of scores
UNUSED = re.compile(r".*\.num_batches_tracked")
# (x - mean)/std of the authors' training pictures, there of values up to 255 and divided by 255 once more; red first.
_STREETS = {
    20: ((73.15840149, 82.90893555, 72.3923111), (44.91483307, 46.15289307, 45.3192215)),
    12: ((105.0335, 108.4091, 110.3313), (69.9026, 72.6885, 72.1252)),  # of CamVid's 367 training pictures: ours
}
FLOATS_PER_PIXEL = 60.0  # features at a half and at full size


class ImportedSegmenter:
    """A network of others, ready for use; see `pictura.training.capabilities.Segments`."""

    def __init__(
        self, name: str, network: ESPNet | ESPNetv2, look: Preprocessing, palette: Mapping[str, Colour], bgr: bool
    ) -> None:
        self.name, self.network, self.bgr, self.look = name, network.eval().requires_grad_(False), bgr, look
        self.classes, self.ignored_classes = dict(palette), tuple(name for name in palette if name.lower() in VOID)

    def segment(
        self, image: Tensor, *, memory: int = DEFAULT_MEMORY, precision: Precision = "auto", **unknown: Any
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) to the numbers of classes H×W; never that of void.

        Raises:
            PicturaError: not an image, an unknown option, or too little memory: the network sees the whole picture.
        """
        check_options(self.name, unknown, self.segment)
        check_image(image)
        # Means over the whole picture allow no tiles: what does not fit is refused.
        part = NetworkPart(self._run, receptive_radius=max(image.shape), floats_per_pixel=FLOATS_PER_PIXEL)
        multiple = self.network.multiple
        with autocast(precision, image.device):
            found = stream(to_float(image), [part], memory=memory, multiple=multiple, smallest=4 * multiple)
        return class_numbers(found)

    def _run(self, x: Tensor, _: Tensor) -> Tensor:
        mean, std = (torch.tensor(v, device=x.device).view(1, 3, 1, 1) for v in (self.look.mean, self.look.std))
        x = (x - mean) / std
        scores = self.network(x.flip(1) if self.bgr else x)
        numbers = [i for i, name in enumerate(self.classes) if name not in self.ignored_classes]
        return name_pixels(scores[:, numbers], numbers)


def open_segmenter(path: str | Path, device: str = "auto") -> ImportedSegmenter | str | Path:
    """The network in a file of others; anything else, such as a model of pictura, as it was given.

    Raises:
        PicturaError: a network of these projects with keys or shapes that it does not have, or no such device.
    """
    if not (Path(path).suffix == ".safetensors" and Path(path).is_file()):
        return path
    tensors = {key: t for key, t in read_project_tensors(path).items() if not UNUSED.fullmatch(key)}
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    with torch.device("meta"):
        if "encoder.level1.conv.weight" in shapes and "classifier.weight" in shapes:
            network: ESPNet | ESPNetv2 = _espnet(shapes)
            classes, bgr = shapes["classifier.weight"][0], True
        elif "base_net.level1.conv.weight" in shapes:
            network = _espnetv2(shapes, path)
            classes, bgr = shapes[_SCORES][0], False
        else:
            return path
    if classes not in SETS:
        raise PicturaError(
            f"'{path}' tells {classes} classes apart; known are those of Cityscapes (20) and CamVid (12)."
        )
    _check(network, shapes, path)
    counters = {k: torch.tensor(0) for k in network.state_dict() if UNUSED.fullmatch(k)}
    network.load_state_dict(tensors | counters, assign=True)
    look = _look(classes) if bgr else FAMILIES["torchvision"]
    return ImportedSegmenter(Path(path).stem, network.to(choose_device(device)), look, SETS[classes], bgr)


_SCORES = "bu_dec_l4.merge_layer.3.weight"


def _look(classes: int) -> Preprocessing:
    """For a picture in [0, 1] the same as ((255 x - mean)/std)/255."""
    mean, std = _STREETS[classes]
    return Preprocessing(*(tuple(v / 255 for v in mean), std))  # type: ignore[arg-type]  # three each


def _espnet(shapes: Mapping[str, tuple[int, ...]]) -> ESPNet:
    classes = shapes["classifier.weight"][0]
    p, q = (_count(shapes, rf"encoder\.level{level}\.(\d+)\.") for level in (2, 3))
    inputs = shapes.get("conv.conv.weight", (0, 0))[1]
    return ESPNet(classes, p, q, with_picture=inputs == classes + 19)


def _espnetv2(shapes: Mapping[str, tuple[int, ...]], path: str | Path) -> ESPNetv2:
    wanted = ["base_net.level1.act.weight", *(f"base_net.level{i}_0.act.weight" for i in (2, 3, 4))]
    decoder = [f"bu_br_l{i}.0.weight" for i in (2, 3, 4)]
    if missing := [key for key in (*wanted, *decoder, _SCORES) if key not in shapes]:
        raise PicturaError(f"'{path}' is missing '{missing[0]}', which an ESPNetv2 has: the file is cut short.")
    widths = [shapes[key][0] for key in wanted]
    # A branch of a pyramid has a quarter of its channels, and its first convolution four groups.
    if any((later - earlier) % 16 or not earlier < later <= 2048 for earlier, later in pairwise((0, *widths))):
        raise PicturaError(f"'{path}' has an ESPNetv2 of {widths} channels, which there is none of: get it again.")
    return ESPNetv2(shapes[_SCORES][0], widths, [shapes[key][0] for key in decoder])


def _count(shapes: Mapping[str, tuple[int, ...]], pattern: str) -> int:
    return len({found[1] for key in shapes if (found := re.match(pattern, key))})


def _check(network: nn.Module, shapes: Mapping[str, tuple[int, ...]], path: str | Path) -> None:
    """Refuse a file whose keys and shapes are not the network's."""
    kind = type(network).__name__
    ours = {k: tuple(t.shape) for k, t in network.state_dict().items() if not UNUSED.fullmatch(k)}
    for key, shape in ours.items():
        if key not in shapes:
            raise PicturaError(f"'{path}' is missing '{key}', which an {kind} has: the file is cut short.")
        if shapes[key] != shape:
            raise PicturaError(f"'{key}' in '{path}' has shape {shapes[key]} where an {kind} has {shape}.")
    if extra := sorted(set(shapes) - set(ours)):
        raise PicturaError(f"'{path}' contains {extra[0]!a}, which an {kind} does not.")
