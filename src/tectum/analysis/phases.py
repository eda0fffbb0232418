"""Phases of spikes and fields, and how closely they keep together.

Phases are in radians; times in ms. A *field* is one number per sample of time for a whole map, such as the mean
inhibitory conductance of its neurons.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, hilbert, sosfiltfilt

from tectum.analysis._checks import check_positive, check_signal, check_table, check_times

FILTER_ORDER = 3  # order of the Butterworth band-pass that `field_phases` runs forwards and backwards
GAMMA_HZ = (28.0, 58.0)  # band of an oscillation with a period of about 25 ms


class OrderParameter(NamedTuple):
    """How well several oscillations agree (Kuramoto 1984).

    Examples
    --------
    >>> kuramoto_order([[0.0, 0.0], [np.pi, np.pi]]).mean < 1e-9
    True
    """

    mean: float  # mean over time of R(t), 0 (no order) to 1 (one phase)
    sd: float  # standard deviation over time of R(t): metastability
    over_time: NDArray[np.float64]  # (n_times,), R(t)


def field_phases(
    field: ArrayLike, *, rate_hz: float = 1000.0, band_hz: tuple[float, float] = GAMMA_HZ
) -> NDArray[np.float64]:
    """Phase of a field at each of its samples: band-pass without delay, then the angle of the analytic signal.

    Parameters
    ----------
    field : array-like of shape (n_samples,)
    rate_hz : float, default=1000.0
        Samples per second.
    band_hz : tuple of float, default=(28.0, 58.0)
        Lower and upper edge of the band, a Butterworth filter of 3rd order run in both directions.

    Returns
    -------
    ndarray of shape (n_samples,)
        Radians in [-pi, pi]; 0 at the maxima of the filtered field. The first and last cycle feel the ends.

    Raises
    ------
    ValueError
        If the field is short or not finite, or the band does not lie between 0 and half the rate.

    Examples
    --------
    >>> field = np.cos(2 * np.pi * np.arange(500) / 25)
    >>> field_phases(field).shape
    (500,)
    """
    rate_hz = check_positive("rate_hz", rate_hz)
    low, high = band_hz
    if not 0 < low < high < rate_hz / 2:
        raise ValueError(
            f"band_hz must rise from above 0 to below half of rate_hz = {rate_hz:g}, got {band_hz!r}; "
            "choose a band around the frequency of the oscillation"
        )
    filtering = butter(FILTER_ORDER, (low, high), "bandpass", fs=rate_hz, output="sos")
    field = check_signal("field", field, least=3 * (2 * len(filtering) + 1) + 1)  # what sosfiltfilt pads with
    return np.angle(hilbert(sosfiltfilt(filtering, field)))


def spike_phases(
    time_ms: ArrayLike,
    field: ArrayLike,
    *,
    rate_hz: float = 1000.0,
    band_hz: tuple[float, float] = GAMMA_HZ,
    start_ms: float = 0.0,
) -> NDArray[np.float64]:
    """Phase of a field at the times of spikes, interpolated on the circle between its samples.

    Parameters
    ----------
    time_ms : array-like of shape (n_spikes,)
    field : array-like of shape (n_samples,)
        Covers all spikes: sample k was taken at ``start_ms + 1000 k / rate_hz``.
    rate_hz, band_hz
        As in `field_phases`.
    start_ms : float, default=0.0
        Time of the first sample.

    Returns
    -------
    ndarray of shape (n_spikes,)
        Radians in [-pi, pi].

    Raises
    ------
    ValueError
        As `field_phases`, and if a spike lies outside the field.

    Examples
    --------
    >>> field = np.cos(2 * np.pi * np.arange(500) / 25)
    >>> spike_phases([100.0, 112.5], field).shape
    (2,)
    """
    times = check_times("time_ms", time_ms)
    phasors = np.exp(1j * field_phases(field, rate_hz=rate_hz, band_hz=band_hz))
    at = (times - start_ms) * rate_hz / 1000.0
    if len(at) and (at.min() < 0 or at.max() >= len(phasors)):
        raise ValueError(
            f"time_ms must lie within the field, {start_ms:g} to {start_ms + 1000.0 * len(phasors) / rate_hz:g} ms, "
            f"got {times.min():g} to {times.max():g} ms; pass start_ms, or leave out the spikes beyond"
        )
    before = at.astype(np.intp)
    share = at - before
    after = np.minimum(before + 1, len(phasors) - 1)
    return np.angle((1.0 - share) * phasors[before] + share * phasors[after])


def clock_phases(time_ms: ArrayLike, period_ms: float, *, start_ms: float = 0.0) -> NDArray[np.float64]:
    """Phase of spikes in the cycles of a clock.

    Parameters
    ----------
    time_ms : array-like of shape (n_spikes,)
    period_ms : float
    start_ms : float, default=0.0
        Time of any tick of the clock, where the phase is 0.

    Returns
    -------
    ndarray of shape (n_spikes,)
        Radians in [0, 2 pi).

    Raises
    ------
    ValueError
        If the times are not finite or the period is not positive.

    Examples
    --------
    >>> clock_phases([0.0, 12.5, 25.0], 25.0).round(2)
    array([0.  , 3.14, 0.  ])
    """
    period_ms = check_positive("period_ms", period_ms)
    return 2.0 * np.pi * np.mod((check_times("time_ms", time_ms) - start_ms) / period_ms, 1.0)


def phase_locking_value(phases: ArrayLike, reference: ArrayLike = 0.0) -> float:
    """Length of the mean vector of phases, or of phase differences (Lachaux et al. 1999): ``|mean_k exp(i phi_k)|``.

    Parameters
    ----------
    phases : array-like of shape (n,)
    reference : array-like of shape (n,) or float, default=0.0
        Phases of the other signal at the same times.

    Returns
    -------
    float
        From 0 to 1; NaN without phases. Of n random phases it is about 1 / sqrt(n), not 0: see
        `pairwise_phase_consistency`.

    Raises
    ------
    ValueError
        If the phases are not finite, or the lengths differ.

    Examples
    --------
    >>> round(phase_locking_value([0.1, 0.2, 0.3]), 2)
    1.0
    """
    return abs(_mean_phasor(phases, reference))


def phase_lag(phases: ArrayLike, reference: ArrayLike = 0.0) -> float:
    """Circular mean of phases, or of phase differences.

    Parameters
    ----------
    phases : array-like of shape (n,)
    reference : array-like of shape (n,) or float, default=0.0
        Phases of the other signal at the same times.

    Returns
    -------
    float
        Radians in (-pi, pi], NaN without phases. A field that comes later than the reference has the smaller phase at
        one moment, so its lag is negative; spikes that come later in a cycle have the larger phase.

    Raises
    ------
    ValueError
        If the phases are not finite, or the lengths differ.

    Examples
    --------
    >>> round(phase_lag([0.1, 0.2, 0.3]), 2)
    0.2
    """
    return float(np.angle(_mean_phasor(phases, reference)))


def pairwise_phase_consistency(phases: ArrayLike, reference: ArrayLike = 0.0) -> float:
    """Mean cosine of the difference of two phases, over all pairs (Vinck et al. 2010).

    ``(|sum_k exp(i phi_k)|^2 - n) / (n (n - 1))``: an estimate without bias of the squared phase-locking value.

    Parameters
    ----------
    phases : array-like of shape (n,)
    reference : array-like of shape (n,) or float, default=0.0
        Phases of the other signal at the same times.

    Returns
    -------
    float
        1 for one phase, 0 on average for random ones, down to -1 / (n - 1); NaN for fewer than two.

    Raises
    ------
    ValueError
        If the phases are not finite, or the lengths differ.

    References
    ----------
    M. Vinck, M. van Wingerden, T. Womelsdorf, P. Fries, C. M. A. Pennartz, "The pairwise phase consistency: a bias-free
    measure of rhythmic neuronal synchronization", NeuroImage 51:112-122, 2010.

    Examples
    --------
    >>> round(pairwise_phase_consistency([0.1, 0.2, 0.3]), 2)
    0.99
    """
    n = np.size(phases)
    if n < 2:
        return float("nan")
    return float((abs(n * _mean_phasor(phases, reference)) ** 2 - n) / (n * (n - 1)))


def kuramoto_order(phases: ArrayLike) -> OrderParameter:
    """Order parameter of several oscillations, ``R(t) = |mean_m exp(i phi_m(t))|``.

    Parameters
    ----------
    phases : array-like of shape (n_maps, n_times)
        Phases of the maps at the same times, from `field_phases`.

    Returns
    -------
    OrderParameter
        Mean, standard deviation and course of R.

    Raises
    ------
    ValueError
        If ``phases`` is not a finite 2-D array.

    Examples
    --------
    >>> kuramoto_order([[0.0, 1.0], [0.0, 1.0]]).mean
    1.0
    """
    over_time = np.abs(np.exp(1j * check_table("phases", phases)).mean(axis=0))
    return OrderParameter(float(over_time.mean()), float(over_time.std()), over_time)


def _mean_phasor(phases: ArrayLike, reference: ArrayLike) -> complex:
    phases, reference = check_signal("phases", phases, least=0), np.asarray(reference, dtype=np.float64)
    if reference.shape not in ((), phases.shape) or not np.isfinite(reference).all():
        raise ValueError(
            f"reference must be a number or have a finite phase for each of the {len(phases)} phases, "
            f"got shape {reference.shape}; take both at the same times"
        )
    return complex(np.exp(1j * (phases - reference)).mean()) if len(phases) else complex("nan")
