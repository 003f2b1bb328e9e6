"""CUDA machine code without a device: the kernels compile to PTX, and numba's types are those of the lane language."""

import re
import subprocess
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numba import cuda, typeof
from numba.cuda import cuda_paths
from numba.cuda.cudadrv import nvvm

from remission.engine import gpu_memory, luck, operations
from remission.engine.compile import compile_system
from remission.engine.cpu import variant_of
from remission.engine.ensemble import Options, advance, arm, model_of, settings_of, start, watch
from remission.engine.gpu_kernels import RECORDS, Room, plain_kernels, record_of, scratch_of
from remission.engine.gpu_operations import device_builtins
from remission.engine.gpu_text import one_lane_functions
from remission.engine.kernels import names_of
from remission.engine.language.program import Names
from remission.engine.layout import Order
from remission.scenario import read_scenario
from remission.trial import prepare
from tests.engine.gpu_cases import OPTIONS, clones, kinetics
from tests.engine.numba_one_lane import numba_builtins
from tests.engine.systems import clone_under_drug, two_compartments

GROUPS = ("state", "doses", "clones", "events", "watch")


def wheel() -> Path | None:
    """Where the wheel of NVIDIA's compiler is, if it is installed."""
    nvidia = find_spec("nvidia")
    folders = [] if nvidia is None else [Path(folder) / "cuda_nvcc" for folder in nvidia.submodule_search_locations or ()]
    return next((folder for folder in folders if (folder / "nvvm").is_dir()), None)


@cache
def has_compiler() -> bool:
    """Whether there is a compiler library: the wheel's, which numba by itself does not look for, or that of a toolkit."""
    home = wheel()
    if home is not None and "numba_cuda" not in cuda.__file__:
        places = {"nvvm": home / "nvvm" / "lib64" / "libnvvm.so", "libdevice": home / "nvvm" / "libdevice" / "libdevice.10.bc"}
        found = cuda_paths.get_cuda_paths()  # numba keeps this table and reads it again
        found.update({name: found[name]._replace(by="wheel", info=str(place)) for name, place in places.items()})
        nvvm.NVVM._NVVM__INSTANCE = None
    try:
        nvvm.NVVM()
    except Exception:
        return False
    return True


needs_compiler = pytest.mark.skipif(not has_compiler(), reason="needs NVIDIA's compiler library (nvidia-cuda-nvcc-cu12)")


def records(system, batch, options):
    return (
        record_of(model_of(system, batch.capacity)),
        *(record_of(getattr(batch, name)) for name in GROUPS),
        record_of(settings_of(options)),
    )


def room(batch) -> Room:
    return Room(batch.capacity, batch.watch.outputs, batch.watch.triggers)


def ptx(system, batch, monkeypatch, name="run_kernel") -> str:
    """Machine code for compute capability 8.0; what asks the driver for its device is told there is one."""
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: SimpleNamespace(compute_capability=(8, 0)))
    kernel = plain_kernels(system, variant_of(batch.watch, OPTIONS.method, 1), room(batch))[name]
    given = records(system, batch, OPTIONS)
    members = np.arange(batch.size)
    arguments = (*given, members) if name == "run_kernel" else (given[1], members, np.zeros((1, 1)))
    return cuda.compile_ptx(kernel, tuple(typeof(x) for x in arguments), cc=(8, 0))[0]


def assemble(text: str, tmp_path: Path) -> None:
    """Let NVIDIA's assembler make instructions of it: sizes of arguments and of a thread's memory are then known to be allowed."""
    home = wheel()
    if home is not None:
        source = tmp_path / "kernel.ptx"
        source.write_text(text)
        subprocess.run([home / "bin" / "ptxas", "-arch=sm_80", source, "-o", tmp_path / "kernel.cubin"], check=True)


def bytes_of_local_memory(text: str) -> int:
    return sum(int(size) for size in re.findall(r"__local_depot\d+\[(\d+)\]", text))


@needs_compiler
def test_outputs_of_a_small_system_compile_without_a_device(monkeypatch):
    assert ".entry" in ptx(two_compartments(), kinetics(), monkeypatch, "look_kernel")


