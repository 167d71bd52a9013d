"""KID: how far two sets of pictures are from each other, in features of a network."""

from torch import Tensor


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """The unbiased squared maximum mean discrepancy of features N×C and M×C, with the kernel (x·y / C + 1)³.

    Bińkowski, Sutherland, Arbel, Gretton (ICLR 2018, arXiv 1801.01401), who take Inception's features and call it KID;
    the number depends on the network, and on the features' unit. About 0 for two samples of one distribution, where it
    may be negative.
    """
    a, b = a.double(), b.double()

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: Tensor) -> Tensor:
        found = kernel(x, x)
        return (found.sum() - found.trace()) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())
