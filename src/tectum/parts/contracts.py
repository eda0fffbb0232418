"""The contracts of the parts: which laws each role demands, and which of them each kind of loop asks for."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tectum.core.contract import Contract
from tectum.core.law import Law
from tectum.parts.adaptive_threshold import inhibited
from tectum.parts.device_weights import is_coarse, written
from tectum.parts.event_plasticity import memory, pair, unexplained
from tectum.parts.field_learning import contrast_gain, is_seen, moved_weight, winner_rate
from tectum.parts.input_spikes import fires, is_random
from tectum.parts.latency import faded, inhibition, silenced
from tectum.parts.lateral import lateral_weight
from tectum.parts.local_inhibition import balanced, echoed, stands
from tectum.parts.neurons import (
    adapt,
    conduct,
    crosses,
    crossing_delay,
    excitation_left,
    fresh,
    held,
    inhibition_left,
    jump,
    membrane,
    noise,
    opposed,
    recovery,
    refract,
    refractory,
    reset,
    rest,
    threshold,
)
from tectum.parts.norms import length_factor, needs_range, norm_factor, trim
from tectum.parts.plasticity import (
    bind,
    bounded,
    depress,
    inputs_depress,
    learning_rate,
    potentiate,
    shift,
    silence_counts,
)
from tectum.parts.poisson import enough, mean_interval, rate_factor
from tectum.parts.representation import adapted_threshold, delayed, evidence, excitability, softmax_share
from tectum.parts.sailnet import decorrelated, imprinted, relaxed
from tectum.parts.spike_counts import relative_drive, spike_chance
from tectum.parts.synapses import filter_current
from tectum.parts.teaching import taught
from tectum.parts.traces import input_trace, neuron_trace
from tectum.parts.wave_learning import growth, raised_threshold, reach, rescued_threshold, uptake

NEURON = Contract(
    "neuron",
    "Moves its potential with its input, fires, is reset, and may adapt to its own spikes.",
    (
        *(membrane, threshold, crosses, rest, reset, refractory, refract),
        *(adapt, jump, recovery, fresh, opposed),
        *(noise, held, conduct, excitation_left, inhibition_left, evidence, delayed, faded, crossing_delay),
    ),
    {
        "v_rest": "potential before the first step",
        "v_reset": "potential after a spike",
        "v_th": "potential from which it fires",
        "refractory": "steps after a spike in which the potential stays where it was reset to",
        "current_left": "share of the synaptic current that is left after a step; only for a race of latencies",
    },
    optional=(crossing_delay, membrane, evidence, conduct),  # a read-out, and three forms of the membrane
)
# What each kind of loop asks for; what is not here it cannot honour.
IN_MAPS = (membrane, threshold, crosses, crossing_delay, rest, reset, refractory, refract)
ADAPTING = (membrane, threshold, rest, reset, refractory, refract, jump, recovery)
ON_SHEETS = (
    *(membrane, threshold, crosses, rest, reset, refractory, refract),
    *(adapt, jump, recovery, fresh, opposed, noise, held),
)
RACING = (membrane, faded, rest, reset, refractory, refract)
IN_GRAPHS = (
    *(membrane, conduct, excitation_left, inhibition_left, threshold, crosses, rest, reset, refractory, refract),
    *(adapt, jump, recovery, fresh, opposed, noise, held),
)

RULE = Contract(
    "rule",
    "Changes a weight at the spikes of its neuron, and at those of its input, by the traces of the other.",
    (
        *(potentiate, depress, input_trace, neuron_trace, inputs_depress, silence_counts, shift),
        *(bind, learning_rate, bounded, pair, memory),
    ),
    {
        "memory_plus": "traces of an input by the lag of its last spike in steps, see `tectum.parts.traces.fading`",
        "memory_minus": "the same of a neuron; only with an equation for `depress`",
        "shift": "steps by which a pair counts as later than it was; without it none",
        "w_max": "upper bound of a weight; without it there is none",
    },
    optional=(bind, pair, memory),  # other forms of `potentiate` and `depress`
)
BY_TRACES = (potentiate, depress, input_trace, neuron_trace, inputs_depress, silence_counts)
# Where nothing but the rule changes a weight, the rule's own equations keep it within its bounds.
IN_MAPS_BY_TRACES = (*BY_TRACES, shift, bounded)
ON_PAIRS = (*BY_TRACES, shift, learning_rate, bounded)  # in graphs

RESIDUAL_RULE = Contract(
    "residual rule",
    "Changes the weights of a neuron that explains the input away by what is left of the input.",
    (unexplained, length_factor, learning_rate, is_coarse, written),
    {},
)
LOCAL_RULE = Contract(
    "local rule",
    "Changes feed-forward and feedback weights by what is left of the input, recurrent weights by what a spike leaves.",
    (unexplained, length_factor, learning_rate, balanced, echoed),
    {},
)
DECORRELATING_RULE = Contract(
    "decorrelating rule",
    "Changes feed-forward weights and inhibition after each presentation, by how often neurons have fired.",
    (imprinted, decorrelated, learning_rate),
    {},
)
SUPERVISED_RULE = Contract(
    "supervised rule",
    "Changes the weights of a neuron whose spikes are not those that a teacher asks for.",
    (taught, input_trace),
    {
        "memory_plus": "traces of an input by the lag of a spike in steps, which add up",
        "target": "spikes per presentation that the teacher asks of the neuron of the class",
    },
    reads=("target",),
)
WAVE_RULE = Contract(
    "wave rule",
    "Lets the weights of winners, or of units that fire, grow from the nodes that fire.",
    (growth, raised_threshold, rescued_threshold),
    {
        "eta_c": "growth of a competition threshold with the excess of its unit, per step",
        "fewest": "wins below which a unit is rescued; 0: none is",
        "rescue": "competition threshold of a rescued unit, over its largest input",
    },
)
FIELD_RULE = Contract(
    "field rule",
    "Lets units that share a field compete for patches of images.",
    (contrast_gain, is_seen, winner_rate, moved_weight, raised_threshold, length_factor),
    {"eta_c": "growth of a competition threshold with the excess of its unit"},
)
NORM = Contract(
    "norm",
    "Keeps something of the weights of a neuron constant.",
    (norm_factor, needs_range, trim, length_factor),
    {},
    optional=(length_factor,),  # another form of `norm_factor`
)
LATERAL = Contract("lateral profile", "Gives the weight between two neurons by their distance.", (lateral_weight,), {})
INHIBITION = Contract("inhibition", "Says what a spike does to the membranes of all others.", (inhibited,), {})
SYNAPSE = Contract("synapse", "Filters spikes into a current.", (filter_current,), {})
INPUT = Contract(
    "input",
    "Turns a value from 0 to 1 into spikes, asked step by step or interval by interval.",
    (fires, is_random, mean_interval),
    {"n_steps": "length of a presentation in steps"},
    reads=("n_steps",),
)
RETRY = Contract("retry", "Decides when a sample is shown once more, with higher rates.", (enough, rate_factor), {})
COMPETITION = Contract("competition", "Decides which neurons may fire.", (softmax_share,), {})
EXPLAINING = Contract("explaining competition", "Lets spikes explain the input away.", (excitability,), {})
LOCAL_COMPETITION = Contract(
    "local competition", "Lets spikes explain the input away after a delay.", (excitability, stands), {}
)
DECORRELATING = Contract("decorrelating competition", "Lets neurons leak and inhibit each other.", (relaxed,), {})
RACE = Contract(
    "race",
    "Lets the first spike silence the others for a moment.",
    (inhibition, silenced, faded),
    {"current_left": "share of the inhibitory current that is left after a step"},
)
ADAPTATION = Contract(
    "moving threshold",
    "Moves the threshold of a neuron with its spikes, in place of the neuron's own adaptation.",
    (adapt, jump),
    {},
)
THRESHOLD = Contract("threshold", "Moves a threshold that all neurons share.", (adapted_threshold,), {})
NEIGHBOURHOOD = Contract(
    "neighbourhood", "Says how far a unit takes others along, and how much it learns.", (reach, uptake), {}
)
SPIKE_COUNTS = Contract("response", "Drives a frozen network by images.", (spike_chance, relative_drive), {})

CONTRACTS: tuple[Contract, ...] = (
    *(
        NEURON,
        RULE,
        NORM,
        LATERAL,
        INPUT,
        THRESHOLD,
        ADAPTATION,
        INHIBITION,
        SYNAPSE,
        RETRY,
        COMPETITION,
        EXPLAINING,
        RACE,
    ),
    *(LOCAL_COMPETITION, LOCAL_RULE, RESIDUAL_RULE, DECORRELATING, DECORRELATING_RULE, SUPERVISED_RULE),
    *(WAVE_RULE, FIELD_RULE, NEIGHBOURHOOD, SPIKE_COUNTS),
)


def evidence_of(neuron: Any) -> tuple[Law[...], ...]:
    """Laws that a competition for evidence asks a neuron for: its own `evidence`, or else its membrane."""
    return (evidence if evidence.is_of(type(neuron)) else membrane, delayed, rest, refractory)


PAIRS = (pair, memory, learning_rate, bounded)


def of_graphs(norm: Any) -> tuple[Law[...], ...]:
    """Laws that a graph asks a norm for: its own `length_factor`, or else `norm_factor` with the mean alone."""
    return (length_factor,) if length_factor.is_of(type(norm)) else (norm_factor, trim)


def in_graphs(neuron: Any) -> tuple[Law[...], ...]:
    """Laws that a graph asks a neuron for: its own `conduct`, or else its membrane."""
    return tuple(
        law for law in IN_GRAPHS if law is not membrane or not conduct.is_of(type(neuron)) or law.is_of(type(neuron))
    )


def by_pairs(rule: Any) -> tuple[Law[...], ...]:
    """Laws that are asked for pairs of spikes: the rule's own `pair`, or else what it is made of."""
    kind = type(rule)
    if pair.is_of(kind):
        return (*PAIRS, *(law for law in BY_TRACES if law.is_of(kind)))
    return (*BY_TRACES, memory, learning_rate, bounded)


