"""Ages in years, and the ten groups of Zhang, Song and Qi (CVPR 2017, section 4.1), in which faces are aged."""

import torch
from torch import Tensor
from torch.nn import functional as F

# First and last year of each; the paper's last group has no end.
AGE_GROUPS = ((0, 5), (6, 10), (11, 15), (16, 20), (21, 30), (31, 40), (41, 50), (51, 60), (61, 70), (71, 90))
# A face of this age is of one group only; between two of them it is of both in part.
_CENTRES = tuple((first + last) / 2 for first, last in AGE_GROUPS)


def age_group(years: Tensor) -> Tensor:
    """Years N, whole or not, to the numbers of their groups, int64 N."""
    ends = torch.tensor([last for _, last in AGE_GROUPS[:-1]], device=years.device)
    return torch.bucketize(years.floor(), ends)


def age_shares(years: Tensor) -> Tensor:
    """Years N to the shares of the groups N×10: linear from the middle of one group to that of the next."""
    centres = torch.tensor(_CENTRES, device=years.device)
    years = years.float().clamp(_CENTRES[0], _CENTRES[-1])
    above = torch.bucketize(years, centres).clamp(1, len(_CENTRES) - 1)
    share = ((years - centres[above - 1]) / (centres[above] - centres[above - 1]))[:, None]
    lower, upper = (F.one_hot(one, len(_CENTRES)).float() for one in (above - 1, above))
    return torch.lerp(lower, upper, share)


def draw_ages(count: int, generator: torch.Generator) -> Tensor:
    """Years float32 N, each group as often as any other, on the CPU."""
    first, last = torch.tensor(AGE_GROUPS, dtype=torch.float32).T
    group = torch.randint(len(AGE_GROUPS), (count,), generator=generator)
    return torch.lerp(first[group], last[group], torch.rand(count, generator=generator))
