"""A `Style`, the moments of a painting under an encoder, and the one resolver from a style argument to moments."""

from pictura.encoders.records import STYLE_LAYERS
from pictura.losses.moments import Moments
from pictura.style.sources import (
    FixedStyle,
    ImageStyle,
    MixedStyle,
    StyleSource,
    load_bundled_style,
    load_saved_style,
    load_style,
    mix_styles,
    style_names,
)
from pictura.style.style import STYLE_SIZES, Style, blend_styles, encode_style, mix_moments, normalize_weights

__all__ = [
    "STYLE_LAYERS",
    "STYLE_SIZES",
    "FixedStyle",
    "ImageStyle",
    "MixedStyle",
    "Moments",
    "Style",
    "StyleSource",
    "blend_styles",
    "encode_style",
    "load_bundled_style",
    "load_saved_style",
    "load_style",
    "mix_moments",
    "mix_styles",
    "normalize_weights",
    "style_names",
]
