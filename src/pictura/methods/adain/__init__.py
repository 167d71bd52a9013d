"""Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, ICCV 2017.

The encoder f encodes the content c and the style s. AdaIN gives the content's features the mean and standard deviation
of the style's, t = AdaIN(f(c), f(s)), and a decoder g decodes them, T(c, s) = g(t). Only g is trained, with
L = L_c + λ L_s: L_c = ‖f(g(t)) - t‖², and L_s the differences of means and standard deviations at relu1_1 … relu4_1.

`paper` is that as printed (``variant="paper"``). `light` is ours, and the default: the compact encoder, three levels
and a style code in the decoder (see `pictura.networks.adain`), and the losses of our optimization, Wasserstein-2
between Gaussians. Both need a style's moments only, so that a saved `Style` works as its painting does. `method` is
what they share: the trained method as the loop and the tasks see it.
"""

from pictura.methods.adain.method import Adain
from pictura.methods.adain.settings import AdaINSettings

__all__ = ["AdaINSettings", "Adain"]
