"""Contracts: what a part must bring to run in a time loop, as data that is checked before anything is compiled.

A contract lists laws. A law without a default equation must have an equation of the part's own; a default equation
reads fields of the part, which must then be there. A loop may ask for some of the laws of a contract only; if a part
brings an equation that the loop never asks for, it would be ignored in silence, so the part is refused instead.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tectum.core.law import Law

GUIDE = "docs/guide/contracts.md"


class Contract(NamedTuple):
    """What one role in a model demands of the part that plays it."""

    role: str  # "neuron"
    purpose: str  # one sentence
    laws: tuple[Law[...], ...]
    fields: dict[str, str]  # those that default equations read: what they hold, and the unit
    optional: tuple[
        Law[...], ...
    ] = ()  # laws that a loop may leave out: read-outs, and other forms of laws it asks for
    reads: tuple[str, ...] = ()  # fields that a loop reads itself

    def check(
        self, where: str, step: Any, laws: Iterable[Law[...]], *, why: str = "", instead: tuple[Law[...], ...] = ()
    ) -> None:
        """TypeError naming all that a part lacks of what a loop asks for, and all that the loop would ignore.

        `where` is the parameter that holds the part, for the message, ``"SpikingSOM.neuron"``; `step` the part, or its
        constants for one step (`tectum.parts.steps.discretise`); `laws` those of this contract that the loop asks for,
        beside which a part may have optional ones; `why` says why the loop cannot ask for the others, as the end of a
        sentence; `instead` are laws that would do in place of `laws`, for the message.
        """
        kind, laws = type(step), tuple(laws)
        if not hasattr(kind, "_fields"):
            raise TypeError(f"{where} must be a part, a named tuple of parameters, got {step!r}; see {self.page}")
        missing = [lack for law in laws if (lack := law.lacks(kind))]
        missing += [f"the field {name}" for name in self.reads if name not in kind._fields]
        if not missing and not self.reads and not any(law.needs or law.is_of(kind) for law in laws):
            missing = [f"an equation of {' or '.join(law.signature for law in laws)}"]  # it has no part in the role
        ignored = [law.signature for law in self.laws if law not in (*laws, *self.optional) and law.is_of(kind)]
        if not missing and not ignored:
            return
        sentences = []
        if missing:
            others = f"; or else the laws {' and '.join(law.signature for law in instead)}" if instead else ""
            sentences.append(f"it lacks {' and '.join(dict.fromkeys(missing))}{others}")
        if ignored:
            ends = f", {why}" if why else ""
            sentences.append(f"its {'laws' if len(ignored) > 1 else 'law'} {', '.join(ignored)} would be ignored{ends}")
        raise TypeError(
            f"{where} must fulfil the contract of {self.name}, got {kind.__name__}: {'; '.join(sentences)}; "
            f"see {self.page}"
        )

    @property
    def name(self) -> str:
        """The role with its article."""
        return f"{'an' if self.role[0] in 'aeiou' else 'a'} {self.role}"

    @property
    def page(self) -> str:
        """Where the contract is documented."""
        return f"{GUIDE}#{self.role.replace(' ', '-')}"
