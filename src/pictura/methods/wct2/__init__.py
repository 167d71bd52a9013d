"""Yoo, Uh, Chun, Kang and Ha, Photorealistic Style Transfer via Wavelet Transforms (WCT²), ICCV 2019, on `compact`.

The pools of an encoder are Haar transforms, and those of the decoder their inverses (`pictura.networks.wct2`), so that
a picture comes back as it was. On the way, in one pass, level by level, features are whitened and coloured: their mean
and covariance become the reference's (`transform`). The decoder is trained to give photographs back, and never sees a
style. It is the published baseline beside `methods/photo`.
"""

from pictura.methods.wct2.method import WCT2
from pictura.methods.wct2.settings import WCT2Settings

__all__ = ["WCT2", "WCT2Settings"]
