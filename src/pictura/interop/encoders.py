"""A published checkpoint becomes an encoder's weight file: read without running it, cut to what is used, checked."""

import re
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from pictura.encoders import store
from pictura.encoders.files import ARCHITECTURES, CLASSIFIERS, COUNTER, read_network
from pictura.encoders.records import RECORDS, Origin, Weights
from pictura.interop.checkpoint import read_tensors
from pictura.runtime.downloads import WebFile
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.files import check_free, write_atomic
from pictura.runtime.numbers import check_numbers

FIRST_WEIGHTS = ("features.0.weight", "features.conv0.weight", "conv1.weight")  # VGG and SqueezeNet, DenseNet, ResNet
ENERGY_TOLERANCE = 0.01  # relative; half precision is off by 0.0005, another training by a tenth and more
# torchvision's densenet files still have the keys of its first version and are renamed by it as they are loaded.
_OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")


def get_encoder(name: str, source: str | Path | None = None) -> Path:
    """The weights of a known encoder on this disk: made of a checkpoint at `source`, or of the fetched published one.

    Raises:
        PicturaError: an unknown name; no place to fetch it from; a file that is not that checkpoint.
    """
    if name not in RECORDS:
        raise PicturaError(f"There is no encoder '{name}', only {', '.join(RECORDS)}.{did_you_mean(name, RECORDS)}")
    record = RECORDS[name]
    if source is not None:
        return convert_encoder(record, Path(source))
    if (path := store.find_weights(record)) is not None:
        return path
    if record.origin is not None and record.origin.sha256 is not None:
        return fetch_encoder(record)
    return store.fetch_weights(record)  # from the hub, or one sentence


def fetch_encoder(record: Weights) -> Path:
    """Download the published checkpoint, compare its digest, convert it; only the result is kept.

    Raises:
        PicturaError: it cannot be had, or is another file.
    """
    origin = record.origin
    if origin is None or origin.sha256 is None:
        raise PicturaError(f"The weights '{record.name}' cannot be fetched: {store.how_to_get(record)}.")
    side = store.weights_folder() / "downloads" / f"{origin.sha256[:12]}.pth"
    try:
        return convert_encoder(record, WebFile(origin.url, origin.sha256).download(side))
    finally:
        side.unlink(missing_ok=True)


def convert_encoder(record: Weights, source: Path) -> Path:
    """Make the weight file of `record` of a checkpoint; nothing in it is run.

    Raises:
        PicturaError: it is no checkpoint, of another architecture or training, or has numbers that are none.
    """
    if record.origin is None:
        raise PicturaError(f"The encoder '{record.name}' comes with pictura: there is nothing to get.")
    target = check_free(store.converted_file(record), overwrite=True)
    tensors = {_rename(key): check_numbers(tensor, key, source) for key, tensor in read_tensors(source).items()}
    with torch.device("meta"):
        known = ARCHITECTURES[record.architecture]().state_dict().keys()
    kept = {key: t.float() for key, t in tensors.items() if key in known and not key.endswith(COUNTER)}
    if foreign := [key for key in tensors if key not in known and not key.startswith(CLASSIFIERS)]:
        raise PicturaError(
            f"'{source}' contains {foreign[0]!a}, which {record.architecture} does not have: '{record.name}' is made "
            f"of {record.origin.url}."
        )
    kept = _order_colours(kept, record.origin, source)
    side = target.with_name(f".{target.name}.new")
    try:
        write_atomic(side, save({key: t.contiguous() for key, t in kept.items()}), overwrite=True)
        read_network(ARCHITECTURES[record.architecture], side)
        side.replace(target)
    finally:
        side.unlink(missing_ok=True)
    return target


def _rename(key: str) -> str:
    old = _OLD_DENSENET.fullmatch(key)
    return key if old is None else old[1] + old[2]


def _order_colours(tensors: dict[str, Tensor], origin: Origin, source: Path) -> dict[str, Tensor]:
    """The first convolution for red, green, blue, as all encoders here take them; Caffe's own order is the reverse."""
    first = next((key for key in FIRST_WEIGHTS if key in tensors), None)
    if first is None or origin.energy is None:
        return tensors
    weight, wanted = tensors[first], torch.tensor(origin.energy)
    for candidate in (weight, weight.flip(1)):
        energy = candidate.square().mean((0, 2, 3)).sqrt()
        if energy.shape == wanted.shape and ((energy / wanted - 1).abs() < ENERGY_TOLERANCE).all():
            return tensors | {first: candidate}
    raise PicturaError(f"'{source}' has the right shapes but other weights: take {origin.url} ({origin.said}).")
