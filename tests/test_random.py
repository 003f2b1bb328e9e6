"""The same patient has the same luck, whatever surrounds it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from remission.random import exponential, exponential_scalar, philox, process_key, uniform, uniform_scalar

words = st.integers(0, 2**64 - 1)
U = np.uint64

# Known answers published with Random123 (file kat_vectors, line "philox4x32 10"): counter, key, expected.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def hexadecimal(text):
    return [U(int(word, 16)) for word in text.split()]


def philox_in_plain_integers(counter, key):
    """Philox4x32-10 written again from the paper, with Python integers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for turn in range(10):
        r0, r1 = (k0 + turn * 0x9E3779B9) % 2**32, (k1 + turn * 0xBB67AE85) % 2**32
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ r0, low1, high0 ^ c3 ^ r1, low0
    return c0, c1, c2, c3


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_generator_gives_the_published_known_answers(counter, key, expected):
    assert list(philox(*hexadecimal(counter), *hexadecimal(key))) == hexadecimal(expected)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=6, max_size=6))
def test_generator_agrees_with_a_second_writing_of_the_paper(numbers):
    compiled = philox(*(U(x) for x in numbers))
    assert tuple(int(x) for x in compiled) == philox_in_plain_integers(numbers[:4], numbers[4:])


def uniform_in_plain_integers(seed, patient, process, slot):
    """The number as documented: seed and process make the key, patient and slot the counter, the top 52 bits the cell."""

    def mixed(x):
        x = (x + 0x9E3779B97F4A7C15) % 2**64
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
        return x ^ (x >> 31)

    key = mixed(mixed(seed) ^ process)
    counter = (slot % 2**32, slot >> 32, patient % 2**32, patient >> 32)
    low, high, _, _ = philox_in_plain_integers(counter, (key % 2**32, key >> 32))
    return (((high << 32 | low) >> 12) + 0.5) / 2**52


@settings(deadline=None)
@given(words, words, words, words)
def test_numbers_are_those_of_the_documented_recipe(seed, patient, process, slot):
    assert uniform(seed, patient, process, slot) == uniform_in_plain_integers(seed, patient, process, slot)


def test_numbers_never_change_between_versions():
    assert int(process_key("parameter:car_t.kill_capacity")) == 15067930236344375675
    assert uniform(2024, 17, "death", 3) == 0.9430712875800736


@settings(deadline=None)
@given(words, words, words, words)
def test_compiled_code_and_arrays_get_the_same_bits(seed, patient, process, slot):
    keys = [U(x) for x in (seed, patient, process, slot)]
    assert uniform_scalar(*keys) == uniform(*keys) == uniform(seed, [patient], process, slot)[0]
    assert exponential_scalar(*keys) == exponential(*keys)


def test_compiled_code_may_call_the_scalar_form():
    @njit
    def two(seed, patient, process):
        return uniform_scalar(seed, patient, process, U(0)), uniform_scalar(seed, patient, process, U(1))

    assert two(U(7), U(3), process_key("death")) == tuple(uniform(7, 3, "death", [0, 1]))


@settings(deadline=None)
@given(words, words, words, words)
def test_numbers_stay_inside_the_open_interval(seed, patient, process, slot):
    number = uniform(seed, patient, process, slot)
    assert 0 < number < 1
    assert np.isfinite(exponential(seed, patient, process, slot))
    assert exponential(seed, patient, process, slot) > 0


@settings(deadline=None)
@given(seed=words, order=st.permutations(range(12)))
def test_order_and_batch_do_not_matter(seed, order):
    whole = uniform(seed, np.arange(12), "parameter:growth.rate")
    assert np.array_equal(uniform(seed, np.array(order), "parameter:growth.rate"), whole[list(order)])
    assert np.array_equal(uniform(seed, np.arange(5), "parameter:growth.rate"), whole[:5])


def test_shape_is_the_broadcast_shape():
    numbers = uniform(1, np.arange(4)[:, None], "x", np.arange(3))
    assert numbers.shape == (4, 3)
    assert numbers.dtype == np.float64
    assert numbers[2, 1] == uniform(1, 2, "x", 1)


def test_process_key_is_the_hash_of_the_name_on_every_machine():
    assert process_key("death") == process_key("death")
    assert process_key("death").dtype == np.uint64
    assert len({int(process_key(f"process {i}")) for i in range(1000)}) == 1000


def test_neighbors_in_every_key_are_unrelated():
    base = uniform(1, np.arange(20_000), 1, 0)
    others = {
        "seed": uniform(2, np.arange(20_000), 1, 0),
        "patient": uniform(1, np.arange(20_000) + 20_000, 1, 0),
        "process": uniform(1, np.arange(20_000), 2, 0),
        "slot": uniform(1, np.arange(20_000), 1, 1),
    }
    for name, other in others.items():
        assert abs(np.corrcoef(base, other)[0, 1]) < 4 / np.sqrt(20_000), name


@settings(max_examples=20, deadline=None)
@given(words)
def test_numbers_are_uniform(seed):
    counts, _ = np.histogram(uniform(seed, np.arange(20_000), "x"), bins=20, range=(0, 1))
    assert ((counts - 1000) ** 2 / 1000).sum() < 60  # chi-square with 19 degrees of freedom: p about 4e-6


def test_thresholds_have_mean_and_spread_one():
    numbers = exponential(3, np.arange(100_000), "death")
    assert numbers.mean() == pytest.approx(1, abs=0.02)
    assert numbers.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("wrong", [1.5, np.array([0.0, 1.0]), None, True])
def test_a_key_that_is_no_whole_number_is_refused(wrong):
    with pytest.raises(TypeError, match="whole numbers"):
        uniform(1, wrong, "x", 0)
