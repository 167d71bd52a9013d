"""An encoder by name."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import get_args

from safetensors.torch import load_file

from pictura.encoders import files, store
from pictura.encoders.encoder import Encoder
from pictura.encoders.files import ARCHITECTURES
from pictura.encoders.layers import Pooling
from pictura.encoders.normalize import normalize_filters
from pictura.encoders.records import FAMILIES, RECORDS, Family, Padding, Weights
from pictura.networks.compact import Compact
from pictura.runtime.device import DTYPES, DType, default_dtype
from pictura.runtime.downloads import open_safetensors
from pictura.runtime.errors import PicturaError, did_you_mean

BATCH_NORM_WARNING = "style losses fail on VGG with batch norm: its shifts change how sparse the features are"


def load_encoder(
    name: str = "compact",
    *,
    weights: Path | str | None = None,
    family: Family | None = None,
    pooling: Pooling = "max",
    padding: Padding | None = None,
    dtype: DType | None = None,
    device: str = "cpu",
) -> Encoder:
    """The encoder `name`, ready to use: one of the known weights, or an architecture with `weights` of your own.

    `weights` is a safetensors file with torchvision's key names. Its preprocessing is `family`, else that of the
    known weights with this name or this file name, else what its metadata says under ``family``, else
    ``torchvision``. The SHA-256 of a file of your own is not checked.
    `padding` is by default what the weights were trained with; `dtype` what is fastest on the processor.
    Known weights that are not on this disk are downloaded; nothing else touches the network.

    Raises PicturaError for an unknown name or setting, and for a file that is missing, wrong or incomplete.
    """
    _check_choice("pooling", pooling, get_args(Pooling))
    _check_choice("padding", padding, get_args(Padding))
    _check_choice("dtype", dtype, DTYPES)
    _check_choice("family", family, FAMILIES)
    record = _find_record(name) if weights is None else _describe_file(name, Path(weights))
    if family not in (None, record.family):
        record = replace(record, family=family, scales={})
    path = store.fetch_weights(record) if weights is None else Path(weights)
    network, chain = files.read_network(ARCHITECTURES[record.architecture], path)
    if record.means:
        normalize_filters(chain, load_file(store.PACKAGE_FOLDER / record.means))
    encoder = Encoder(
        chain,
        FAMILIES[record.family],
        name=record.name,
        heads=dict(network.heads.items()) if isinstance(network, Compact) else None,
        pooling=pooling,
        padding=padding or record.padding,
        dtype=dtype or default_dtype(device),
        scales=record.scales if pooling == "max" else None,  # they were measured with it
        warning=BATCH_NORM_WARNING if record.architecture.endswith("_bn") else "",
    )
    return encoder.to(device)


def _check_choice(setting: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        raise PicturaError(f"There is no {setting} '{value}', only {', '.join(known)}.{did_you_mean(value, known)}")


def _find_record(name: str) -> Weights:
    """The known weights called `name`."""
    if name in RECORDS:
        return RECORDS[name]
    if name in ARCHITECTURES:
        ready = [record.name for record in RECORDS.values() if record.architecture == name]
        instead = f", or choose {' or '.join(ready)}" if ready else ""
        raise PicturaError(f"'{name}' is an architecture without weights: give a file with weights=…{instead}.")
    raise PicturaError(f"There is no encoder '{name}', only {', '.join(RECORDS)}.{did_you_mean(name, RECORDS)}")


def _describe_file(name: str, path: Path) -> Weights:
    """What is to be believed of a user's own file at `path` for the weights or architecture `name`."""
    if name in RECORDS or name not in ARCHITECTURES:
        return _find_record(name)
    for record in RECORDS.values():
        if (record.architecture, record.filename) == (name, path.name):
            return record
    with open_safetensors(path) as file:
        family = (file.metadata() or {}).get("family", "torchvision")
    _check_choice("family", family, FAMILIES)
    return Weights(name, name, family, path.name, licence="unknown", note="a file of your own")
