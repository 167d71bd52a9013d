"""The networks an encoder can be made of, by name."""

from collections.abc import Callable
from functools import partial

from pictura.networks.compact import Compact
from pictura.networks.densenet import DENSENET_LAYERS, DenseNet
from pictura.networks.resnet import RESNET_BLOCKS, ResNet
from pictura.networks.squeezenet import SqueezeNet
from pictura.networks.vgg import CONVOLUTIONS, VGG

EncoderNetwork = VGG | ResNet | DenseNet | SqueezeNet | Compact

ARCHITECTURES: dict[str, Callable[[], EncoderNetwork]] = {
    "compact": Compact,
    "squeezenet1_1": SqueezeNet,
    **{name: partial(VGG, name) for name in CONVOLUTIONS},
    **{f"{name}_bn": partial(VGG, name, batch_norm=True) for name in CONVOLUTIONS},
    **{name: partial(ResNet, name) for name in RESNET_BLOCKS},
    **{name: partial(DenseNet, name) for name in DENSENET_LAYERS},
}
