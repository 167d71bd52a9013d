"""A `Model`: a trained method in a person's hands, opened once for many pictures and threads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Unpack, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture
from pictura.runtime.arguments import check_arguments
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.tasks.editor import edit_picture, open_editor
from pictura.tasks.enlarge import enlarge_picture, open_enlarger
from pictura.tasks.keywords import ModelEditKeywords, ModelKeywords, ModelTranslateKeywords, accept_words
from pictura.tasks.load import open_pretrained
from pictura.tasks.sample import Interpolator, interpolate_pictures, open_interpolator, open_sampler
from pictura.tasks.stylize import mask_tensor, mask_tensors, open_stylizer, stylize_picture
from pictura.tasks.translate import open_translator, translate_picture
from pictura.training.capabilities import (
    Edits,
    Encodes,
    Enlarges,
    Generates,
    Segments,
    Stylizes,
    Translates,
    capabilities_of,
)
from pictura.training.method import Method

Number = TypeVar("Number", bound=np.generic)


class Model:
    """What `pictura.load` gives.

    Attributes:
        name: what it was loaded by.
        method: the trained method, for those who want tensors.
        device: where it computes: auto, cpu, cuda or mps.
        can: what it can do, in verbs: ``("stylize",)``, ``("enlarge",)``, ``("translate",)``, ``("sample", "encode")``,
            ``("edit",)``, ``("segment",)``.
        about: what is known of it, for people: title, data, licence, step.
    """

    def __init__(self, name: str, method: Method, device: str, about: Mapping[str, Any] | None = None) -> None:
        self.name, self.method, self.device, self.about = name, method, device, dict(about or {})
        self.can = capabilities_of(method)

    def __repr__(self) -> str:
        return f"<Model '{self.name}' of the method {self.method.name}: {', '.join(self.can)}>"

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles it was trained for; empty where it takes any, or paints none."""
        return self.method.style_names if isinstance(self.method, Stylizes) else ()

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions in which it translates, the first by default; empty where it does not."""
        return self.method.directions if isinstance(self.method, Translates) else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """What its samples can be asked to show; empty where they have no labels, or it makes none."""
        return self.method.labels if isinstance(self.method, Generates) else ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """What it changes in a face; empty where it edits none."""
        return self.method.attributes if isinstance(self.method, Edits) else ()

    @property
    def classes(self) -> dict[str, tuple[int, int, int]]:
        """Name → colour of the classes that it finds, in the order of their numbers; empty where it finds none."""
        return dict(self.method.classes) if isinstance(self.method, Segments) else {}

    @overload
    def stylize(self, content: str | Path | Picture, style: Any, **options: Unpack[ModelKeywords]) -> Picture: ...
    @overload
    def stylize(self, content: Image.Image, style: Any, **options: Unpack[ModelKeywords]) -> Image.Image: ...
    @overload
    def stylize(self, content: NDArray[Number], style: Any, **options: Unpack[ModelKeywords]) -> NDArray[Number]: ...
    @overload
    def stylize(self, content: Tensor, style: Any, **options: Unpack[ModelKeywords]) -> Tensor: ...
    @accept_words
    @check_arguments
    def stylize(
        self,
        content: PictureInput,
        style: Any,
        *,
        size: int | None = None,
        style_weights: Sequence[float] | None = None,
        masks: Sequence[PictureInput] = (),
        style_masks: Sequence[PictureInput] = (),
        keep_colours: bool = False,
        match_colours: bool = False,
        protect: PictureInput | None = None,
        faces: bool = True,
        strength: float = 1.0,
        style_scale: float = 1.0,
        luma: float = 1.0,
        skin: bool = True,
        memory: int = DEFAULT_MEMORY,
    ) -> Any:
        """Paint a picture in one pass; arguments and result as in `pictura.stylize`.

        Raises:
            PicturaError: this model does not stylize, or something given cannot be used.
        """
        stylizer = open_stylizer(
            self._check(Stylizes, "stylize").name,
            style if isinstance(style, (list, tuple)) else [style],
            style_weights,
            masks=mask_tensors(masks),
            style_masks=mask_tensors(style_masks),
            keep_colours=keep_colours,
            match_colours=match_colours,
            protect=None if protect is None else mask_tensor(protect),
            faces=faces,
            device=self.device,
            model=self.method,
            strength=strength,
            style_scale=style_scale,
            luma=luma,
            skin=skin,
            memory=memory,
        )
        return stylize_picture(content, stylizer, size=size)

    @overload
    def upscale(self, picture: str | Path | Picture, scale: int | None = None, *, memory: int = ...) -> Picture: ...
    @overload
    def upscale(self, picture: Image.Image, scale: int | None = None, *, memory: int = ...) -> Image.Image: ...
    @overload
    def upscale(self, picture: NDArray[Number], scale: int | None = None, *, memory: int = ...) -> NDArray[Number]: ...
    @overload
    def upscale(self, picture: Tensor, scale: int | None = None, *, memory: int = ...) -> Tensor: ...
    @check_arguments
    def upscale(self, picture: PictureInput, scale: int | None = None, *, memory: int = DEFAULT_MEMORY) -> Any:
        """Enlarge a picture, by default as much as the model does; result as in `pictura.upscale`.

        Raises:
            PicturaError: this model does not enlarge, or enlarges less than `scale` times.
        """
        method = self._check(Enlarges, "enlarge")
        enlarger = open_enlarger(method, scale or method.factor, memory=memory, device=self.device)
        return enlarge_picture(picture, enlarger)

    @overload
    def translate(self, picture: str | Path | Picture, **options: Unpack[ModelTranslateKeywords]) -> Picture: ...
    @overload
    def translate(self, picture: Image.Image, **options: Unpack[ModelTranslateKeywords]) -> Image.Image: ...
    @overload
    def translate(self, picture: NDArray[Number], **options: Unpack[ModelTranslateKeywords]) -> NDArray[Number]: ...
    @overload
    def translate(self, picture: Tensor, **options: Unpack[ModelTranslateKeywords]) -> Tensor: ...
    @check_arguments
    def translate(
        self,
        picture: PictureInput,
        *,
        direction: str | None = None,
        strength: float = 1.0,
        seed: int = 0,
        nearest_class: bool = False,
        memory: int = DEFAULT_MEMORY,
    ) -> Any:
        """Turn a picture into the other domain's; arguments and result as in `pictura.translate`.

        Raises:
            PicturaError: this model does not translate, or something given cannot be used.
        """
        translator = open_translator(
            self._check(Translates, "translate"),
            direction,
            strength,
            seed,
            nearest_class=nearest_class,
            about=self.about,
            name=self.name,
            memory=memory,
            device=self.device,
        )
        return translate_picture(picture, translator)

    @check_arguments
    def sample(self, count: int = 64, *, label: str | int | None = None, seed: int = 0) -> list[Picture]:
        """Make new pictures; arguments and result as in `pictura.sample`.

        Raises:
            PicturaError: this model does not sample, or something given cannot be used.
        """
        method = self._check(Generates, "sample")
        return open_sampler(method, count, label, seed, name=self.name, about=self.about, device=self.device)(count)

    @check_arguments
    def interpolate(self, first: PictureInput, last: PictureInput, *, steps: int = 8) -> list[Picture]:
        """What lies between two pictures; arguments and result as in `pictura.interpolate`.

        Raises:
            PicturaError: this model does not encode, or something given cannot be used.
        """
        return interpolate_pictures(first, last, self._interpolator(steps))

    @check_arguments
    def encode(self, picture: PictureInput) -> Tensor:
        """The code 1×Z of a picture of any kind and size, on the CPU.

        Raises:
            PicturaError: this model does not encode, or it is no picture.
        """
        return self._interpolator().encode(as_picture(picture))

    def decode(self, codes: Tensor | NDArray[Number]) -> list[Picture]:
        """The pictures of codes N×Z, as `encode` gives them.

        Raises:
            PicturaError: this model does not encode, or these are no codes of it.
        """
        return self._interpolator().decode(torch.as_tensor(codes, dtype=torch.float32))

    @overload
    def edit(self, picture: str | Path | Picture, **options: Unpack[ModelEditKeywords]) -> Picture: ...
    @overload
    def edit(self, picture: Image.Image, **options: Unpack[ModelEditKeywords]) -> Image.Image: ...
    @overload
    def edit(self, picture: NDArray[Number], **options: Unpack[ModelEditKeywords]) -> NDArray[Number]: ...
    @overload
    def edit(self, picture: Tensor, **options: Unpack[ModelEditKeywords]) -> Tensor: ...
    @check_arguments
    def edit(
        self,
        picture: PictureInput,
        *,
        age: float | str | None = None,
        attributes: Mapping[str, float] | None = None,
        strength: float = 1.0,
        face: int | str | None = None,
        aligned: bool = False,
        examples: str | Path | None = None,
    ) -> Any:
        """Change a face in a picture; arguments and result as in `pictura.edit`.

        Raises:
            PicturaError: this model does not edit, or something given cannot be used.
        """
        editor = open_editor(
            self._check(Edits, "edit") if examples is None else self._check(Encodes, "encode"),
            age=age,
            attributes=attributes,
            strength=strength,
            face=face,
            aligned=aligned,
            examples=examples,
            about=self.about,
            name=self.name,
            device=self.device,
        )
        return edit_picture(picture, editor)

    @check_arguments
    def segment(self, picture: PictureInput) -> NDArray[np.int64]:
        """The number of the class of each pixel of a picture of any kind, H×W; `classes` tells the classes.

        Raises:
            PicturaError: this model does not segment, or it is no picture.
        """
        method = self._check(Segments, "segment")
        x = as_picture(picture).tensor().to(choose_device(self.device))
        numbers: NDArray[np.int64] = method.segment(x).cpu().numpy()
        return numbers

    def _interpolator(self, steps: int = 8) -> Interpolator:
        method = self._check(Encodes, "encode")
        return open_interpolator(method, steps, name=self.name, about=self.about, device=self.device)

    def _check(self, capability: type, verb: str) -> Any:
        if not isinstance(self.method, capability):
            raise PicturaError(f"The model '{self.name}' cannot {verb}; it can {', '.join(self.can) or 'do nothing'}.")
        return self.method


@check_arguments
def load(model: str | Path, *, device: str = "auto") -> Model:
    """A trained model for many pictures: a shipped name (``adain``), a folder, a file, or ``owner/name@commit``.

    Raises:
        PicturaError: there is no such model or device, or it is damaged.
    """
    method, about = open_pretrained(model, device=device)
    return Model(str(model), method, device, about)
