"""One optimisation of pixels as a piece of an experiment: its picture, its curves, and what a judge says of it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from torch import nn

from pictura.encoders import Encoder
from pictura.encoders.files import ARCHITECTURES
from pictura.encoders.records import FAMILIES
from pictura.experiments.material import as_pixels, judge_name, judge_picture, load_material, open_judge
from pictura.experiments.pieces import Found, Piece, Work
from pictura.experiments.report import Cell
from pictura.experiments.run import Options
from pictura.methods.iterative.run import Step
from pictura.methods.iterative.settings import PRESETS, Settings
from pictura.runtime.seeds import preserve_random_state, seed_all
from pictura.tasks.optimize import open_encoder, open_optimizing

CURVE_POINTS = 120  # of a curve; more are not seen
# Ours at one scale, with the last iterate as the result, so that what is compared is all there is: no noise before the
# encoder, no average, no other picture than the one that is named to start from.
PLAIN = PRESETS["balanced"].with_changes(
    init="content", steps=(60,), smoothing=0.0, averaging=0.0, tv_weight=0.1, content_weight=0.07
)


def base_settings(options: Options) -> Settings:
    """Where an experiment's settings start: ours on the shipped encoder, or the preset `paper`, CVPR 2016."""
    return PLAIN if options.small else PRESETS["paper"]


def painting_piece(
    name: str,
    options: Options,
    changes: Mapping[str, Any],
    *,
    marks: Sequence[int] = (),
    cost: float = 1.0,
    random_weights: bool = False,
) -> Piece:
    """The optimisation with some settings changed; the pictures after `marks` steps are kept, too.

    cost: of a step, in units of the shipped encoder's; random_weights: whether the encoder that the settings name is an
    architecture whose filters are drawn, not trained.
    """
    settings = base_settings(options).with_changes(seed=options.seed).with_changes(**changes)
    material = load_material(options)
    judge = judge_name(settings.encoder)
    recipe = {
        "settings": settings.model_dump(mode="json"),
        "pictures": material.told,
        "side": options.side,
        "judge": judge,
        "marks": list(marks),
        "random weights": random_weights,
        "device": options.device,
    }
    compute = partial(
        _paint, settings=settings, options=options, judge=judge, marks=marks, random_weights=random_weights
    )
    return Piece(name, recipe, compute, cost * sum(settings.steps))


@lru_cache(maxsize=2)
def _shared_encoder(encoder: str, pooling: str, padding: str, dtype: str, device: str) -> Encoder:
    """An encoder for the pieces that follow each other with it."""
    changed = {"encoder": encoder, "pooling": pooling, "padding": padding, "dtype": dtype}
    return open_encoder(Settings(**changed), device)  # type: ignore[arg-type]


def encoder_of(settings: Settings, device: str) -> Encoder:
    """The encoder that the settings name, opened once."""
    return _shared_encoder(settings.encoder, settings.pooling, settings.padding, settings.dtype, device)


def draw_encoder(architecture: str, seed: int) -> Encoder:
    """An encoder whose filters are drawn after He et al. (ICCV 2015), so that features keep their size in depth."""
    with preserve_random_state():
        seed_all("random weights", architecture, seed)
        network = ARCHITECTURES[architecture]()
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return Encoder(network.chain(), FAMILIES["torchvision"], name=f"{architecture}, random")


def _paint(
    work: Work, *, settings: Settings, options: Options, judge: str, marks: Sequence[int], random_weights: bool
) -> Found:
    material = load_material(options)
    steps: list[Step] = []
    pictures = {}

    def follow(step: Step) -> None:
        steps.append(step)
        if step.step in marks:
            pictures[f"step {step.step}"] = as_pixels(step.picture())
        work.tell(step.step / step.steps, f"step {step.step}/{step.steps}")

    if random_weights:
        encoder = draw_encoder(settings.encoder, options.seed).to(options.device)
    else:
        encoder = encoder_of(settings, options.device)
    stylizer = open_optimizing([material.painting], [1.0], settings=settings, encoder=encoder, device=options.device)
    result = stylizer.render(material.photo, callback=follow)
    pictures["result"] = as_pixels(result)
    names = list(steps[0].losses)
    every = max(1, -(-len(steps) // CURVE_POINTS))
    shown = [step for i, step in enumerate(steps) if i % every == 0 or i == len(steps) - 1]
    curve: dict[str, list[float]] = {name: [step.losses[name] for step in shown] for name in names}
    curve |= {"step": [step.step for step in shown], "seconds": [round(step.seconds, 3) for step in shown]}
    numbers = {
        "steps": len(steps),
        "seconds": round(steps[-1].seconds, 3),
        "losses": dict(steps[-1].losses),
        "judged": judge_picture(result, material, open_judge(judge, options.device)),
        "curve": curve,
    }
    return Found(numbers, pictures)


def judged_cell(name: str, found: Found) -> Cell:
    """The result of a piece with what the judge says below it."""
    judged = found.numbers["judged"]
    return Cell(name, found.pictures["result"], f"style {judged['style']:.3f}, content {judged['content']:.3f}")
