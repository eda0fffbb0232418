"""Named tuples of arrays that kernels take by their address.

Numba takes a tuple apart into numbers, seven and more for each array, and hands all of them to every function. Circuits
and states hold dozens of arrays, so that this would be most of what there is to compile. The tuple must be there before
a kernel is called, and stays as it is while the kernel runs.
"""

import hashlib
from functools import cached_property
from typing import Any, TypeVar

import numba.extending as extending
import numpy as np
from llvmlite import ir
from numba import core
from numba.core import types
from numba.np.numpy_support import as_dtype

C = TypeVar("C", bound=type)


class Bundle(types.NamedTuple):
    """Numba's type of such a tuple."""

    def __init__(self, members: Any, cls: Any) -> None:
        super().__init__(members, cls)
        self.name: str = f"Bundle of {cls.__name__}({', '.join(map(str, members))})"
        self.classes: tuple[type, ...] = _classes(self)

    @property
    def key(self) -> Any:
        """What Numba compares, thousands of times: not each member, which the name has but for classes of one name."""
        return self.name, self.classes

    @property
    def mangling_args(self) -> tuple[str, tuple[()]]:
        """A short name in machine code: the full one is as long as a page."""
        return f"{self.instance_class.__name__}_{hashlib.sha256(self.name.encode()).hexdigest()[:16]}", ()


def _classes(kind: types.BaseTuple) -> tuple[type, ...]:
    """Of a tuple and of those in it, that of each that is named."""
    inner = (cls for member in kind if isinstance(member, types.BaseTuple) for cls in _classes(member))
    return (*([kind.instance_class] if isinstance(kind, types.BaseNamedTuple) else []), *inner)


def bundle(cls: C) -> C:
    """Decorator of a NamedTuple class of arrays: kernels take its instances, and tuples of arrays in them, by address.

    Kernels read their fields; they cannot build, return or unpack one.
    """
    from tectum.core.inside import FITS  # it tries this module out

    if FITS:
        register(cls)
    return cls


def register(cls: type) -> None:
    """Have Numba take instances of a class for bundles."""
    extending.typeof_impl.register(cls)(_type_of)


def _type_of(value: Any, context: Any) -> Bundle:
    members = [
        _type_of(member, context) if _holds_arrays(member) else extending.typeof_impl(member, context)
        for member in value
    ]
    return Bundle(members, type(value))


def _holds_arrays(value: Any) -> bool:
    return hasattr(value, "_fields") and any(isinstance(item, np.ndarray) or _holds_arrays(item) for item in value)


@extending.register_model(Bundle)
class _Model(extending.models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Bundle) -> None:
        self.struct = ir.LiteralStructType([manager.lookup(member).get_value_type() for member in kind.types])
        super().__init__(manager, kind, self.struct.as_pointer())

    @cached_property
    def size(self) -> int:
        """Bytes."""
        return int(self.struct.get_abi_size(core.registry.cpu_target.target_context.target_data))

    def from_argument(self, builder: Any, value: Any) -> Any:
        if isinstance(value, ir.Argument):
            value.attributes.dereferenceable = self.size
        return value

    def traverse(self, builder: Any) -> list[Any]:
        return []


@extending.lower_getattr_generic(Bundle)
def _field(context: Any, builder: Any, kind: Bundle, value: Any, name: str) -> Any:
    index = kind.fields.index(name)
    member = kind.types[index]
    pointer = core.cgutils.gep_inbounds(builder, value, 0, index)
    if isinstance(member, types.Array):
        return _load_array(context, builder, pointer, member)
    loaded = _load(builder, pointer, pointer.type.pointee)
    if isinstance(member, Bundle):
        size = ir.Constant(ir.IntType(64), context.data_model_manager[member].size)
        loaded.set_metadata("dereferenceable", builder.module.add_metadata([size]))
    return loaded


def _load_array(context: Any, builder: Any, pointer: Any, kind: types.Array) -> Any:
    """Load an array but for what kernels do not need, and of a row what its type and its length say."""
    names = context.data_model_manager[kind]._fields

    def load(name: str) -> Any:
        place = core.cgutils.gep_inbounds(builder, pointer, 0, names.index(name))
        return _load(builder, place, place.type.pointee)

    size = ir.Constant(ir.IntType(64), as_dtype(kind.dtype).itemsize)
    parts = {"data": load("data"), "shape": load("shape"), "itemsize": size}
    if kind.ndim == 1 and kind.layout == "C":
        parts["nitems"] = builder.extract_value(parts["shape"], 0)
        parts["strides"] = ir.Constant(ir.ArrayType(size.type, 1), [size])
    else:
        parts |= {"nitems": load("nitems"), "strides": load("strides")}
    whole = ir.Constant(pointer.type.pointee, None)
    for name, part in parts.items():
        whole = builder.insert_value(whole, part, names.index(name))
    return whole


def _load(builder: Any, pointer: Any, kind: Any) -> Any:
    """Load number by number, each marked as one that nothing changes, so that loops need not load it."""
    if not isinstance(kind, ir.Aggregate):
        number = builder.load(pointer)
        number.set_metadata("invariant.load", builder.module.add_metadata([]))
        return number
    whole = ir.Constant(kind, ir.Undefined)
    for k in range(len(kind.elements) if isinstance(kind, ir.BaseStructType) else kind.count):
        place = core.cgutils.gep_inbounds(builder, pointer, 0, k)
        whole = builder.insert_value(whole, _load(builder, place, place.type.pointee), k)
    return whole


@extending.unbox(Bundle)
def _unbox(kind: Bundle, thing: Any, c: Any) -> Any:
    room = core.cgutils.alloca_once(c.builder, c.context.data_model_manager[kind].struct)
    failed = core.cgutils.false_bit
    for k, member in enumerate(kind.types):
        native = c.unbox(member, c.pyapi.tuple_getitem(thing, k))
        c.builder.store(native.value, core.cgutils.gep_inbounds(c.builder, room, 0, k))
        failed = c.builder.or_(failed, native.is_error)
    # From here on nothing changes it, as `_load` promises; LLVM must not see that it was filled just now.
    passed_on = ir.FunctionType(room.type, [room.type])
    return extending.NativeValue(c.builder.asm(passed_on, "", "=r,0,~{memory}", [room], True), is_error=failed)
