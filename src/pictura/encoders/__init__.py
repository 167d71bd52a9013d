"""Pretrained networks that turn pictures into named responses.

    from pictura import encoders

    encoder = encoders.load("vgg19-caffe")
    responses = encoder(picture, ["relu3_1", "conv4_2"])

`load` gives an `Encoder`, `available` lists the weights there are. `available` works without torch, which is
imported only when `load` or `Encoder` is first asked for.
"""

from typing import TYPE_CHECKING, Any

from pictura.encoders.store import available

if TYPE_CHECKING:
    from pictura.encoders.encoder import Encoder
    from pictura.encoders.loading import load

__all__ = ["Encoder", "available", "load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from pictura.encoders.loading import load

        return load
    if name == "Encoder":
        from pictura.encoders.encoder import Encoder

        return Encoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
