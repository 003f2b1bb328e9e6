"""Passing a named tuple of arrays by its address inside compiled code.

Compiled functions take tuples field by field, hundreds of values for the arrays of a run. `reference(group)` stands for a
tuple in one word and reads its fields on demand with the same syntax, which makes the driver quick to compile and to call.
The caller keeps the tuple alive; arrays read through a reference hold no count of their own.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model


class Reference(types.Type):
    """The address of a named tuple."""

    def __init__(self, target):
        self.target = target
        super().__init__(f"Reference({target})")


@register_model(Reference)
class ReferenceModel(models.PrimitiveModel):
    """One pointer."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, manager.lookup(kind.target).get_value_type().as_pointer())


@infer_getattr
class ReferenceFields(AttributeTemplate):
    """A field is what the tuple holds there; a tuple inside is a reference again."""

    key = Reference

    def generic_resolve(self, kind, field):
        if field not in kind.target.fields:
            return None
        inner = kind.target[kind.target.fields.index(field)]
        return Reference(inner) if isinstance(inner, types.BaseNamedTuple) else inner


@lower_getattr_generic(Reference)
def _read_field(context, builder, kind, value, field):
    index = kind.target.fields.index(field)
    inner = kind.target[index]
    place = cgutils.gep_inbounds(builder, value, 0, index)
    if isinstance(inner, types.BaseNamedTuple):
        return place
    loaded = builder.load(place)
    if isinstance(inner, types.Array):
        for counted in (0, 1):
            loaded = builder.insert_value(loaded, ir.Constant(loaded.type.elements[counted], None), counted)
    return loaded


def _reference(typing_context, group):
    """The address of a copy of the tuple that lives as long as the calling function."""
    if not isinstance(group, types.BaseNamedTuple):
        return None

    def generate(context, builder, signature, values):
        place = cgutils.alloca_once(builder, values[0].type)
        builder.store(values[0], place)
        return place

    return Reference(group)(group), generate


reference: Any = intrinsic(_reference)
