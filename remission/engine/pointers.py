"""Calling a generated function by its address, so that the driver is compiled once for all systems."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _c_type(kind):
    return ir.DoubleType().as_pointer() if isinstance(kind, types.Array) else _scalar_type(kind)


def _scalar_type(kind):
    return ir.DoubleType() if isinstance(kind, types.Float) else ir.IntType(64)


def _c_value(context, builder, kind, value):
    if isinstance(kind, types.Array):
        return context.make_array(kind)(context, builder, value).data
    wanted = types.float64 if isinstance(kind, types.Float) else types.int64
    return context.cast(builder, value, kind, wanted)


def _kinds(arguments: Any) -> tuple:
    return tuple(arguments)


def _call(typing_context, address, arguments: Any):
    """Call the C function at `address`; float64 arrays pass as pointers, whole numbers as int64, floats as float64."""
    if not isinstance(arguments, types.BaseTuple):
        return None
    kinds = _kinds(arguments)

    def generate(context, builder, signature, values):
        function_type = ir.FunctionType(ir.VoidType(), [_c_type(kind) for kind in kinds])
        function = builder.inttoptr(values[0], function_type.as_pointer())
        parts = cgutils.unpack_tuple(builder, values[1], len(kinds))
        builder.call(function, [_c_value(context, builder, k, v) for k, v in zip(kinds, parts, strict=True)])
        return context.get_dummy_value()

    return types.none(types.int64, arguments), generate


call: Any = intrinsic(_call)
