"""Photorealistic style: a photo takes the colours and the light of another and stays a photograph.

First the closed form, Monge–Kantorovitch's map of colours (`colour`). Then a network that adds to it, in a small copy
of the photo, a grid of affine maps, which are sliced along the photo's own edges (`pictura.networks.photo`, after
HDRnet, Gharbi et al. 2017, and Xia et al. 2020). By construction no edge moves and no texture is invented, at any size.
`objective` is what the network is trained by, `skin` keeps faces from turning green, `method` is the trained method as
the loop and the tasks see it.
"""

from pictura.methods.photo.method import Photo
from pictura.methods.photo.settings import PhotoSettings

__all__ = ["Photo", "PhotoSettings"]
