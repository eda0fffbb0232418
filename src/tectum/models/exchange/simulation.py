"""A plain simulation of graphs of NIR, to measure what an export is worth before it goes to a chip."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 16  # samples


def in_parts(X: NDArray[Any], look: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
    """What is found of the samples X, `AT_ONCE` at a time."""
    return np.concatenate([look(part) for part in np.array_split(X, max(1, -(-len(X) // AT_ONCE)))])


def run_graph(graph: Any, spikes: NDArray[Any], dt_ms: float) -> NDArray[np.float32]:
    """What a graph puts out (n_samples, n_steps, n_outputs), float32, step by step, by forward Euler of `dt_ms`.

    `spikes` (n_samples, n_steps, n_inputs) enter. Along an edge that closes a circle things arrive a step later, along
    all others in the same step. ValueError for nodes other than Input, Output, Affine, Linear, Scale, Threshold, Delay,
    I, IF, LI, LIF and CubaLIF.
    """
    dt, n_samples = 1e-3 * dt_ms, len(spikes)
    known = {kind.__name__: kind for kind in NodeOf.__subclasses__()}
    steps = {name: _step_of(name, node, known, dt, n_samples) for name, node in graph.nodes.items()}
    order, late = in_order(graph)
    into: dict[str, list[str]] = {name: [a for a, b in graph.edges if b == name] for name in graph.nodes}
    last: dict[str, Any] = {}
    found = []
    for t in range(spikes.shape[1]):
        now: dict[str, Any] = {}
        for name in order:
            if not into[name]:
                now[name] = spikes[:, t].astype(np.float32)
                continue
            arrived = [last.get(a) if (a, name) in late else now[a] for a in into[name]]
            total = sum(value for value in arrived if value is not None)
            now[name] = steps[name](total)
        last = now
        found.append(now[next(name for name, node in graph.nodes.items() if type(node).__name__ == "Output")])
    return np.stack(found, axis=1)


def in_order(graph: Any) -> tuple[list[str], set[tuple[str, str]]]:
    """Nodes so that what drives a node comes before it, and the edges that close circles."""
    after: dict[str, list[str]] = {name: [b for a, b in graph.edges if a == name] for name in graph.nodes}
    done: list[str] = []
    open_: set[str] = set()
    late: set[tuple[str, str]] = set()
    stack = [(name, iter(after[name])) for name, node in graph.nodes.items() if type(node).__name__ == "Input"]
    open_ |= {name for name, _ in stack}
    while stack:
        name, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            done.append(name)
            open_.discard(name)
            stack.pop()
        elif following in open_:
            late.add((name, following))
        elif following not in done:
            open_.add(following)
            stack.append((following, iter(after[following])))
    return done[::-1], late


def _step_of(name: str, node: Any, known: dict[str, Any], dt: float, n_samples: int) -> Any:
    kind = type(node).__name__
    if kind not in known:
        raise ValueError(f"node {name!r} must be one of {', '.join(known)}, got {kind}; leave it out, or replace it")
    return known[kind](node, dt, n_samples)


class NodeOf:
    """A node in steps; subclasses are named as the nodes of NIR."""

    def __init__(self, node: Any, dt: float, n_samples: int) -> None:
        self.node, self.dt = node, dt
        shape = (n_samples, *np.atleast_1d(next(iter(node.input_type.values()))))
        self.v, self.current = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        if hasattr(node, "v_leak"):
            self.v += np.asarray(node.v_leak, np.float32)

    def __call__(self, x: Any) -> Any:
        """What the node puts out in a step, given its input (n_samples, n)."""
        return x

    def fired(self) -> NDArray[np.float32]:
        """Spikes of neurons above their thresholds, which are reset."""
        above = self.v > self.node.v_threshold
        self.v = np.where(above, self.node.v_reset, self.v).astype(np.float32)
        return above.astype(np.float32)

    def leak(self, tau: Any, x: Any) -> None:
        """An Euler step of tau dv/dt = v_leak - v + r x."""
        self.v += np.float32(self.dt) / tau * (self.node.v_leak - self.v + self.node.r * x)


class Input(NodeOf):
    """What comes in."""


class Output(NodeOf):
    """What goes out."""


class Linear(NodeOf):
    """A matrix (n_out, n_in)."""

    def __call__(self, x: Any) -> Any:
        return x @ self.node.weight.T


class Affine(NodeOf):
    """A matrix and a bias."""

    def __call__(self, x: Any) -> Any:
        return x @ self.node.weight.T + self.node.bias


class Scale(NodeOf):
    """Numbers of its own for each line."""

    def __call__(self, x: Any) -> Any:
        return x * self.node.scale


class Threshold(NodeOf):
    """1 above the threshold."""

    def __call__(self, x: Any) -> Any:
        return (x > self.node.threshold).astype(np.float32)


class Delay(NodeOf):
    """Whole steps later."""

    def __init__(self, node: Any, dt: float, n_samples: int) -> None:
        super().__init__(node, dt, n_samples)
        self.steps = np.rint(np.asarray(node.delay) / dt).astype(int)
        self.past = np.zeros((int(self.steps.max()) + 1, *self.v.shape), np.float32)

    def __call__(self, x: Any) -> Any:
        self.past = np.roll(self.past, 1, axis=0)
        self.past[0] = x
        return self.past[self.steps, :, np.arange(len(self.steps))].T


class I(NodeOf):  # noqa: E742  as NIR has it
    """An integrator without a threshold."""

    def __call__(self, x: Any) -> Any:
        self.v = self.v + np.float32(self.dt) * self.node.r * x
        return self.v


class IF(NodeOf):
    """An integrator that fires and is reset."""

    def __call__(self, x: Any) -> Any:
        self.v = self.v + np.float32(self.dt) * self.node.r * x
        return self.fired()


class LI(NodeOf):
    """A leaky integrator without a threshold."""

    def __call__(self, x: Any) -> Any:
        self.leak(self.node.tau, x)
        return self.v


class LIF(NodeOf):
    """A leaky integrator that fires and is reset."""

    def __call__(self, x: Any) -> Any:
        self.leak(self.node.tau, x)
        return self.fired()


class CubaLIF(NodeOf):
    """The same, driven by a current that falls exponentially."""

    def __call__(self, x: Any) -> Any:
        self.current += np.float32(self.dt) / self.node.tau_syn * (self.node.w_in * x - self.current)
        self.leak(self.node.tau_mem, self.current)
        return self.fired()
