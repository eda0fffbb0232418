"""Laws: equations chosen by the type of their parameters.

A law is a pure function of scalars whose first argument is an immutable ``NamedTuple`` of parameters. Each parameter
type has its own equation; a law may have a default for types without one. Plain Python looks the type up at every call;
in a kernel the choice is made at compile time and costs nothing.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar

import numpy as np
from numba.core import types
from numba.core.errors import TypingError

from tectum.core.inlined import inlined
from tectum.core.kernel import in_package

Real: TypeAlias = float | np.float32  # a number in an equation: float32 in a kernel
Whole: TypeAlias = int | np.integer[Any]  # a count, or a number of steps

P = ParamSpec("P")
Equation = TypeVar("Equation", bound=Callable[..., Any])


def law(stub: Callable[Concatenate[Any, P], Any]) -> "Law[P]":
    """Turn a stub into a law, an open function to which equations are added with `Law.of`.

    Parameters
    ----------
    stub : callable
        Its name, arguments and docstring become those of the law; its body is never run.

    Returns
    -------
    Law
        Call it like the stub, from Python or from a kernel. It returns what the equation returns, a scalar or a tuple.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> class Leak(NamedTuple):
    ...     tau_m: float = 10.0  # ms
    >>> @law
    ... def update(p, v, I, dt):
    ...     "Membrane after one step."
    >>> @update.of(Leak)
    ... def _(p, v, I, dt):
    ...     "tau_m dv/dt = -v + I"
    ...     return v + dt * (I - v) / p.tau_m
    >>> update(Leak(), 0.5, 0.0, 1.0)
    0.45
    """
    return Law(stub)


class Law(Generic[P]):
    """An open function of a parameter tuple and scalars; see `law`."""

    def __init__(self, stub: Callable[Concatenate[Any, P], Any]) -> None:
        functools.update_wrapper(self, stub)
        self._name = stub.__name__
        self._arguments = ", ".join(inspect.signature(stub).parameters)
        self._equations: dict[type, Callable[..., Any]] = {}
        self._default: Callable[[type], Callable[..., Any] | None] | None = None
        self.default: str | None = None  # what the default equation says of itself; None without one
        self.needs: tuple[str, ...] = ()  # fields that the default equation reads
        inlined(self)(self._choose)

    def of(self, parameters: type) -> Callable[[Equation], Equation]:
        """Decorator that adds the equation for one parameter type, which may come from any file.

        Parameters
        ----------
        parameters : type
            A NamedTuple class; subclasses of it need an equation of their own.

        Raises
        ------
        TypeError
            If `parameters` is not a NamedTuple class, or the equation has other arguments than the law.
        ValueError
            If the type has an equation already, or the law and the type belong to this package but the equation does
            not: code compiled before would go on using the other equation.
        """

        def add(equation: Equation) -> Equation:
            if not (isinstance(parameters, type) and issubclass(parameters, tuple) and hasattr(parameters, "_fields")):
                raise TypeError(
                    f"{self._name}.of(parameters): parameters must be a NamedTuple class, got {parameters!r}; "
                    "write the parameters as class MyParameters(NamedTuple)"
                )
            self._check_arguments(equation, f"of({parameters.__name__})")
            closed = in_package(self) and in_package(parameters) and not in_package(equation)
            if parameters in self._equations or closed:
                raise ValueError(
                    f"{self._name}.of({parameters.__name__}): the type must be a new one, got one "
                    f"{'that belongs to this package' if closed else 'that has an equation already'}; "
                    "define a NamedTuple class of your own for another equation"
                )
            self._equations[parameters] = equation
            return equation

        return add

    def otherwise(self, *needs: str) -> Callable[[Equation], Equation]:
        """Decorator that sets the equation for all types without one of their own.

        Parameters
        ----------
        *needs : str
            Fields that the equation reads; a type that lacks one of them must bring an equation.
        """

        def add(equation: Equation) -> Equation:
            self._check_arguments(equation, "otherwise")
            self._default = lambda parameters: None if self._missing(parameters) else equation
            self.default, self.needs = inspect.getdoc(equation), needs
            return equation

        return add

    def otherwise_by_type(self, *needs: str) -> Callable[[Callable[[type], Any]], Callable[[type], Any]]:
        """Decorator that sets a function from a type without an equation of its own to its equation, None for none.

        Parameters
        ----------
        *needs : str
            Fields that a type without an equation may lack, for the message.
        """

        def add(choose: Callable[[type], Any]) -> Callable[[type], Any]:
            self._default, self.default, self.needs = choose, inspect.getdoc(choose), needs
            return choose

        return add

    def is_of(self, parameters: type) -> bool:
        """Whether a type has an equation of its own."""
        return parameters in self._equations

    def lacks(self, parameters: type) -> str | None:
        """What a type must bring to have this law, in words; None if nothing is missing."""
        if self._find(parameters) is not None:
            return None
        missing = self._missing(parameters)
        if not missing:
            default = self.default.strip().partition(":")[0] if self.default else ""
            return f"the law {self.signature}" + (f" (or what its default needs, {default})" if default else "")
        fields = f"the field{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        return f"{fields} (or the law {self.signature})"

    @property
    def equations(self) -> Iterable[tuple[type, Callable[..., Any]]]:
        """The types with an equation of their own, and it."""
        return self._equations.items()

    @property
    def signature(self) -> str:
        """Name and arguments, as a call is written."""
        return f"{self._name}({self._arguments})"

    def __repr__(self) -> str:
        return f"<law {self.signature}>"

    def __call__(self, p: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
        equation = self._find(type(p))
        if equation is None:
            raise TypeError(self._unknown(type(p).__name__))
        return equation(p, *args, **kwargs)

    def _choose(self, p: Any, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """Equation for Numba argument types, asked for when a kernel is compiled."""
        equation = self._find(p.instance_class) if isinstance(p, types.BaseNamedTuple) else None
        if equation is None:
            raise TypingError(self._unknown(getattr(p, "instance_class", type(p)).__name__))
        return equation

    def _find(self, parameters: type) -> Callable[..., Any] | None:
        """The equation of a type, its own or the default."""
        equation = self._equations.get(parameters)
        return self._default(parameters) if equation is None and self._default is not None else equation

    def _missing(self, parameters: type) -> list[str]:
        """Fields that the default equation reads and a type lacks."""
        return [name for name in self.needs if name not in getattr(parameters, "_fields", ())]

    def _check_arguments(self, equation: Callable[..., Any], where: str) -> None:
        arguments = ", ".join(inspect.signature(equation).parameters)
        if arguments != self._arguments:
            raise TypeError(
                f"{self._name}.{where}: the equation must take ({self._arguments}), got ({arguments}); rename its "
                "arguments"
            )

    def _unknown(self, name: str) -> str:
        known = ", ".join(sorted(kind.__name__ for kind in self._equations)) or "none yet"
        return (
            f"{self._name}: the first argument must be of a type with an equation ({known}), got {name}; "
            f"add one with @{self._name}.of({name}) above def _({self._arguments})"
        )
