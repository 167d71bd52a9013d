"""Teach the student where the teacher would push the pixels.

Optimisation never sees responses, only slopes: for a deep layer the student may explain two thirds of the teacher's
responses and yet pull the picture elsewhere. So the teacher's pull v on a layer's coordinates (towards a painting's
Gaussian, or another picture's content) is carried down to the pixels, J_Tᵀ v, and the student's J_Sᵀ v is asked to
point the same way. The same v for both, so only the networks are compared, not their statistics.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pictura.losses.moments import moments
from pictura.losses.wasserstein import WassersteinLoss
from student import Student
from teacher import Basis

# Shallow layers agree already (cosines 0.99 and 0.94 without this lesson).
LAYERS = ("relu3_1", "relu4_1", "relu4_2", "relu5_1")
BLUR = 4  # pixels; what is finer is each network's own quirk, and smoothing takes it out of a picture


def pull(layer: str, coordinates: Tensor, towards: Tensor) -> Tensor:
    """The slope of the layer's loss with respect to its coordinates 1×k×H×W; content at relu4_2, style elsewhere."""
    if layer == "relu4_2":
        return coordinates - towards
    target = WassersteinLoss(*moments(towards))
    leaf = coordinates.detach().clone().requires_grad_()
    return torch.autograd.grad(target(*moments(leaf)), leaf)[0]


def lesson(basis: Basis, x: Tensor, layer: str, towards: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """The teacher's answers to x, 1×3×H×W, its pull on `layer` and the pull's slope at the pixels, blurred."""
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        answers = basis(x)
        v = pull(layer, answers[layer].detach().float(), towards.float())
        v = v / v.norm()
        (slope,) = torch.autograd.grad(answers[layer], x, v.to(answers[layer].dtype))
    slope = F.avg_pool2d(slope, BLUR)
    return {n: a.detach() for n, a in answers.items()}, v.bfloat16(), (slope / slope.norm()).bfloat16()


def disagreement(student: Student, x: Tensor, layer: str, v: Tensor, slope: Tensor) -> Tensor:
    """Mean of 1 - cosine between the student's slope and the teacher's, for B pictures."""
    x = x.clone().requires_grad_()
    said = student(x)[layer]
    (mine,) = torch.autograd.grad(said, x, v.to(said.dtype), create_graph=True)
    mine = F.avg_pool2d(mine.float(), BLUR).flatten(1)
    return 1 - torch.cosine_similarity(mine, slope.float().flatten(1)).mean()
