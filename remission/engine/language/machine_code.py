"""From a program to machine code of this processor: optimize, keep as object code, load.

Loading needs no optimization, so that a program found in the cache starts in milliseconds.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from remission.engine.language.program import Program


@cache
def _ready() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def processor() -> tuple[str, str]:
    """Name and features of this processor, in the words of LLVM."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def llvm_version() -> tuple[int, ...]:
    """Version of the library that writes the machine code."""
    return tuple(llvm.llvm_version_info)


@cache
def lanes_of_host() -> int:
    """Numbers per vector register: 8 with AVX-512, 4 with AVX2, else 2."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f") and features.get("avx512dq") and features.get("avx512vl"):
        return 8
    return 4 if features.get("avx2") else 2


def _target(optimize: int, jit: bool) -> llvm.TargetMachine:
    """This processor; on Windows the loader takes ELF objects only."""
    _ready()
    name, features = processor()
    triple = llvm.get_process_triple() + ("-elf" if sys.platform.startswith("win32") else "")
    target = llvm.Target.from_triple(triple)
    return target.create_target_machine(cpu=name, features=features, opt=optimize, reloc="pic", codemodel="jitdefault", jit=jit)


def object_code(program: Program) -> bytes:
    """Optimized machine code of a program."""
    machine = _target(2, jit=False)
    return machine.emit_object(_module(program, machine))


def assembly(program: Program) -> str:
    """The same as readable assembly."""
    machine = _target(2, jit=False)
    return machine.emit_assembly(_module(program, machine))


def _module(program: Program, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    module = llvm.parse_assembly(str(program.module))
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = False
    tuning.slp_vectorization = False
    tuning.loop_interleaving = False
    passes = llvm.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    return module


@dataclass(frozen=True)
class Loaded:
    """Machine code in memory; its functions take 64-bit words and run without Python's lock."""

    engine: Any

    def function(self, name: str, arguments: int, returns: bool = False) -> Any:
        """A function that can be called from Python."""
        address = self.engine.get_function_address(name)
        if not address:
            raise KeyError(name)
        function: Any = ctypes.CFUNCTYPE(ctypes.c_int64 if returns else None, *[ctypes.c_int64] * arguments)(address)
        function.keeps = self.engine  # the code lives as long as anything that can call it
        return function


def load(code: bytes) -> Loaded:
    """Bring object code into memory."""
    machine = _target(0, jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Loaded(engine)
