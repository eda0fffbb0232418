"""Is it good? One sentence about a model, from its headline numbers and what its diagnosis found."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

LEVEL = 0.02  # two numbers that differ by a smaller share of the larger one are level


class Verdict(NamedTuple):
    """What a page says first."""

    grade: str  # good, mixed, poor
    text: str  # a sentence or three, with the reasons


def verdict_on(
    measures: Sequence[Any], own: str, control: str | None, warnings: Sequence[str], *, compared: bool = True
) -> Verdict:
    """Judge a model by its headline numbers.

    `own` and `control` are the names of the model and of the model before it learned among the methods, the latter None
    where there is none; `warnings` is what the diagnosis found; `compared` says whether the other methods are rivals,
    not parts of the model. *Good* is a model without warnings that is ahead of its control on most numbers, and level
    with the best baseline or ahead of it on at least half; *poor* is one that is not ahead of its control, or that is
    behind the best baseline on all numbers.
    """
    found = [measure for measure in measures if np.isfinite(measure.values.get(own, np.nan))]
    learned = [(m, ahead(m, own, [control])) for m in found if control in m.values] if control else []
    rivals = {m.key: [name for name in m.values if name not in (own, control)] for m in found if compared}
    races = [(m, ahead(m, own, rivals[m.key])) for m in found if rivals.get(m.key)]
    paid = sum(sign > 0 for _, sign in learned)
    level = sum(sign >= 0 for _, sign in races)
    sentences = []
    if learned:
        much = "pays" if paid > len(learned) / 2 else "changes little" if paid else "does not pay"
        numbers = f"{paid} of {len(learned)} numbers" if len(learned) > 1 else "the only number compared"
        sentences.append(
            f"Learning {much}: {'' if paid or len(learned) > 1 else 'not '}better than {control} on {numbers}"
        )
    if races:
        behind = [f"{_inside(m.title)} ({best_of(m, rivals[m.key])})" for m, sign in races if sign < 0]
        tail = f"; behind in {listed(behind)}" if behind and level else ""
        sentences.append(
            f"Level with the best baseline or ahead of it on {level} of {len(races)}{tail}"
            if level
            else f"Never level with the best baseline: behind in {listed(behind)}"
        )
    n = len(warnings)
    sentences.append(f"The diagnosis has {n or 'no'} warning{'s' * (n != 1)}{', below' * (n > 0)}")
    poor = (bool(learned) and paid == 0) or (bool(races) and level == 0)
    good = not n and (not learned or paid > len(learned) / 2) and (not races or 2 * level >= len(races))
    return Verdict("poor" if poor else "good" if good else "mixed", ". ".join(sentences) + ".")


def ahead(measure: Any, own: str, others: Sequence[str]) -> int:
    """1 if a method is better than the best of others, -1 if it is worse, 0 if they are level."""
    mine, best = measure.values[own], measure.values.get(best_of(measure, others), np.nan)
    if not np.isfinite(best):
        return 1  # the others fail where it does not
    gain = (best - mine) if measure.better == "lower" else (mine - best)
    return 0 if abs(gain) <= LEVEL * max(abs(mine), abs(best)) else int(np.sign(gain))


def best_of(measure: Any, names: Sequence[str]) -> str:
    """The best of some methods."""
    known = [name for name in names if np.isfinite(measure.values.get(name, np.nan))]
    return (min if measure.better == "lower" else max)(known, key=lambda name: measure.values[name], default=names[0])


def listed(names: Sequence[str]) -> str:
    """Names as one reads them aloud; of more than three the first two."""
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _inside(title: str) -> str:
    """A title within a sentence; abbreviations keep their capitals."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
