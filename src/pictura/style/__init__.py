"""A `Style`, what an encoder says about a painting, and the one place that makes statistics of a style argument."""

from pictura.style.style import STYLE_SIZES, Moments, Style, blend_styles, encode_style, mix_moments, normalize_weights

__all__ = ["STYLE_SIZES", "Moments", "Style", "blend_styles", "encode_style", "mix_moments", "normalize_weights"]
