"""Peak signal-to-noise ratio."""

from torch import Tensor


def psnr(made: Tensor, true: Tensor, peak: float = 255.0) -> Tensor:
    """10 log10(peak² / mean squared error) in dB of each of N pictures N×C×H×W; infinite for equal ones.

    `peak` is the largest difference there can be in the numbers given: 255 for 8 bits (and, by the literature's habit,
    for `luma`), 1 for [0, 1].
    """
    error = (made.double() - true.double()).square().mean(dim=(1, 2, 3))
    return 10 * (peak**2 / error).log10()