@needs_compiler
@pytest.mark.slow
def test_the_kernel_of_a_small_system_compiles_without_a_device(monkeypatch, tmp_path):
    """All is one function: nothing is called, and the scratch lies in the thread's own memory."""
    batch = kinetics()
    text = ptx(two_compartments(), batch, monkeypatch)
    assert "fma.rn.f64" in text
    assert "call.uni" not in text
    assemble(text, tmp_path)
    assert bytes_of_local_memory(text) >= 8 * scratch_of(two_compartments(), room(batch)).size


@needs_compiler
@pytest.mark.parametrize("kind", [np.float64, np.int64, np.int8, np.uint64])
def test_rows_are_moved_by_kernels_that_compile_without_a_device(kind):
    rows, which = typeof(np.zeros((1, 1), kind)), typeof(np.zeros(1, np.int64))
    for kernel in (gpu_memory.put_rows, gpu_memory.take_rows, gpu_memory.copy_rows):
        arguments = (rows, rows, which)
        assert ".entry" in cuda.compile_ptx(kernel.py_func, arguments, cc=(8, 0))[0]
    assert ".entry" in cuda.compile_ptx(gpu_memory.fill_rows.py_func, (typeof(np.zeros((1, 1))), typeof(0.0)), cc=(8, 0))[0]


@needs_compiler
def test_draws_are_compiled_without_fused_operations(monkeypatch):
    """`log_exactly` rounds every product and sum by itself: add.rn and mul.rn are never contracted."""
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: SimpleNamespace(compute_capability=(8, 0)))
    names = Names()
    names.add_module(operations)
    names.add_module(luck)
    draw = one_lane_functions(names, ["exponential_scalar"], device_builtins(), cuda.jit(device=True))["exponential_scalar"]

    def kernel(seed, patients, values):
        i = cuda.grid(1)
        values[i] = draw(seed, patients[i], seed, seed)

    text = cuda.compile_ptx(kernel, (typeof(np.uint64(1)), typeof(np.zeros(1, np.uint64)), typeof(np.zeros(1))), cc=(8, 0))[0]
    assert "fma.rn.f64" not in text
    assert "mul.rn.f64" in text
    assert "add.rn.f64" in text


@needs_compiler
@pytest.mark.slow
def test_the_kernel_of_leukemia_compiles_without_a_device(monkeypatch, tmp_path):
    system = compile_system(prepare(read_scenario("b-all-car-t")).system)
    batch = start(system, np.arange(1), np.ones((1, system.n_parameters(1))), options=OPTIONS)
    batch = arm(watch(batch, [0, 1], above=1.0), [0], 1.0, [True])
    text = ptx(system, batch, monkeypatch)
    assemble(text, tmp_path)
    assert text.count("fma.rn.f64") > 1000
    assert 8 * scratch_of(system, room(batch)).size <= bytes_of_local_memory(text) < 32768


@pytest.mark.slow
def test_numba_types_the_kernel_as_the_lane_language_does():
    """The whole kernel for one lane, compiled by numba for the processor, gives the results of the engine's own compiler."""
    batch, options = clones(4, [[], [], [], []], arrivals=0.05, spread=0.03), Options(seed=11, lanes=1, threads=1)
    system = clone_under_drug()
    expected = advance(system, batch, 40.0, options=options)
    scratch = scratch_of(system, room(batch))
    space = one_lane_functions(
        names_of(system, variant_of(batch.watch, options.method, 1)), ["run_group"], **numba_builtins(), flat={"work": scratch}
    )
    own = replace(batch, state=batch.state._replace(until=np.full(4, 40.0)))
    members = np.arange(4)
    order = RECORDS[Order.__name__](members, np.zeros((1, 2), np.int64), np.zeros((1, 1)))
    for m in members:
        space["run_group"](*records(system, own, options), np.zeros(scratch.size), order, m, m + 1, 0)
    np.testing.assert_array_equal(own.clones.phase, expected.clones.phase)
    np.testing.assert_array_equal(own.events.code, expected.events.code)
    np.testing.assert_array_equal(own.events.threshold, expected.events.threshold)
    np.testing.assert_allclose(own.y, expected.y, rtol=1e-6)
