"""Directions in a model's space of codes, learned from labelled pictures: what a code moves along to smile.

Larsen et al. 2016 (arXiv 1512.09300, section 4.2) take the mean code of the pictures with an attribute minus that of
those without. Attributes go together: those who smile are more often young, so that this difference also makes young.
Here all are fitted at once by least squares, code ≈ b + Σ y_k d_k for labels y_k of 0 and 1: d_k is what attribute k
changes while the others stay. Of a single attribute it is the difference of the means.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from pictura.data import DataSettings, open_data
from pictura.data.labelled import attribute_columns
from pictura.data.source import DataSet
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import Encodes

BATCH = 64  # pictures that are encoded at once
DEFAULT_SIDE = 64  # of the pictures that are read, for a model that does not say its own
TOGETHER = 1e-3  # share of an attribute that the others do not explain, below which it cannot be told from them


def learn_directions(
    method: Encodes, data: str | Path, settings: DataSettings | None = None, *, device: str | torch.device = "cpu"
) -> dict[str, Tensor]:
    """Attribute → direction Z: a code plus the direction has the attribute, one minus it has lost it.

    A label of 0 and 1 (or -1 and 1) is an attribute of its name: all such columns of a table, unless `settings.labels`
    chooses. Of a label with other values, such as the folders of a set, each value is an attribute:
    those pictures against the rest.

    Args:
        method: a trained one, in eval mode on the device.
        data: a folder for each value, or with a .csv table; see `pictura.data.open_data`, kind "labelled".
        settings: how the data are read; they are not mirrored in any case.

    Raises:
        PicturaError: there are no labels, no pictures with an attribute or without it, or two attributes that always
            go together.
    """
    own = getattr(getattr(method, "settings", None), "size", DEFAULT_SIDE)
    chosen = (settings or DataSettings()).model_copy(update={"mirror": False, "scale": (1.0, 1.0)})
    source = open_data(data, "labelled", int(own), settings=_choose_labels(Path(data), chosen))
    attributes = find_attributes(source)
    codes = _encode_all(method, source, torch.device(device))
    return fit_directions(codes, attributes)


def fit_directions(codes: Tensor, attributes: dict[str, tuple[str, Tensor]]) -> dict[str, Tensor]:
    """The d_k of codes N×Z.

    Args:
        codes: of all pictures.
        attributes: name → (the label it belongs to, N of 0 and 1). Values of one label exclude each other, so each is
            fitted beside the attributes of the other labels only.

    Raises:
        PicturaError: an attribute that none or all have, or that others explain.
    """
    directions = {}
    for name, (label, has) in attributes.items():
        has = has.double()
        if not 0 < float(has.mean()) < 1:
            raise PicturaError(
                f"The attribute '{name}' cannot be learned, because {'all' if has.any() else 'none'} of the pictures "
                "have it: add others."
            )
        others = [value.double() for other, value in attributes.values() if other != label]
        beside = torch.stack([torch.ones_like(has), *others], 1)
        # Least squares on all together: first what the others explain is taken away, then the rest is fitted alone
        # (Frisch, Waugh and Lovell).
        rest = has - beside @ torch.linalg.lstsq(beside, has[:, None], driver="gelsd").solution[:, 0]
        if float(rest.square().mean()) < TOGETHER * float(has.var(correction=0)):
            raise PicturaError(
                f"The attribute '{name}' goes together with the others in all pictures, so that it cannot be told from "
                "them: add pictures where it does not, or leave one out with labels."
            )
        directions[name] = (rest @ codes.double() / rest.square().sum()).float()
    return directions


def find_attributes(source: DataSet) -> dict[str, tuple[str, Tensor]]:
    """Name → (its label, N of 0 and 1), in the order of the labels."""
    columns = torch.tensor(source.part.labels).T
    found: dict[str, tuple[str, Tensor]] = {}
    for (label, names), column in zip(source.classes.items(), columns, strict=True):
        values = sorted(set(column.tolist()))
        if not names and set(values) <= {-1, 0, 1} and len(values) <= 2:
            found[label] = (label, column == 1)
            continue
        for value in values:
            found[names[value] if names else str(value)] = (label, column == value)
    return found


def _choose_labels(data: Path, settings: DataSettings) -> DataSettings:
    """All columns of a table that say yes or no, where none were chosen."""
    if settings.labels or settings.pattern is not None:
        return settings
    return settings.model_copy(update={"labels": attribute_columns(data, settings)})


def _encode_all(method: Encodes, source: DataSet, device: torch.device) -> Tensor:
    """N×Z on the CPU."""
    draws, codes = torch.Generator().manual_seed(0), []
    for first in range(0, len(source), BATCH):
        indices: Sequence[int] = range(first, min(first + BATCH, len(source)))
        images = torch.stack([source.sample(i, draws)["image"] for i in indices])
        with torch.inference_mode():
            codes.append(method.encode(images.to(device)).cpu())
    return torch.cat(codes)
