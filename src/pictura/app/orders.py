"""What a person asks for, as the page sends it and the history keeps it; pictures are named by id, never by path."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]  # of a shipped model
# A shipped style, a shipped photograph whose light is taken, or a picture of the user's own.
Source = Annotated[str, Field(pattern=r"^((style|reference):[a-z0-9-]{1,40}|picture:[0-9a-f]{16})$")]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Side = Annotated[int, Field(ge=16, le=8192)]
MAX_SHARES = 4  # styles at once; more are mud


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Share(_Part):
    """One style of a painting: how much of it, or where it goes."""

    source: Source
    weight: float = Field(1.0, gt=0, le=100)
    mask: Id | None = None


class Paint(_Part):
    """A photograph in the manner of pictures, or, by the method photo, in their light."""

    kind: Literal["paint"]
    picture: Id
    shares: tuple[Share, ...] = Field(min_length=1, max_length=MAX_SHARES)
    method: Literal["adain", "johnson", "optimize", "photo"] = "adain"
    strength: float = Field(1.0, ge=0, le=1)
    style_scale: float = Field(1.0, ge=0.25, le=4)
    colours: Literal["style", "keep", "match"] = "style"
    faces: bool = True
    luma: float = Field(1.0, ge=0, le=1)
    skin: bool = True
    size: Side | None = None
    seed: Seed = 0

    @property
    def has_masks(self) -> bool:
        """Whether its styles have places instead of weights."""
        return any(share.mask for share in self.shares)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.has_masks and not all(share.mask for share in self.shares):
            raise ValueError("where one style has a mask, each has one")
        return self


class Translate(_Part):
    """A photograph into another domain's."""

    kind: Literal["translate"]
    picture: Id
    model: Name
    direction: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,40}$")] | None = None
    strength: float = Field(1.0, ge=0, le=2)
    seed: Seed = 0


class Edit(_Part):
    """Faces at another age, or with another smile."""

    kind: Literal["edit"]
    picture: Id
    age: int | None = Field(None, ge=0, le=100)
    smile: float | None = Field(None, ge=-1, le=2)
    strength: float = Field(1.0, ge=0, le=2)
    face: Annotated[int, Field(ge=1, le=99)] | Literal["all"] = "all"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.age is None and self.smile is None:
            raise ValueError("an age or a smile is to be given")
        return self


class Enlarge(_Part):
    """A picture with more pixels."""

    kind: Literal["enlarge"]
    picture: Id
    scale: int = Field(2, ge=2, le=8)
    model: Name | None = None


class Texture(_Part):
    """A new picture of what another is made of."""

    kind: Literal["texture"]
    picture: Id
    width: int = Field(512, ge=64, le=2048)
    height: int = Field(512, ge=64, le=2048)
    seed: Seed = 0


Order = Annotated[Paint | Translate | Edit | Enlarge | Texture, Field(discriminator="kind")]
_ORDER: TypeAdapter[Order] = TypeAdapter(Order)


def parse_order(text: str) -> Order:
    """An order as the history keeps it."""
    return _ORDER.validate_json(text)


def pictures_of(order: Order) -> Iterator[str]:
    """The ids of all pictures an order speaks of, that which is changed first."""
    yield order.picture
    for share in order.shares if isinstance(order, Paint) else ():
        if share.source.startswith("picture:"):
            yield share.source.removeprefix("picture:")
        if share.mask is not None:
            yield share.mask


def effort_of(order: Order) -> str:
    """Orders that take about as long a megapixel have the same word."""
    if isinstance(order, Paint):
        passes = len(order.shares) if order.has_masks else 1
        return f"{order.method}-{passes}"
    return f"enlarge-{order.scale}" if isinstance(order, Enlarge) else order.kind


# Seconds a megapixel on two cores of 2025, for the first guess; then the history knows better. benchmarks/app.py
GUESSES = {"adain": 3.0, "johnson": 1.0, "optimize": 60.0, "photo": 5.0, "translate": 3.0, "edit": 1.0, "texture": 60.0}
ENLARGE_GUESS = 10.0
START_GUESS = 0.3  # seconds that a picture takes besides: reading, writing
PAINTED_SIDE = 1024  # at which an optimization paints where no size is asked for


def megapixels_of(order: Order, width: int, height: int) -> float:
    """How much there is to compute, for a picture of that size."""
    if isinstance(order, Texture):
        return order.width * order.height / 1e6
    if isinstance(order, Paint):
        usual = PAINTED_SIDE if order.method == "optimize" else max(width, height)
        share = (order.size or min(usual, max(width, height))) / max(width, height)
        return width * height * share**2 / 1e6
    return width * height / 1e6


def guess_seconds(effort: str, megapixels: float) -> float:
    """How long it may take where nothing of the kind was made yet."""
    method, _, passes = effort.partition("-")
    factor = float(passes or 1) if method != "enlarge" else 1.0
    return START_GUESS + factor * megapixels * GUESSES.get(method, ENLARGE_GUESS)
