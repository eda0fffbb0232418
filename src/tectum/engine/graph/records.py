"""What a graph of populations is made of: tables of constants, state, output and work space of its time loop.

Parts of one role stand in one table, a named tuple of arrays with a row for each population (`tectum.core.records`), so
that laws are chosen by its type and any number of populations shares the compiled loop. There are two roles for
neurons, as a network has excitatory and inhibitory ones.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.bundle import bundle

NEVER = -(2**40)  # step of an arrival, or of a spike, that has not been
VOLLEY_DELAY = 1.0  # ms after which a clock sees the spikes that it follows
INPUT_STREAM, CLOCK_STREAM = 2**40, 2**41  # what random numbers are for, above the numbers of the populations
EXCITATORY, INHIBITORY = range(2)  # channels of a projection
UNIFORM, SPARSE, MARKED, PLASTIC = range(4)  # kinds of its wiring; MARKED: one weight for the pairs that bits mark
POPULATION, RANKED, EVENTS = range(3)  # kinds of its source
FREE, CROSSED = np.uint8(1), np.uint8(2)  # bits of a neuron: not refractory; at its threshold


class Projections(NamedTuple):
    """Constants of projections, each field (n_projections,); those onto one target stand together."""

    source: Any  # int64, population or input
    origin: Any  # int64, kind of the source
    target: Any  # int64
    kind: Any  # int64, of the wiring
    channel: Any  # int64
    delay: Any  # int64 steps
    weights: Any  # int64, place of the first weight; of a SPARSE one its first row, of a MARKED one its first word
    arrivals: Any  # int64, place of its first presynaptic neuron in the state
    n_pre: Any  # int64
    gain: Any  # float32, conductance of a spike per unit of weight; of UNIFORM and MARKED ones the weight itself


class Clocks(NamedTuple):
    """Clocks of populations, each field (n_pops,)."""

    period: Any  # float64 ms; 0 is no clock
    jitter: Any  # float64 ms
    pulse: Any  # float64, conductance
    kappa: Any  # float64 rad
    aim: Any  # float64 rad
    followed: Any  # int64, population; -1 none
    phase: Any  # float64 ms


class Inputs(NamedTuple):
    """Inputs that fire by rank in each cycle of a clock, each field (n_inputs,)."""

    clock: Any  # int64, population whose clock it follows
    winners: Any  # int64, population whose last winners fire; -1: `ranked` says who does
    period: Any  # float64 ms
    onset: Any  # float64 ms after the clock's phase
    t_enc: Any  # float64 ms, length of the code
    jitter: Any  # float64 ms
    keep: Any  # float32, share that is left of the winners before


@bundle
class GraphCircuit(NamedTuple):
    """Constants of a graph (IN); pop is a population, p a projection, s an input, k its spikes per cycle."""

    first: Any  # (n_pops + 1,) int64, first neuron of each population
    columns: Any  # (n_pops,) int64, of the grid on which its neurons stand, row by row
    role: Any  # (n_pops,) int64, 0: its neurons are in `neurons`, 1: in `others`
    neurons: Any  # table of neurons
    others: Any  # table of neurons of another type, None without one
    thresholds: Any  # table of what moves the thresholds of neurons that do not do so themselves
    moved: Any  # (n_pops,) bool, whether it does
    rules: Any  # table of rules
    plastic: Any  # (n_pops,) bool, whether its synapses learn
    uses: Any  # table of UseStep
    gates: Any  # table of NoveltyStep
    norms: Any  # table of norms, by projection
    normed: Any  # (n_projections,) bool, whether there is one
    inhibitions: Any  # table of what a spike does to all others at once
    single: Any  # (n_pops,) bool, whether it does, and one neuron fires in a step at most
    clocks: Any  # Clocks
    projections: Any  # Projections
    by_source: Any  # (n_projections,) bool, whether a copy of learned weights serves arrivals
    first_in: Any  # (n_pops + 1,) int64, projections in order of their targets
    row_start: Any  # sparse rows of the SPARSE ones, a row per presynaptic neuron
    column: Any  # int32, postsynaptic neuron within the target
    fixed: Any  # float32
    marks: Any  # uint64, rows of the MARKED ones: a bit per postsynaptic neuron, see `tables.mark`
    near_start: Any  # (n_neurons + 1,) sparse rows, a row per neuron: those that learn with it
    near: Any  # int32, within its population
    shares: Any  # float32, of the learning rate that their own use leaves them
    inputs: Any  # Inputs
    input_first: Any  # (n_inputs + 1,) int64, places in a row of `ranked`
    levels: Any  # normal_levels
    dt: Any  # float, ms
    chunk: Any  # int, steps
    cycle: Any  # int, steps
    frame: Any  # int, steps, a multiple of the cycle


@bundle
class GraphState(NamedTuple):
    """State of a graph (INOUT): all that is needed to continue."""

    v: Any  # (n_neurons,) float32
    g_exc: Any  # (n_neurons,) float32
    g_inh: Any  # (n_neurons,) float32
    resting: Any  # (n_neurons,) float32, steps of refractoriness left
    raised: Any  # (n_neurons,) float32, adaptation: by how much the threshold is above the resting one
    eased: Any  # (n_neurons,) float32, by how much it is lower while the population is silent
    use: Any  # (n_neurons,) float32, frames in which it has learned; those with another one count by its share
    latency: Any  # (n_neurons,) float32, quantile of first-spike latencies, ms; -1 before the first
    weights: Any  # float32, of the PLASTIC projections, a row per postsynaptic neuron
    arrived: Any  # int64, step of the last arrival from each presynaptic neuron of the PLASTIC projections
    last: Any  # (n_neurons,) int64, step of the last spike
    n_fired: Any  # (n_pops, ring) int64
    fired: Any  # (ring, n_neurons) int32
    pulse: Any  # (n_neurons,) int64, step of the next pulse of the clock
    cycle: Any  # (n_neurons,) int64, its number
    phase: Any  # (n_pops,) float64, ms
    turn: Any  # (n_pops,) int64, cycles in which the phase was adapted
    volley: Any  # (n_pops, 2) float64, sums of cosine and sine of the spikes' phases in this cycle
    recent: Any  # (n_inputs, n_neurons) float32, score in the frames before of the neurons whose winners fire
    began: Any  # (n_inputs,) int64, cycles of the input that have begun
    due: Any  # (n_inputs, ring) int32, first spike of the input in each step, -1 none
    after: Any  # (n_ranked,) int32, next one in the same step
    onset: Any  # (n_ranked,) int32, neuron of the input that fires with this rank in the present cycle
    silent: Any  # (n_pops,) int64, 1 if the population has not fired in the present cycle of its own
    clock: Any  # (1,) int64, steps since the start


@bundle
class Stimulus(NamedTuple):
    """What frames bring (IN)."""

    ranked: Any  # (n_frames, n_ranked) int32 neurons that fire by rank, strongest first, -1 where fewer do (INOUT)
    drive: Any  # (n_frames or 1, n_neurons) float32, input in mV beyond that of the neurons
    start: Any  # (1 + n_frames, n_event_inputs, frame + 1) int64, place in `events` of the first spike of each step;
    # the first row is of the frame before, of which spikes may still be in flight
    events: Any  # int32 neurons of the inputs that fire at given times


@bundle
class GraphOutput(NamedTuple):
    """What happened (OUT); arrays of length 0 record nothing, and recording stops when they are full."""

    counts: Any  # (n_frames, n_neurons) int32, spikes of each neuron in each frame
    latency: Any  # (n_frames, n_neurons) float32, ms from the start of the frame to its first spike, -1 none
    events: Any  # (capacity, 2) int64, step and neuron
    n_events: Any  # (1,) int64, may exceed the capacity
    offset: Any  # (1,) int64, added to the steps of events: those of the frames before, if each begins at step 0
    begin: Any  # (1,) int64, step at which what is kept once per ms begins
    field: Any  # (n_times, n_pops) float32, mean inhibitory conductance of each population, once per ms
    potentials: Any  # (n_times, n_neurons) float32, once per ms
    match: Any  # (n_frames, n_neurons) float32, see `recruitment.match`


@bundle
class GraphScratch(NamedTuple):
    """Work space (INOUT), contents irrelevant."""

    words: Any  # uint32, see `words_for`
    noise: Any  # (n_most,) float32
    nothing: Any  # (n_most,) float32, zeros (IN), in place of what a population does not have
    driven: Any  # (n_pops,) bool, whether it has input beyond that of the neurons in this frame
    flags: Any  # (n_most, and up to a word) uint8, FREE and CROSSED of each neuron in this step
    flag_words: Any  # the same memory as uint64
    by_source: Any  # (n_weights,) float32, copy of weights for arrivals, see `arrivals.copy_row`
    spikes: Any  # (n_most inputs,) int32
    trace: Any  # (n_most inputs of a projection,) float32
    arrivals: Any  # (n_most inputs of a projection,) int64, those whose spikes have arrived in the last cycle
    learned: Any  # (n_neurons,) float32, 1 if it has learned in this frame, its share if it has with another one
    novelty: Any  # (n_pops,) float32, factor of the learning rate in this frame
    winner: Any  # (n_pops,) int64, last neuron that was the first to fire in a cycle, -1 before any has
    owner: Any  # (n_pops,) int64, neuron that alone learns from this frame, -1 before any has fired
