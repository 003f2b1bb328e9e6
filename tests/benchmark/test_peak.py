"""The kernel that measures the peak."""

import pytest

from remission.benchmark.peak import CHAINS, Peak, kernel_text, vector_width


def test_the_kernel_multiplies_and_adds_in_every_chain():
    text = kernel_text(4)
    assert text.count("call <4 x double> @llvm.fma") == CHAINS


def test_the_kernel_computes_what_its_text_says():
    """x -> x * factor + term, from 2, so many times; all chains are equal and are summed."""
    peak, expected = Peak(), 2.0
    factor, term = 1.0 - 2.0**-24, 2.0**-24
    for _ in range(1000):
        expected = expected * factor + term
    assert peak.call(1000, 2.0) == pytest.approx(CHAINS * expected, rel=1e-9)
    assert peak.width == vector_width()
    assert peak.gigaflops() > 0.1
