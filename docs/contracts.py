"""Write docs/guide/contracts.md from the contracts themselves: ``python docs/contracts.py``, ``--check`` compares only.

Laws and their meaning come from the docstrings of their stubs, default equations from those of the defaults, parts by
trying which of them fulfil a contract, and examples from `tests/test_open_parts.py`, where every model runs with them.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tectum import parts
from tectum.core.contract import Contract
from tectum.core.law import Law
from tectum.parts import contracts
from tectum.parts.steps import discretise

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "guide" / "contracts.md"
EXAMPLES = CHECKOUT / "tests" / "test_open_parts.py"
# By role: the classes of the example, and how they are put to use.
USE: dict[str, tuple[tuple[str, ...], str]] = {
    "neuron": (("Leaky",), "tectum.SpikingDictionary.quantiser(6, n_presentations=100, neuron=Leaky())"),
    "rule": (("Hebb", "HebbStep"), "tectum.SpikingDictionary.quantiser(6, n_presentations=100, rule=Hebb())"),
    "lateral profile": (("Hat",), "tectum.SpikingSOM((3, 3), n_presentations=40, lateral=Hat())"),
    "input": (("Bursts",), "tectum.SpikingDictionary(6, n_presentations=100, encoder=Bursts())"),
    "inhibition": (("Silencing",), "tectum.DiehlCook(8, inhibition=Silencing())"),
    "retry": (("Once",), "tectum.DiehlCook(8, retry=Once())"),
}
HEAD = """# Contracts of parts

What a neuron, a rule or any other part must bring to run in a model. This page is generated from the contracts that
models check when they are built; `python docs/contracts.py` writes it.

A part is a named tuple of parameters. Its equations are *laws*: functions of scalars that are chosen by the type of
their first argument, `p`, the part itself. If a part has constants of a step that must be worked out first, such as
$e^{-dt/\\tau}$ or a table of traces, a second named tuple holds them, `@discretise.of(Part)` makes it for steps of `dt`
ms, and the laws are those of the second. Parts themselves hold numbers and other parts, no arrays.

- A law without a default equation must be given one: `@membrane.of(MyNeuron)`.
- A default equation stands in for a law that is left out. It may read fields of the part, which must then be there.
- A part must bring something of its role: one equation at least, or the fields that default equations read.
- A model asks for some of the laws only. An equation that it would ignore is refused, so that no part silently
  runs as another. Exceptions are read-outs, and second forms of a law for other models.
- One sentence names everything that is missing, before anything is compiled.

Fields are numbers; a field may say which, as in `tau_m: Positive = 10.0` or
`low: Annotated[Share, Below("high")] = 0.2` (`tectum.core.ranges`), and is free otherwise. Potentials, weights and
currents are float32 in the models; equations may compute with Python's numbers, and are rounded where they are stored.

The examples need some data:

