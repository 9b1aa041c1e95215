"""The sign test: does one model do more of the items better than another, whatever by how much? Pure."""

from dataclasses import dataclass

import numpy as np

CLEARLY = 1e-9
"""Values that differ by less are equal: another order of summation."""


@dataclass(frozen=True)
class SignTest:
    """How many items the first of two models does better, and the second, and the two-sided probability of a split at
    least as uneven if each had even odds. Items that both do equally well say nothing and are left out."""

    first: int
    second: int
    p: float


def sign_test(differences: np.ndarray) -> SignTest:
    """The exact sign test of differences between two models' values, (n,).

    Source: Conover, Practical Nonparametric Statistics (1999), section 3.4.
    """
    from scipy.stats import binomtest

    first, second = int((differences > CLEARLY).sum()), int((differences < -CLEARLY).sum())
    p = float(binomtest(first, first + second).pvalue) if first + second else 1.0
    return SignTest(first, second, p)
