"""A `Style`, what an encoder says about a painting, and the one place that makes statistics of a style argument."""

from pictura.style.style import SIZES, Moments, Style, blend, look, mix, shares

__all__ = ["SIZES", "Moments", "Style", "blend", "look", "mix", "shares"]