```python
import numpy as np

import tectum

X = np.random.default_rng(0).random((40, 5))
```
"""


def page() -> str:
    """The whole page."""
    sections = [HEAD, overview(), *(section(contract) for contract in contracts.CONTRACTS)]
    return "\n".join(sections).rstrip("\n") + "\n"


def overview() -> str:
    """The contracts by what they are for."""
    rows = [(f"[{c.role}](#{anchor(c)})", c.purpose, ", ".join(models_of(c))) for c in contracts.CONTRACTS]
    return table(("contract", "what its part does", "models"), rows)


def anchor(contract: Contract) -> str:
    """Where its section is."""
    return contract.role.replace(" ", "-")


def models_of(contract: Contract) -> list[str]:
    """Names of the models that ask for it."""
    return list(dict.fromkeys(use.parameter.split(".")[0] for use in contracts.USES if use.contract is contract))


def section(contract: Contract) -> str:
    """Purpose, laws, fields, uses, parts and an example of a contract."""
    uses = [use for use in contracts.USES if use.contract is contract]
    text = [f"## {contract.role.capitalize()}\n", f"{contract.purpose}\n"]
    text.append(table(("law", "says", "by default", "fields"), [law_row(law) for law in contract.laws]))
    if contract.fields:
        text.append(table(("field", "holds"), [(f"`{name}`", words) for name, words in contract.fields.items()]))
    if uses:
        text.append(table(("parameter", "asks for"), [use_row(use, contract) for use in uses]))
    text.append(parts_line(contract))
    if contract.role in USE:
        text.append(example(*USE[contract.role]))
    return "\n".join(text)


def law_row(law: Law) -> tuple[str, str, str, str]:
    """A law, what it says, its default equation, and the fields that this reads."""
    default = "" if law.default is None else plain(law.default)
    fields = ", ".join(f"`{name}`" for name in law.needs)
    return f"`{law.signature}`", plain(inspect.getdoc(law) or ""), default or "none: to be given", fields


def use_row(use: contracts.Use, contract: Contract) -> tuple[str, str]:
    """A parameter, and the laws that it asks for."""
    laws = use.laws_for(())
    named = "all laws" if set(laws) == set(contract.laws) else ", ".join(f"`{law.__name__}`" for law in laws)
    instead = f"; or else {' and '.join(f'`{law.__name__}`' for law in use.instead)}" if use.instead else ""
    with_part = f" with `{use.case}`" if use.case else ""
    return f"`{use.parameter}`{with_part}", f"{named}{instead}{f', {use.why}' if use.why else ''}"


def parts_line(contract: Contract) -> str:
    """Which parts of tectum fulfil a contract for one of its uses, and have an equation of their own for it."""
    names = sorted({type(part).__name__ for part, step in offered() if fulfils(contract, step)})
    linked = ", ".join(f"{{class}}`tectum.parts.{name}`" for name in names)
    return f"Parts of tectum: {linked}.\n" if names else ""


def offered() -> Iterator[tuple[Any, Any]]:
    """The parts with their default values, and their constants of a step."""
    for name in parts.__all__:
        kind = getattr(parts, name)
        if isinstance(kind, type) and set(kind._fields) == set(kind._field_defaults):
            part = filled(kind())
            yield part, discretise(part, 0.1)


def filled(part: Any) -> Any:
    """A part with numbers in place of None, which models choose."""
    return part._replace(**{name: 1.0 for name, value in part._asdict().items() if value is None})


def fulfils(contract: Contract, step: Any) -> bool:
    """Whether a part has what one of the models asks for."""
    uses = [use for use in contracts.USES if use.contract is contract]
    if not any(law.is_of(type(step)) for law in contract.laws):
        return False
    for laws in [use.laws_for(step) for use in uses] or [contract.laws]:
        try:
            contract.check("", step, laws)
        except TypeError:
            continue
        return True
    return False


def example(names: tuple[str, ...], use: str) -> str:
    """Code of the classes and equations with these names, and a model that uses them."""
    text = EXAMPLES.read_text(encoding="utf-8")
    tree = ast.parse(text)
    nodes = [node for node in tree.body if belongs(node, names)]
    used = {name.id for node in nodes for name in ast.walk(node) if isinstance(name, ast.Name)}
    code = [source(text, node) for node in nodes]
    head = imports(tree, used - {"tectum", "parts"})
    return f"```python\n{head}\n\n\n" + "\n\n\n".join(code) + f"\n\n\nmodel = {use}.fit(X)\n```\n"


def belongs(node: ast.stmt, names: tuple[str, ...]) -> bool:
    """Whether a statement is one of these classes, or an equation for it."""
    if isinstance(node, ast.ClassDef):
        return node.name in names
    calls = [call for call in getattr(node, "decorator_list", ()) if isinstance(call, ast.Call)]
    return any(isinstance(one, ast.Name) and one.id in names for call in calls for one in call.args)


def source(text: str, node: ast.stmt) -> str:
    """The lines of a statement with its decorators."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def imports(tree: ast.Module, used: set[str]) -> str:
    """The imports of a module as far as these names need them."""
    lines: dict[bool, list[str]] = {False: [], True: []}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            kept = [alias.name for alias in node.names if alias.name in used]
            if kept:
                own = (node.module or "").startswith("tectum")
                lines[own].append(f"from {node.module} import {', '.join(kept)}")
    return "\n\n".join("\n".join(group) for group in lines.values() if group)


def plain(text: str) -> str:
    """A docstring as the cell of a table."""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write the page, or fail if it is stale."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE.relative_to(CHECKOUT)} is stale; run python docs/contracts.py")


if __name__ == "__main__":
    main()