def check_unshifted(where: str, rule: Any) -> None:
    """Check that a rule does not move its window, where the loop could not.

    Raises
    ------
    ValueError
        If its `shift` is not 0.
    """
    steps = shift(rule)
    if steps != 0:
        raise ValueError(
            f"{where}.shift must be 0, got {steps} steps: only maps move the window of a rule; leave it out"
        )


class Use(NamedTuple):
    """What a parameter of a model asks of the part that it holds."""

    parameter: str  # "SpikingSOM.neuron"
    contract: Contract
    laws: tuple[Law[...], ...] | Callable[[Any], tuple[Law[...], ...]]  # or a function of the part
    case: str = ""  # with which other part, if not with all
    why: str = ""  # why no other laws are asked for
    instead: tuple[Law[...], ...] = ()  # laws that would do in place of these

    def laws_for(self, step: Any) -> tuple[Law[...], ...]:
        """Laws that a part is asked for."""
        return self.laws if isinstance(self.laws, tuple) else self.laws(step)


EXPLAINING_AWAY, SOFTMAX, LATENCIES, LOCAL = "ExplainingAway", "SoftmaxInhibition", "LatencyRace", "LocalInhibition"
SAILNET = "DecorrelatingInhibition"
ALIKE = "as neurons of a map do not adapt"
AT_ONCE = "as waves need every spike at once"
BY_INTERVALS = "as spikes are drawn by intervals"

