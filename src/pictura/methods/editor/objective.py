"""What the editor's players minimize."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.losses.adversarial import ADVERSARIAL
from pictura.losses.conditional import class_loss, pick_class
from pictura.methods.editor.settings import EditorSettings

Answers = list[Tensor]
MOVED = 0.01  # how much λ moves in a step that is off by the whole target
BOUNDS = (1e-4, 0.5)  # of λ
MISMATCHED = 0.25  # share that real pictures with a wrong class have in what D calls wrong
EDITED_CLASS = 0.5  # weight of the class loss of G's pictures, classed as what they were made of
CLASS_LAYERS = 3  # the deepest, which tell the classes: the finest see skin, not faces
BLUR = 8  # pixels over which colour is averaged
FINE = 5  # pixels over which lightness is averaged: lines are what differs from that


@dataclass(frozen=True)
class Classes:
    """Shares N×classes of a batch's classes.

    Attributes:
        right: of the real pictures.
        wrong: those that they are not of.
        wanted: of the edited ones, what they were to become.
        source: and what they were made of.
    """

    right: Tensor
    wrong: Tensor
    wanted: Tensor
    source: Tensor


def warmup_loss(answers: Answers, right: Tensor, wrong: Tensor, s: EditorSettings) -> tuple[Tensor, Tensor]:
    """D's loss before G begins, of real pictures with the right and with a wrong class; and the class loss in it."""
    known = class_loss(answers[-CLASS_LAYERS:], right)
    hinge = _hinge(pick_class(answers, right, s.gain), pick_class(answers, wrong, s.gain))
    return hinge + s.class_weight * known, known


def critic_loss(real: Answers, made: Answers, classes: Classes, s: EditorSettings) -> tuple[Tensor, Tensor]:
    """D's loss: real pictures against edited ones and against those of a wrong class; and the class loss in it."""
    called_real = pick_class(real, classes.right, s.gain)
    against_made = _hinge(called_real, pick_class(made, classes.wanted, s.gain))
    against_wrong = _hinge(called_real, pick_class(real, classes.wrong, s.gain))
    known = class_loss(real[-CLASS_LAYERS:], classes.right)
    known = known + EDITED_CLASS * class_loss(made[-CLASS_LAYERS:], classes.source)
    return torch.lerp(against_made, against_wrong, MISMATCHED) + s.class_weight * known, known


def generator_loss(made: Answers, wanted: Tensor, s: EditorSettings) -> tuple[Tensor, Tensor]:
    """What G is told by D, of the layers by their weights; and the class loss in it."""
    known = class_loss(made[-CLASS_LAYERS:], wanted)
    called = pick_class(made, wanted, s.gain)
    return ADVERSARIAL["hinge"].generator(called, list(s.layers.values())) + s.class_weight * known, known


class Hold:
    """Holds a term at a target by moving its weight λ a little every step."""

    def __init__(self, weight: float, target: float) -> None:
        self.weight, self.target = weight, target

    def move(self, term: Tensor) -> None:
        """Towards what would bring the term to its target."""
        least, greatest = BOUNDS
        moved = self.weight * math.exp(MOVED * (float(term.detach()) / self.target - 1))
        self.weight = min(greatest, max(least, moved))


def draw_wrong(c: Tensor, generator: torch.Generator) -> Tensor:
    """Shares N×classes of classes that these are not; of more than three not the neighbours either."""
    classes = c.shape[1]
    apart = 2 if classes > 3 else 1
    by = torch.randint(apart, classes - apart + 1, (len(c), 1), generator=generator).to(c.device)
    return c.gather(1, (torch.arange(classes, device=c.device) - by) % classes)


def roughness(flow: Tensor) -> Tensor:
    """Mean absolute difference of neighbours, across and down."""
    return (flow[..., 1:] - flow[..., :-1]).abs().mean() + (flow[..., 1:, :] - flow[..., :-1, :]).abs().mean()


def colour_loss(change: Tensor) -> Tensor:
    """Mean square of what is colour in a change, without what is fine."""
    blurred = F.avg_pool2d(change, BLUR)
    return (blurred - blurred.mean(1, keepdim=True)).square().mean()


def line_loss(fake: Tensor, x: Tensor) -> Tensor:
    """Mean square of what is stronger in the fine detail of a picture's lightness than in that of x.

    Many faint wrinkles cost little, a drawn line much, and nothing that is smoothed costs anything.
    """
    return (_detail(fake).abs() - _detail(x).abs()).clamp_min(0).square().mean()


def patch_critic_loss(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Least squares of the critic of patches, of pictures in [0, 1]."""
    loss: Tensor = ADVERSARIAL["least_squares"].critic(critic(2 * real - 1), critic(2 * fake - 1))
    return loss


def patch_loss(critic: nn.Module, fake: Tensor) -> Tensor:
    """What the critic of patches tells G."""
    loss: Tensor = ADVERSARIAL["least_squares"].generator(critic(2 * fake - 1))
    return loss


def _detail(x: Tensor) -> Tensor:
    """Lightness N×1×H×W without what is blurred."""
    lightness = x.mean(1, keepdim=True)
    return lightness - F.avg_pool2d(lightness, FINE, stride=1, padding=FINE // 2, count_include_pad=False)


def _hinge(real: Answers, fake: Answers) -> Tensor:
    return ADVERSARIAL["hinge"].critic(real, fake)
