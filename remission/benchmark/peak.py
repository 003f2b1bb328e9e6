"""The fastest this machine can multiply and add: independent chains of fused multiply-adds in vector registers, on one core."""

from __future__ import annotations

import ctypes
import time

import llvmlite.binding as llvm

CHAINS = 12  # more than latency times units on the processors of today, fewer than registers
REPEATS = 1_000_000
TRIES = 5


def vector_width() -> int:
    """Float64 numbers in the widest register of this processor."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 8
    return 4 if features.get("avx2") or features.get("avx") else 2


def kernel_text(width: int, chains: int = CHAINS) -> str:
    """LLVM text of `double peak(i64 repeats, double start)`, which runs every chain once a repeat."""
    kind, numbers = f"<{width} x double>", range(chains)

    def filled(name: str, value: str) -> list[str]:
        return [
            f"  %{name}_one = insertelement {kind} poison, double {value}, i32 0",
            f"  %{name} = shufflevector {kind} %{name}_one, {kind} poison, <{width} x i32> zeroinitializer",
        ]

    body = [f"  %next{i} = call {kind} @llvm.fma.v{width}f64({kind} %chain{i}, {kind} %factor, {kind} %term)" for i in numbers]
    joins = [f"  %sum{i} = fadd {kind} {f'%sum{i - 1}' if i else 'zeroinitializer'}, %next{i}" for i in numbers]
    lines = [
        f"declare {kind} @llvm.fma.v{width}f64({kind}, {kind}, {kind})",
        "define double @peak(i64 %repeats, double %start) #0 {",
        "entry:",
        *filled("factor", "0x3FEFFFFFE0000000"),
        *filled("term", "0x3E70000000000000"),
        *filled("first", "%start"),
        "  br label %loop",
        "loop:",
        "  %count = phi i64 [0, %entry], [%after, %loop]",
        *(f"  %chain{i} = phi {kind} [%first, %entry], [%next{i}, %loop]" for i in numbers),
        *body,
        "  %after = add i64 %count, 1",
        "  %more = icmp slt i64 %after, %repeats",
        "  br i1 %more, label %loop, label %end",
        "end:",
        *joins,
        f"  %result = extractelement {kind} %sum{chains - 1}, i32 0",
        "  ret double %result",
        "}",
        f'attributes #0 = {{ "min-legal-vector-width"="{64 * width}" "prefer-vector-width"="{64 * width}" }}',
    ]
    return "\n".join(lines)


class Peak:
    """The kernel, compiled for this processor; `gigaflops` runs it."""

    def __init__(self):
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.width = vector_width()
        host = llvm.Target.from_triple(llvm.get_process_triple())
        features = llvm.get_host_cpu_features().flatten()
        machine = host.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2)
        module = llvm.parse_assembly(kernel_text(self.width))
        module.verify()
        self.engine = llvm.create_mcjit_compiler(module, machine)
        self.engine.finalize_object()
        address = self.engine.get_function_address("peak")
        self.call = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64, ctypes.c_double)(address)
        self.call(1000, 1.0)

    def gigaflops(self) -> float:
        """The best of a few tries: billions of operations per second, a multiply-add counted as two."""
        return max(self._once() for _ in range(TRIES))

    def _once(self) -> float:
        begin = time.perf_counter()
        self.call(REPEATS, 1.0)
        return 2.0 * self.width * CHAINS * REPEATS / (time.perf_counter() - begin) / 1e9
