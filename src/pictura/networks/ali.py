"""Encoder, generator and joint critic of BiGAN and ALI.

Three layouts: "mlp", fully connected (Donahue et al. 2017, arXiv 1605.09782, for MNIST); "faces", for 64 pixels
(Dumoulin et al. 2017, arXiv 1606.00704, appendix A, CelebA); and "conv", ours for 28 to 64 pixels. Codes are N×Z.
Pictures are N×C×S×S in [0, 1]; a generator's are logits of them, as in `pictura.networks.coders`.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from pictura.networks.coders import build_decoder, build_encoder
from pictura.runtime.errors import PicturaError

JointLayout = Literal["mlp", "conv", "faces"]
HIDDEN = 1024  # units of the fully connected layers; bigan/net.py
SLOPE = 0.2  # of their leaky ReLU
FACES_SIZE = 64
FACES_SLOPE, FACES_DROPOUT, FACES_STD = 0.02, 0.2, 0.01  # table 6 and appendix A
# Kernel, stride, channels of the faces' encoder, which the generator mirrors, at a width of 64.
FACES = ((2, 1, 64), (7, 2, 128), (5, 2, 256), (7, 2, 256), (4, 1, 512))
FACES_OF_Z, FACES_JOINT = 1024, 2048  # units of the critic


class JointCritic(nn.Module):
    """(x, z) to answers N×1, large for "x is a picture and z its code": of each by itself, then of both together."""

    def __init__(self, of_x: nn.Module, of_z: nn.Module, joint: nn.Module) -> None:
        super().__init__()
        self.of_x, self.of_z, self.joint = of_x, of_z, joint

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """N×1."""
        answers: Tensor = self.joint(torch.cat([self.of_x(x), self.of_z(z)], 1))
        return answers.float()


def build_coders(
    layout: JointLayout, size: int, channels: int, width: int, code: int, outputs: int
) -> tuple[nn.Module, nn.Module]:
    """The encoder, of x to N×outputs, and the generator, of z N×code to logits.

    width: hidden units (mlp), or channels of the largest maps.

    Raises:
        PicturaError: the layout does not go with the size.
    """
    inner = channels * size**2
    if layout == "mlp":
        encoder = nn.Sequential(nn.Flatten(), *_hide(inner, width), *_hide(width, width), nn.Linear(width, outputs))
        pixels = nn.Unflatten(1, (channels, size, size))
        return encoder, nn.Sequential(*_hide(code, width), *_hide(width, width), nn.Linear(width, inner), pixels)
    if layout == "conv":
        return build_encoder("conv", size, channels, width, outputs), build_decoder("conv", size, channels, width, code)
    _check_faces(size)
    widest = _scale(FACES[-1][2], width)
    encoder = nn.Sequential(*_faces_down(channels, width), nn.Flatten(), nn.Linear(widest, outputs))
    layers: list[nn.Module] = [nn.Unflatten(1, (code, 1, 1))]
    inputs = code
    for kernel, stride, c in FACES[::-1]:
        out = _scale(c, width)
        layers += [nn.ConvTranspose2d(inputs, out, kernel, stride, bias=False), nn.BatchNorm2d(out)]
        layers.append(nn.LeakyReLU(FACES_SLOPE))
        inputs = out
    generator = nn.Sequential(*layers, nn.Conv2d(inputs, channels, 1))
    return encoder.apply(_initialize), generator.apply(_initialize)


def build_joint_critic(layout: JointLayout, size: int, channels: int, width: int, code: int) -> JointCritic:
    """The critic; arguments as of `build_coders`."""
    inner = channels * size**2
    if layout == "mlp":
        joint = nn.Sequential(*_hide(inner + code, width), *_hide(width, width), nn.Linear(width, 1))
        return JointCritic(nn.Flatten(), nn.Identity(), joint)
    if layout == "conv":
        units = 8 * width
        of_x = nn.Sequential(build_encoder("conv", size, channels, width, units), nn.LeakyReLU(SLOPE))
        of_z = nn.Sequential(nn.Linear(code, units), nn.LeakyReLU(SLOPE))
        joint = nn.Sequential(nn.Linear(2 * units, units), nn.LeakyReLU(SLOPE), nn.Linear(units, 1))
        return JointCritic(of_x, of_z, joint)
    _check_faces(size)
    widest, of_code, together = (_scale(c, width) for c in (FACES[-1][2], FACES_OF_Z, FACES_JOINT))
    of_x = nn.Sequential(*_faces_down(channels, width), nn.Flatten())
    of_z = nn.Sequential(*_drop(code, of_code), *_drop(of_code, of_code))
    joint = nn.Sequential(
        *_drop(widest + of_code, together),
        *_drop(together, together),
        nn.Dropout(FACES_DROPOUT),
        nn.Linear(together, 1),
    )
    return JointCritic(of_x, of_z, joint).apply(_initialize)


def _hide(inputs: int, outputs: int) -> list[nn.Module]:
    """A hidden layer of the fully connected ones; its norm has neither scale nor shift."""
    return [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs, affine=False), nn.LeakyReLU(SLOPE)]


def _drop(inputs: int, outputs: int) -> list[nn.Module]:
    """A 1×1 convolution of the faces' critic, which is a linear layer, behind dropout."""
    return [nn.Dropout(FACES_DROPOUT), nn.Linear(inputs, outputs), nn.LeakyReLU(FACES_SLOPE)]


def _faces_down(channels: int, width: int) -> list[nn.Module]:
    """64×64 to 1×1."""
    layers: list[nn.Module] = []
    inputs = channels
    for kernel, stride, c in FACES:
        out = _scale(c, width)
        layers += [nn.Conv2d(inputs, out, kernel, stride, bias=False), nn.BatchNorm2d(out), nn.LeakyReLU(FACES_SLOPE)]
        inputs = out
    return layers


def _scale(channels: int, width: int) -> int:
    """The table's channels, as many times as `width` is wider than 64."""
    return max(1, channels * width // FACES[0][2])


def _check_faces(size: int) -> None:
    if size != FACES_SIZE:
        raise PicturaError(f"ALI's networks for faces take 64 pixels, not {size}: set size=64, or layout=conv.")


def _initialize(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, std=FACES_STD)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
