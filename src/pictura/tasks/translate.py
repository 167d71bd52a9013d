"""Pictures of one domain turned into another's, by whatever trained method translates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura.data.labels import LabelClasses, as_stored_numbers, read_label_map
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture, convert_like
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.tasks.abilities import models_that, open_able
from pictura.training.capabilities import Translates, check_options

MAX_STRENGTH = 2.0  # twice what was learned; far beyond it most colours are clipped


@dataclass(frozen=True)
class Translator:
    """Turns pictures into another domain's; `about` says with what, for the picture's metadata.

    classes: of the label maps that it takes, None where it takes pictures. nearest_class: see `read_label_map`.
    """

    network: Callable[[Tensor], Tensor]
    about: dict[str, Any]
    classes: LabelClasses | None = None
    nearest_class: bool = False

    def read(self, source: PictureInput) -> Picture:
        """The picture as the network is to see it: a label map in the colours that the model knows.

        Raises:
            PicturaError: it cannot be read, or a label map has classes that the model does not know.
        """
        if self.classes is None:
            return as_picture(source)
        return read_label_map(source, self.classes, nearest=self.nearest_class)

    def __call__(self, image: Tensor) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to the same in the other domain; at strength 0 the image itself."""
        return self.network(image) if self.about["strength"] else image


def translate_picture(source: PictureInput, translator: Translator) -> Any:
    """A picture of any kind, translated; of its kind and size.

    Raises:
        PicturaError: it cannot be read, or is a label map of other classes.
    """
    if translator.classes is not None:
        source = as_stored_numbers(source)
    picture = translator.read(source)
    # Under an alpha of 0 a label map has a class, too, where a picture's colours go on and mix.
    seen = picture if translator.classes is None else replace(picture, alpha=None)
    return convert_like(source, picture, translator(seen.view()))


def open_translator(
    model: str | Path | Translates,
    direction: str | None = None,
    strength: float = 1.0,
    seed: int = 0,
    *,
    nearest_class: bool = False,
    about: Mapping[str, Any] | None = None,
    name: str | None = None,
    memory: int = DEFAULT_MEMORY,
    device: str = "auto",
) -> Translator:
    """The translator of that name or path, for many pictures; everything that can be refused is refused here.

    Args:
        model: a model's name, folder or file, or an opened one.
        direction: of those that the model has, by default the first: ``A2B``, ``B2A``, or by the domains' names.
        strength: from 0, the picture itself, over 1, what was learned, to 2.
        seed: of whatever is random.
        nearest_class: whether colours of a label map that belong to no class are taken for the nearest one.
        about: what is known of an opened model, such as its labels.
        name: of an opened model, for errors and for the picture's metadata.
        memory: bytes to work in beside picture and result.
        device: auto, cpu, cuda or mps.

    Raises:
        PicturaError: there is no such model, direction or device, it does not translate, or a number is out of range.
    """
    if not 0 <= strength <= MAX_STRENGTH:  # NaN is not, either
        raise PicturaError(
            f"strength must be between 0 (the picture as it is) and {MAX_STRENGTH:g}, 1 is what was learned; "
            f"got {strength:g}."
        )
    if not 0 <= seed < 2**63:
        raise PicturaError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed}.")
    place = choose_device(device)
    method, known, told = open_able(model, Translates, "does not translate pictures", device, name, about)
    name = told["model"]
    chosen = find_direction(name, direction, method.directions, known.get("domains"))
    classes = _find_classes(name, known, backwards=chosen != method.directions[0])
    if classes is not None and strength not in (0, 1):
        raise PicturaError(
            f"The model '{name}' makes pictures of label maps, which cannot be mixed with them: the strength must be 0 "
            "or 1."
        )
    if nearest_class and classes is None:
        raise PicturaError(
            f"The model '{name}' takes no label maps in the direction {chosen}: leave nearest_class out."
        )
    given = {"strength": (strength, 1.0), "seed": (seed, 0), "memory": (memory, DEFAULT_MEMORY)}
    options: dict[str, Any] = {option: value for option, (value, usual) in given.items() if value != usual}
    check_options(told.get("method", name), options, method.translate)

    def translate(image: Tensor) -> Tensor:
        translated: Tensor = method.translate(image.to(place), direction=chosen, **options)
        return translated.to(image.device)

    told |= {"direction": chosen, "strength": strength, "seed": seed}
    return Translator(translate, told, classes, nearest_class)


def translating_models() -> list[str]:
    """The names of the shipped models that translate."""
    return models_that("translate")


def find_direction(name: str, asked: str | None, directions: Sequence[str], domains: Any = None) -> str:
    """The one of a model's directions that was meant, by default the first.

    ``A2B`` may be written a2b, AtoB, A-B, B (where it leads), or so with the domains' names instead of the letters.

    Args:
        name: the model's, for errors; that of a model called after its domains, ``summer2winter``, names A and B.
        asked: what a person wrote.
        directions: the model's own words; the second leads back.
        domains: the names of A and B, where the model tells them.

    Raises:
        PicturaError: it has no such direction; the sentence lists those it has.
    """
    if asked is None:
        return directions[0]
    spellings = {_fold(direction): direction for direction in directions}
    called = Path(name).name.split("2")
    named = called if len(called) == 2 and all(called) else directions[0].split("2")
    if isinstance(domains, (list, tuple)) and len(domains) == 2:
        named = list(domains)
    words = dict.fromkeys(directions, "")
    for pair in (("A", "B"), tuple(map(str, named))):
        if len(pair) == 2:
            for direction, (a, b) in zip(directions, (pair, pair[::-1]), strict=False):
                words[direction] = f" ({a} to {b})"
                for spelling in (f"{a}2{b}", f"{a}to{b}", a + b, b):
                    spellings.setdefault(_fold(spelling), direction)
    if (found := spellings.get(_fold(asked))) is None:
        listed = " and ".join(direction + words[direction] for direction in directions)
        raise PicturaError(f"The model '{name}' has no direction '{asked}', only {listed}: name one that it has.")
    return found


def _fold(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())


def _find_classes(name: str, known: Mapping[str, Any], *, backwards: bool) -> LabelClasses | None:
    """The classes of the side that the direction starts from, if it has label maps."""
    labels = known.get("labels")
    if not labels:
        return None
    if not isinstance(labels, dict):
        raise PicturaError(f"The labels of the model '{name}' are damaged: get it again.")
    side = "B" if backwards else "A"
    return LabelClasses.parse(labels[side], name) if side in labels else None
