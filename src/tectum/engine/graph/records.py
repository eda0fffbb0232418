"""What a graph of populations is made of: tables of constants, state, output and work space of its time loop."""

from typing import Any, NamedTuple

NEVER = -(2**40)  # step of an arrival that has not been
VOLLEY_DELAY = 1.0  # ms after which a clock sees the spikes that it follows
INPUT_STREAM, CLOCK_STREAM = 2**40, 2**41  # what random numbers are for, above the numbers of the populations
EXCITATORY, INHIBITORY = range(2)  # channels of a projection
UNIFORM, SPARSE, PLASTIC = range(3)  # kinds of its wiring
SOURCE, FROM_INPUT, TARGET, KIND, CHANNEL, DELAY, WEIGHTS, ARRIVALS, N_PRE = range(9)  # columns of `projections`
PERIOD, JITTER, PULSE, KAPPA, AIM, FOLLOWED, PHASE = range(7)  # columns of `clocks`


class GraphCircuit(NamedTuple):
    """Constants of a graph (IN); pop is a population, p a projection, s an input, k its spikes per cycle."""

    first: Any  # (n_pops + 1,) int64, first neuron of each population
    columns: Any  # (n_pops,) int64, of the grid on which its neurons stand, row by row
    neurons: Any  # (n_pops, 11) float32, fields of ConductanceStep
    thresholds: Any  # (n_pops, 3) float32, fields of ThresholdStep
    clocks: Any  # (n_pops, 7) float64: ms, ms, conductance, rad, rad, population (-1 none), ms; period 0 is no clock
    rules: Any  # (n_pops, 3) float32: eta, fields of ArrivalSTDPStep
    uses: Any  # (n_pops, 2) float32, fields of UseStep
    gates: Any  # (n_pops, 5) float32, fields of NoveltyStep
    memory: Any  # (n_pops, n_lags) float32, trace of an arrival by steps ago
    projections: Any  # (n_projections, 9) int64
    first_in: Any  # (n_pops + 1,) int64, projections in order of their targets
    gains: (
        Any  # (n_projections,) float32, conductance of a spike per unit of weight; of a UNIFORM one the weight itself
    )
    lengths: Any  # (n_projections,) float32, length that the weights of a neuron move towards
    paces: Any  # (n_projections,) float32, how fast
    row_start: Any  # sparse rows of the SPARSE ones, a row per presynaptic neuron; WEIGHTS is the first row
    column: Any  # int32, postsynaptic neuron within the target
    fixed: Any  # float32
    near_start: Any  # (n_neurons + 1,) sparse rows, a row per neuron: those that learn with it
    near: Any  # int32, within its population
    shares: Any  # float32, of the learning rate that their own use leaves them
    input_first: Any  # (n_inputs + 1,) int64, places in a row of `ranked`
    input_times: Any  # (n_inputs, 4) float64: period ms, onset ms after the clock's phase, code ms, jitter ms
    input_clock: Any  # (n_inputs,) int64, population whose clock it follows
    input_winners: Any  # (n_inputs,) int64, population whose last winners fire; -1: `ranked` says who does
    keeps: Any  # (n_inputs,) float32, share that is left of the winners before
    levels: Any  # normal_levels
    dt: Any  # float, ms
    chunk: Any  # int, steps
    cycle: Any  # int, steps
    frame: Any  # int, steps, a multiple of the cycle


class GraphState(NamedTuple):
    """State of a graph (INOUT): all that is needed to continue."""

    v: Any  # (n_neurons,) float32
    g_exc: Any  # (n_neurons,) float32
    g_inh: Any  # (n_neurons,) float32
    resting: Any  # (n_neurons,) float32, steps of refractoriness left
    raised: Any  # (n_neurons,) float32, threshold above the resting one
    eased: Any  # (n_neurons,) float32, by how much it is lower while the population is silent
    use: Any  # (n_neurons,) float32, frames in which it has learned; those with another one count by its share
    latency: Any  # (n_neurons,) float32, quantile of first-spike latencies, ms; -1 before the first
    weights: Any  # float32, of the PLASTIC projections, a row per postsynaptic neuron
    arrived: Any  # int64, step of the last arrival from each presynaptic neuron of the PLASTIC projections
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


class GraphOutput(NamedTuple):
    """What happened (OUT); arrays of length 0 record nothing, and recording stops when they are full."""

    counts: Any  # (n_frames, n_neurons) int32, spikes of each neuron in each frame
    latency: Any  # (n_frames, n_neurons) float32, ms from the start of the frame to its first spike, -1 none
    events: Any  # (capacity, 2) int64, step and neuron
    n_events: Any  # (1,) int64, may exceed the capacity
    field: Any  # (n_times, n_pops) float32, mean inhibitory conductance of each population


class GraphScratch(NamedTuple):
    """Work space (INOUT), contents irrelevant."""

    words: Any  # uint32, see `words_for`
    noise: Any  # (n_most,) float32
    spikes: Any  # (n_most inputs,) int32
    trace: Any  # (n_most inputs of a projection,) float32
    arrivals: Any  # (n_most inputs of a projection,) int64, those whose spikes have arrived in the last cycle
    learned: Any  # (n_neurons,) float32, 1 if it has learned in this frame, its share if it has with another one
    novelty: Any  # (n_pops,) float32, factor of the learning rate in this frame