USES: tuple[Use, ...] = (
    *(Use(f"SpikingSOM.{name}", NEURON, IN_MAPS, why=ALIKE) for name in ("input_neuron", "neuron")),
    *(Use(f"SpikingSOM.{name}", SYNAPSE, SYNAPSE.laws) for name in ("projection.synapse", "lateral_synapse")),
    Use("SpikingSOM.lateral", LATERAL, LATERAL.laws),
    Use("SpikingSOM.rule", RULE, IN_MAPS_BY_TRACES),
    Use("SpikingDictionary.encoder", INPUT, (is_random, fires), why="as inputs are asked step by step"),
    Use("SpikingDictionary.threshold", THRESHOLD, THRESHOLD.laws),
    Use("SpikingDictionary.rule", RESIDUAL_RULE, RESIDUAL_RULE.laws, EXPLAINING_AWAY),
    Use("SpikingDictionary.rule", LOCAL_RULE, LOCAL_RULE.laws, LOCAL),
    Use("SpikingDictionary.rule", DECORRELATING_RULE, DECORRELATING_RULE.laws, SAILNET),
    Use("SpikingDictionary.competition", DECORRELATING, DECORRELATING.laws, SAILNET),
    Use("SpikingDictionary.neuron", NEURON, evidence_of, SOFTMAX, "as the competition decides which neurons fire"),
    Use("SpikingDictionary.competition", COMPETITION, COMPETITION.laws, SOFTMAX),
    Use(
        "SpikingDictionary.neuron",
        NEURON,
        RACING,
        LATENCIES,
        "as each neuron races against the threshold of the dictionary",
    ),
    Use("SpikingDictionary.competition", RACE, RACE.laws, LATENCIES),
    *(Use("SpikingDictionary.rule", RULE, by_pairs, case, instead=PAIRS[:2]) for case in (SOFTMAX, LATENCIES)),
    Use("DiehlCook.encoder", INPUT, (mean_interval,), why=BY_INTERVALS),
    Use("DiehlCook.retry", RETRY, RETRY.laws),
    Use("DiehlCook.neuron", NEURON, ADAPTING, why="as adaptation fades by presentations"),
    Use("DiehlCook.inhibition", INHIBITION, INHIBITION.laws),
    Use("DiehlCook.rule", RULE, BY_TRACES, why="as weights are scaled after it"),
    Use("DiehlCook.norm", NORM, (norm_factor, trim), why="as weights are scaled by their mean"),
    Use("SpikingReadout.encoder", INPUT, (is_random, fires), why="as inputs are asked step by step"),
    Use("SpikingReadout.rule", SUPERVISED_RULE, SUPERVISED_RULE.laws),
    Use("Network.populations.neuron", NEURON, in_graphs, why="as a graph has one time step for all"),
    Use("Network.populations.rule", RULE, ON_PAIRS),
    Use("Network.populations.threshold", ADAPTATION, ADAPTATION.laws),
    Use("Network.populations.inhibition", INHIBITION, INHIBITION.laws),
    Use("Network.populations.norm", NORM, of_graphs, why="as a graph keeps means or lengths", instead=(length_factor,)),
    Use("MapHierarchy.maps.neuron", NEURON, in_graphs, why="as a graph has one time step for all"),
    Use("MapHierarchy.maps.inhibition.neuron", NEURON, in_graphs, why="as a graph has one time step for all"),
    Use("MapHierarchy.maps.rule", RULE, ON_PAIRS),
    Use("MapHierarchy.maps.threshold", ADAPTATION, ADAPTATION.laws),
    *(Use(f"MapHierarchy.maps.{name}", LATERAL, LATERAL.laws) for name in ("lateral", "spread")),
    *(Use(f"WaveNetwork.{name}", NEURON, ON_SHEETS, why=AT_ONCE) for name in ("first_neuron", "neuron")),
    Use("WaveNetwork.rule", WAVE_RULE, WAVE_RULE.laws),
    Use("WaveNetwork.normaliser", NORM, (norm_factor, needs_range, trim)),
    Use("WaveNetwork.neighbourhood", NEIGHBOURHOOD, NEIGHBOURHOOD.laws),
    Use("WaveNetwork.image_rule", FIELD_RULE, FIELD_RULE.laws, "FieldHebb"),
    Use("WaveNetwork.response", SPIKE_COUNTS, SPIKE_COUNTS.laws, "SpikeCounts"),
)
_USES = {(use.parameter, use.case): use for use in USES}


def check(parameter: str, step: Any, case: str = "") -> None:
    """Check a part, given as its constants of a step, against what a parameter asks for; see `Contract.check`."""
    use = _USES[parameter, case]
    use.contract.check(parameter, step, use.laws_for(step), why=use.why, instead=use.instead)
