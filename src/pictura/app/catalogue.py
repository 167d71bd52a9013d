"""The gallery: a card for each thing the package can do, with the order that a click on it begins."""

from typing import Any

from pictura.app.commands import AGE, SMILE, reference_names
from pictura.app.making import enlarging_models
from pictura.models.store import bundled_models
from pictura.style import Style, style_names
from pictura.style.sources import load_bundled_style
from pictura.tasks.abilities import models_that
from pictura.tasks.attributes import find_attribute
from pictura.tasks.feed_forward import DEFAULT_MODELS, PHOTO_MODELS
from pictura.tasks.load import open_pretrained
from pictura.tasks.translate import open_translator
from pictura.training.capabilities import Edits, Stylizes, Translates

GROUPS = {
    "paint": "Paintings",
    "light": "Light",
    "turn": "Turn into",
    "face": "Faces",
    "large": "Larger",
    "quick": "Fast painters",
    "more": "Textures",
}
# What a model is called on its card, in a child's words; one that is not here has its own title.
CARDS = {
    "photo2vangogh": ("Van Gogh's brush", "repaints the photo as he painted", "painting vincent oil"),
    "photo2ukiyoe": ("Woodblock print", "prints the photo as in old Japan", "ukiyo-e japanese hokusai hiroshige"),
    "day2night": ("Night", "turns the day into night", "dark evening lamps moon"),
    "photo2sketch": ("Pencil drawing", "draws the photo with a pencil", "sketch graphite portrait"),
    "labels2facade": ("A house from a plan", "builds a house front from coloured boxes", "label map facade"),
    "facade2labels": ("The plan of a house", "colours its walls, windows and doors", "facade label map"),
    "font2font": ("Another typeface", "letters with serifs, bold and slanted", "font glyph letter type"),
    "deblur": ("Sharper", "sharpens a photo out of focus", "deblur sharpen focus restore"),
    "denoise": ("Without grain", "takes the noise out of a dark photo", "denoise clean restore"),
}
REFERENCES = {
    "blue-night": ("Blue night", "lamps under a dark sky", "dusk evening rocket"),
    "warm-wood": ("Warm wood", "brown and red", "coffee cosy"),
    "soft-window": ("Soft window", "light from behind", "gentle pale"),
    "clear-morning": ("Clear morning", "blue sky", "sun day building"),
    "dark-red": ("Dark red", "a flower in the night", "hibiscus deep"),
    "old-print": ("Old print", "faded green and grey", "flowers vintage botanical"),
    "black-and-white": ("Black and white", "an old photograph", "grey monochrome stone"),
}
# The first cards that a newcomer sees: looks that are told apart at a glance.
FIRST = (
    "starry-night",
    "great-wave",
    "the-scream",
    "the-kiss",
    "sunflowers",
    "udnie",
    "water-lilies",
    "composition-vii",
)
Card = dict[str, Any]


def list_looks() -> list[Card]:
    """All cards: id, group, title, about (a second line), words (more to search by), order (what the page sends)."""
    cards = [*_paintings(), *_references(), *_translations(), *_faces(), *_enlargers(), *_trained_styles(), _texture()]
    return [card | {"where": GROUPS[card["group"]]} for card in cards]


def _card(id_: str, group: str, title: str, about: str, words: str, **order: Any) -> Card:
    return {"id": id_, "group": group, "title": title, "about": about, "words": words, "order": order}


def _describe(name: str) -> tuple[str, str, str]:
    style: Style = load_bundled_style(name)
    told = {key: str(style.about.get(key, "")) for key in ("title", "painter", "year")}
    return told["title"].split(" / ")[0].split(" (")[0], told["painter"], told["year"]


def _paintings() -> list[Card]:
    cards = []
    names = style_names()
    for name in [*(name for name in FIRST if name in names), *(name for name in names if name not in FIRST)]:
        title, painter, year = _describe(name)
        order: dict[str, Any] = {"kind": "paint", "method": "adain", "shares": [{"source": f"style:{name}"}]}
        cards.append(_card(name, "paint", title, painter, f"{name} {year}", **order))
    return cards


def _trained_styles() -> list[Card]:
    """Networks that know a few paintings only, and those well."""
    cards = []
    for method, model in DEFAULT_MODELS.items():
        opened, _ = open_pretrained(model)
        for name in opened.style_names if isinstance(opened, Stylizes) else ():
            title, painter, _ = _describe(name) if name in style_names() else (name, "", "")
            order: dict[str, Any] = {"kind": "paint", "method": method, "shares": [{"source": f"style:{name}"}]}
            cards.append(_card(f"{name}-{method}", "quick", title, painter, f"{name} fast", **order))
    return cards


def _references() -> list[Card]:
    method = next(iter(PHOTO_MODELS))
    cards = []
    for name in reference_names():
        title, about, words = REFERENCES.get(name, (name.replace("-", " ").capitalize(), "", ""))
        order: dict[str, Any] = {"kind": "paint", "method": method, "shares": [{"source": f"reference:{name}"}]}
        cards.append(_card(name, "light", title, about, f"{words} colours mood photo", **order))
    return cards


def _translations() -> list[Card]:
    cards = []
    for name in models_that("translate"):
        method, _ = open_pretrained(name)
        directions = method.directions if isinstance(method, Translates) else ()
        title, about, words = CARDS.get(name, (bundled_models()[name].title, "", ""))
        for direction in directions:
            first = direction == directions[0]
            order = {"kind": "translate", "model": name} | ({} if first else {"direction": direction})
            id_, shown = (name, title) if first else (f"{name}-{direction.lower()}", f"{title}, backwards")
            card = _card(id_, "turn", shown, about, f"{name} {words}", **order)
            # What starts from a plan is no photograph that a slider could mix with.
            classes = open_translator(name, order.get("direction")).classes
            cards.append(card | {"mixes": classes is None})
    return cards


def _faces() -> list[Card]:
    known = {name for model in models_that("edit") for name in _attributes(model)}
    cards = []
    if find_attribute(SMILE, known):
        cards.append(_card("smile", "face", "Smile", "more of it, or less", "happy laugh face", kind="edit", smile=1.0))
    if find_attribute(AGE, known):
        cards.append(_card("older", "face", "Older", "how will I look?", "age old face", kind="edit", age=65))
        cards.append(_card("younger", "face", "Younger", "as I was", "age young face", kind="edit", age=20))
    return cards


def _attributes(model: str) -> tuple[str, ...]:
    method, _ = open_pretrained(model)
    return method.attributes if isinstance(method, Edits) else ()


def _enlargers() -> list[Card]:
    cards, models = [], enlarging_models()
    largest = max((factor for _, factor in models), default=0)
    for scale in (2, 4, 8):
        if scale <= largest:
            about, words = f"{scale} times as wide and high", f"enlarge upscale bigger resolution x{scale}"
            cards.append(_card(f"x{scale}", "large", f"×{scale}", about, words, kind="enlarge", scale=scale))
    return cards


def _texture() -> Card:
    about = "more of what is in the picture"
    return _card("texture", "more", "Texture", about, "pattern tile synthesize", kind="texture")
