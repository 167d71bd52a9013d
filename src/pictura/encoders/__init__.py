"""Pretrained networks that turn images into named feature maps.

    from pictura import encoders

    encoder = encoders.load_encoder("vgg19-caffe")
    features = encoder(image, ["relu3_1", "conv4_2"])

`load_encoder` gives an `Encoder`, `available_encoders` lists the weights there are. The latter works without torch,
which is imported only when `load_encoder` or `Encoder` is first used.
"""

from typing import TYPE_CHECKING

from pictura.encoders.store import available_encoders
from pictura.runtime.lazy import lazy_attributes

if TYPE_CHECKING:
    from pictura.encoders.encoder import Encoder
    from pictura.encoders.loading import load_encoder

__all__ = ["Encoder", "available_encoders", "load_encoder"]

_HOMES = {"pictura.encoders.encoder": ("Encoder",), "pictura.encoders.loading": ("load_encoder",)}
__getattr__ = lazy_attributes(__name__, _HOMES)
