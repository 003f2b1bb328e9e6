"""Shared by all tests: tests marked `gpu` are skipped where there is no CUDA device."""

import pytest


def has_cuda_device() -> bool:
    from numba import cuda

    return bool(cuda.is_available())


def pytest_collection_modifyitems(items):
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and not has_cuda_device():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))
