"""Makes the contact sheets of the documentation and prints VGG-19's judgements.

    PYTHONPATH=benchmarks:recipes/translation python docs/sheets.py DATA [--only compact,gallery,textures,…]

DATA holds content/, styles/ and textures/. Finished pictures are kept in runs/sheets and not made again.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import pictura
from pictura.encoders import Encoder
from pictura.methods.iterative.settings import Settings
from pictura.models.store import read_registry
from pictura.picture import Picture
from pictura.picture.degrade import add_noise, gaussian_blur, quantize
from pictura.picture.resize import resize_longest
from pictura.picture.sheet import contact_sheet
from pictura.tasks.optimize import open_encoder

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "runs" / "sheets"
PICTURES = ROOT / "docs" / "pictures"
# (content, painting) for compact beside VGG-19.
PAIRS = (
    ("cliff-palace", "van-gogh-starry-night"),
    ("calla-plant", "kandinsky-composition-vii"),
    ("astronaut", "munch-the-scream"),
    ("yosemite-valley", "hokusai-great-wave"),
    ("farmhouse", "monet-water-lilies-1906"),
    ("tourist-and-building", "klimt-the-kiss"),
    ("dogs", "seurat-grande-jatte"),
    ("milford-sound", "cezanne-kettle-and-fruits"),
)
MORE = (
    ("hibiscus", "van-gogh-irises"),
    ("coffee", "picabia-udnie"),
    ("rocket", "van-gogh-starry-night"),
    ("grace-hopper", "picabia-edtaonisl"),
    ("butterfly", "kandinsky-composition-vii"),
    ("art-gallery-stairs", "mondrian-tableau-2"),
    ("windswept-tree", "van-gogh-wheat-field-with-cypresses"),
    ("succulent", "gauguin-three-tahitian-women"),
)
TEXTURES = ("red-peppers", "gravel", "water-caustics", "metal-prisms", "brick-pavement")
TEXTURE_SIDE = 256


# Two schedules with either encoder: from the photograph, coarse to fine, and the default's, from AdaIN's picture.
SHORT = pictura.preset("balanced")
LONG = SHORT.with_changes(preset="long", init="content", steps=(80, 60, 40, 25, 15), learning_rate=0.07, smoothing=0.1)
SETTINGS = {
    "VGG-19": LONG.with_changes(preset="long-vgg19", encoder="vgg19-caffe"),
    "compact": LONG,
    "VGG-19, short": SHORT.with_changes(preset="balanced-vgg19", encoder="vgg19-caffe"),
    "default": SHORT,
}
# AdaIN: contents down, styles across; the last two paintings are in no style of the bank and in no training.
ADAIN = (
    ("astronaut", "yosemite-valley", "dogs", "tourist-and-building", "hibiscus"),
    (
        "van-gogh-starry-night",
        "hokusai-great-wave",
        "munch-the-scream",
        "kandinsky-composition-vii",
        "seurat-grande-jatte",
        "picabia-udnie",
        "van-gogh-almond-blossoms",
        "klimt-death-and-life",
    ),
)

# Photographs and references for `photo`, without people.
GRADED = (
    ("farmhouse", "milford-sound"),
    ("milford-sound", "rocket"),
    ("dogs", "yosemite-valley"),
    ("yosemite-valley", "succulent"),
    ("coffee", "art-gallery-stairs"),
    ("building-exterior", "rocket"),
)

# Photographs for translators, and which of them are shown for which; others get all.
TRANSLATED = (
    "yosemite-valley",
    "cliff-palace",
    "tourist-and-building",
    "windswept-tree",
    "milford-sound",
    "dogs",
    "farmhouse",
    "kites-on-the-beach",
)
PORTRAITS = ("astronaut", "grace-hopper", "mill-workers-by-hine", "cat")
FACADES = ("007", "031", "055", "079", "091", "103")  # of the test pictures of CMP facades
LETTERS = "4CHMRWafkpãĜ"  # of those that were held back from training
NOISY = (("farmhouse", 0.15), ("cat", 0.1))  # and σ
BLURRED = (("farmhouse", 1.5), ("cat", 1.0))  # and radius in pixels
# Models that start from something else than those photographs.
OTHER_INPUT = ("labels2facade", "facade2labels", "font2font", "denoise", "deblur")


def painted(data: Path, content: str, style: str, settings: Settings, encoder: Encoder) -> Picture:
    """One result at 512 pixels, made or found."""
    path = KEPT / f"{settings.preset}-{content}-{style}.png"
    if not path.exists():
        sources = data / "content" / f"{content}.jpg", data / "styles" / f"{style}.jpg"
        pictura.write(pictura.stylize(*sources, settings, size=512, encoder=encoder), path)
        print(path.name, flush=True)
    return pictura.read(path)


def save(sheet: str, rows: list[list[Picture]], height: int, labels: list[list[str]]) -> None:
    pixels = contact_sheet([[p.pixels for p in row] for row in rows], labels, height=height)
    pictura.write(Picture.of(pixels), PICTURES / f"{sheet}.jpg", overwrite=True, quality=72)


def compact(data: Path) -> None:
    """Photograph, painting, VGG-19, compact; and the table of judgements."""
    from judge import Judge

    judge, rows = Judge(), []
    encoders = {name: open_encoder(s) for name, s in SETTINGS.items()}
    totals: dict[str, list[tuple[float, float]]] = {name: [] for name in SETTINGS}
    print(f"| photograph, painting | {' | '.join([*SETTINGS] * 2)} |")
    print("| --- " * (1 + 2 * len(SETTINGS)) + "|")
    for content, style in PAIRS:
        photo, paint = (pictura.read(data / p) for p in (f"content/{content}.jpg", f"styles/{style}.jpg"))
        results = {name: painted(data, content, style, s, encoders[name]) for name, s in SETTINGS.items()}
        for name, result in results.items():
            totals[name].append(judge(result.tensor(), photo.tensor(), paint.tensor()))
        said = [totals[name][-1][i] for i in (0, 1) for name in SETTINGS]
        print(f"| {content}, {style} | {' | '.join(f'{value:.3f}' for value in said)} |", flush=True)
        rows.append([photo, paint, results["VGG-19, short"], results["default"]])
    means = {name: [sum(column) / len(PAIRS) for column in zip(*totals[name], strict=True)] for name in SETTINGS}
    said = [means[name][i] for i in (0, 1) for name in SETTINGS]
    print(f"| **mean** | {' | '.join(f'{value:.3f}' for value in said)} |\n")
    for theirs, ours in (("VGG-19", "compact"), ("VGG-19, short", "default")):
        style, content = (b / a for a, b in zip(means[theirs], means[ours], strict=True))
        print(f"{ours}: style {style:.2f} times, content {content:.2f} times that of {theirs}")
    labels = ["photograph", "painting", "VGG-19", "compact"]
    save("compact-vs-vgg19", [a + b for a, b in pairwise(rows)], 185, [labels * 2] * ((len(rows) + 1) // 2))


def pairwise(rows: list[list[Picture]]) -> list[tuple[list[Picture], list[Picture]]]:
    """Two rows beside each other; the last may stand alone."""
    return [(rows[i], rows[i + 1] if i + 1 < len(rows) else []) for i in range(0, len(rows), 2)]


def gallery(data: Path) -> None:
    """Eight more pairs by the default."""
    balanced = pictura.preset("balanced")
    encoder, rows = open_encoder(balanced), []
    for content, style in MORE:
        photo, paint = (pictura.read(data / p) for p in (f"content/{content}.jpg", f"styles/{style}.jpg"))
        rows.append([photo, paint, painted(data, content, style, balanced, encoder)])
    save("gallery", [a + b for a, b in pairwise(rows)], 195, [["photograph", "painting", "result"] * 2] * 4)


def textures(data: Path) -> None:
    """Exemplars above what is made of them."""
    encoder, rows = open_encoder(pictura.preset("texture")), [[], []]
    for name in TEXTURES:
        exemplar = pictura.read(data / "textures" / f"{name}.jpg").tensor()
        exemplar = resize_longest(exemplar, TEXTURE_SIDE)
        path = KEPT / f"texture-{name}.png"
        if not path.exists():
            made = pictura.synthesize(exemplar, (TEXTURE_SIDE, TEXTURE_SIDE), encoder=encoder)
            pictura.write(Picture.of(made), path)
        rows[0].append(Picture.of(exemplar))
        rows[1].append(pictura.read(path))
    save("textures", rows, TEXTURE_SIDE, [list(TEXTURES), ["made"] * len(TEXTURES)])


def adain(data: Path) -> None:
    """Five contents in eight styles by one pass each."""
    contents, styles = ADAIN
    model = pictura.load("adain")
    paintings = [data / "styles" / f"{style}.jpg" for style in styles]
    rows = [[Picture.of(torch.ones(1, 3, 512, 512)), *(pictura.read(data / "styles" / f"{s}.jpg") for s in styles)]]
    for content in contents:
        photo = pictura.read(data / "content" / f"{content}.jpg")
        rows.append([photo, *(model.stylize(photo, painting, size=512) for painting in paintings)])
    cut = [[square(picture) for picture in row] for row in rows]
    save("adain", cut, 155, [["", *(style.split("-", 1)[1] for style in styles)]] + [[""] * 9] * len(contents))


def translation(data: Path) -> None:
    """Every shipped translator: photographs, or label maps, beside what it makes of them."""
    for name in shipped_translators():
        rows, model = [], pictura.load(name)
        for content in PORTRAITS if name == "photo2sketch" else TRANSLATED:
            photo = pictura.read(data / "content" / f"{content}.jpg")
            photo = Picture.of(resize_longest(photo.tensor(), 768))
            rows.append([square(photo), square(model.translate(photo))])
        save(name, [a + b for a, b in pairwise(rows)], 300, [["photograph", name] * 2] * ((len(rows) + 1) // 2))
    restored(data)
    facades = data / "translation" / "facades"
    for name, what, given in (
        ("labels2facade", "labels", [facades / "testB" / f"{number}.png" for number in FACADES]),
        ("facade2labels", "facade", [facades / "testA" / f"{number}.jpg" for number in FACADES]),
    ):
        model = pictura.load(name)
        rows = [[pictura.read(one) for one in given], [model.translate(one) for one in given]]
        save(name, rows, 256, [[what] * len(given), [name] * len(given)])
    letters()


def letters() -> None:
    """Letters of one font, what font2font makes of them, and those of the other font."""
    import matplotlib
    from glyphs import draw, open_font

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    first, second = (open_font(fonts / f"DejaVu{name}.ttf") for name in ("Sans", "Serif-BoldItalic"))
    model = pictura.load("font2font")
    given, true = ([Picture.of(np.asarray(draw(font, letter))) for letter in LETTERS] for font in (first, second))
    rows = [given, [model.translate(one) for one in given], true]
    save("font2font", rows, 64, [[""] * len(LETTERS)] * 3)


def restored(data: Path) -> None:
    """Crops with noise, and with blur, beside what the models give back."""
    for name, what, crops, spoil in (
        (
            "denoise",
            "noise",
            NOISY,
            lambda crop, σ: add_noise(crop, torch.tensor([σ]), torch.Generator().manual_seed(0)),
        ),
        ("deblur", "blur", BLURRED, gaussian_blur),
    ):
        model, row, labels = pictura.load(name), [], []
        for content, sigma in crops:
            photo = pictura.read(data / "content" / f"{content}.jpg").tensor()
            crop = resize_longest(photo, 600)[..., :400, :480]
            spoilt = Picture.of(quantize(spoil(crop, sigma)))
            row += [spoilt, model.translate(spoilt)]
            labels += [f"{what} of {sigma:g}", name]
        save(name, [row], 300, [labels])


def shipped_translators() -> list[str]:
    """Names of the models that come with pictura and take photographs to pictures of the same size."""
    return [name for name in read_registry() if name not in OTHER_INPUT and "translate" in pictura.load(name).can]


def square(picture: Picture) -> Picture:
    """The middle of it."""
    height, width = picture.size
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return Picture.of(picture.pixels[top : top + side, left : left + side])


def photo(data: Path) -> None:
    """Photographs in the colours of others: by WCT², by the closed form, and by the network."""
    rows = []
    for content, style in GRADED:
        pair = [pictura.read(data / "content" / f"{name}.jpg") for name in (content, style)]
        made = [pictura.stylize(*pair, method="wct2", size=512)]
        made += [pictura.stylize(*pair, method="photo", model=model, size=768) for model in ("mk", None)]
        rows.append([square(picture) for picture in (*pair, *made)])
    labels = ["photograph", "reference", "wct2", "closed form", "network"]
    save("photo", rows, 260, [labels] * len(rows))


SHEETS = {
    "compact": compact,
    "gallery": gallery,
    "textures": textures,
    "adain": adain,
    "translation": translation,
    "photo": photo,
}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=Path)
    p.add_argument("--only", default=",".join(SHEETS))
    a = p.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in a.only.split(","):
        SHEETS[name](a.data)


if __name__ == "__main__":
    main()
