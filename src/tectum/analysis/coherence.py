"""Coherence of signals in a band of frequencies, and its direction.

Signals are one number per sample of time, ``rate_hz`` samples a second: fields, or spikes counted in bins.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from tectum.analysis._checks import check_count, check_positive, check_same_length, check_signal, check_times


class Coherence(NamedTuple):
    """Magnitude-squared coherence over frequencies.

    Examples
    --------
    >>> Coherence(np.arange(3.0), np.ones(3)).value.max()
    np.float64(1.0)
    """

    frequency_hz: NDArray[np.float64]  # (n_frequencies,)
    value: NDArray[np.float64]  # (n_frequencies,), 0 to 1


class Granger(NamedTuple):
    """How much the past of one signal improves the prediction of the other, in nats; 0 for not at all.

    Examples
    --------
    >>> Granger(0.2, 0.0, 0.1).x_to_y
    0.2
    """

    x_to_y: float
    y_to_x: float
    instantaneous: float  # what neither past explains: common input, or an exchange faster than a sample


class SpectralGranger(NamedTuple):
    """Granger causality over frequencies; the mean over the band up to half the rate is that in time.

    Examples
    --------
    >>> SpectralGranger(np.arange(3.0), np.ones(3), np.zeros(3)).x_to_y.mean()
    np.float64(1.0)
    """

    frequency_hz: NDArray[np.float64]  # (n_frequencies,)
    x_to_y: NDArray[np.float64]  # (n_frequencies,), nats
    y_to_x: NDArray[np.float64]  # (n_frequencies,), nats


def field_coherence(x: ArrayLike, y: ArrayLike, *, rate_hz: float = 1000.0, segment: int = 256) -> Coherence:
    """Magnitude-squared coherence ``|S_xy|^2 / (S_xx S_yy)`` of two signals (Welch's method, Hann windows).

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
    rate_hz : float, default=1000.0
        Samples per second.
    segment : int, default=256
        Samples per segment, half of them shared with the next: frequencies are ``rate_hz / segment`` apart. With
        n independent segments, unrelated signals have a coherence of about 1 / n; a single one always gives 1.

    Returns
    -------
    Coherence

    Raises
    ------
    ValueError
        If the signals differ in length, or are shorter than two segments.

    Examples
    --------
    >>> x = np.sin(np.arange(2000) / 4)
    >>> found = field_coherence(x, x + 0.1 * np.random.default_rng(0).standard_normal(2000))
    >>> bool(found.value.max() > 0.9)
    True
    """
    rate_hz = check_positive("rate_hz", rate_hz)
    segment = check_count("segment", segment, least=2)
    x, y = check_signal("x", x), check_signal("y", y)
    check_same_length(x=x, y=y)
    if len(x) < 2 * segment:
        raise ValueError(
            f"x and y must have at least two segments of {segment} samples, got {len(x)}; "
            "pass longer signals or a smaller segment"
        )
    return Coherence(*signal.coherence(x, y, fs=rate_hz, nperseg=segment))


def spike_field_coherence(
    time_ms: ArrayLike, field: ArrayLike, *, rate_hz: float = 1000.0, start_ms: float = 0.0, segment: int = 256
) -> Coherence:
    """Coherence of spikes, counted in bins of one sample, with a field.

    Parameters
    ----------
    time_ms : array-like of shape (n_spikes,)
        Spikes of one neuron, or of a population together; those outside the field are left out.
    field : array-like of shape (n_samples,)
        Sample k was taken at ``start_ms + 1000 k / rate_hz``.
    rate_hz, segment
        As in `field_coherence`.
    start_ms : float, default=0.0
        Time of the first sample.

    Returns
    -------
    Coherence

    Raises
    ------
    ValueError
        As `field_coherence`.

    Examples
    --------
    >>> field = np.sin(2 * np.pi * np.arange(4000) / 25)
    >>> found = spike_field_coherence(np.arange(6.0, 4000.0, 25.0), field)
    >>> found.frequency_hz.shape
    (129,)
    """
    field = check_signal("field", field)
    place = (check_times("time_ms", time_ms) - start_ms) * (check_positive("rate_hz", rate_hz) / 1000.0)
    sample = np.floor(place + 1e-6)  # a spike on the grid belongs to the sample that it coincides with
    inside = sample[(sample >= 0) & (sample < len(field))].astype(np.intp)
    counts = np.bincount(inside, minlength=len(field))
    return field_coherence(counts, field, rate_hz=rate_hz, segment=segment)


def granger_causality(x: ArrayLike, y: ArrayLike, *, order: int = 30) -> Granger:
    """Granger causality of two signals in time (Geweke 1982), from least-squares fits of autoregressive models.

    ``x_to_y = log(variance of y's residual from its own past / from both pasts)``.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        Stationary signals; their means are removed.
    order : int, default=30
        Samples of the past that a prediction uses.

    Returns
    -------
    Granger
        Estimates from n samples are positive by about ``order / n`` without any influence.

    Raises
    ------
    ValueError
        If the signals differ in length, or are too short for the order.

    References
    ----------
    J. Geweke, "Measurement of linear dependence and feedback between multiple time series", Journal of the American
    Statistical Association 77:304-313, 1982.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal(2000)
    >>> y = np.roll(x, 2) + 0.5 * np.random.default_rng(1).standard_normal(2000)
    >>> found = granger_causality(x, y, order=5)
    >>> bool(found.x_to_y > 10 * found.y_to_x)
    True
    """
    signals = _check_pair(x, y, order)
    together = _fit(signals, order)[1]
    alone = [float(_fit(signals[:, [k]], order)[1].item()) for k in (0, 1)]
    instantaneous = together[0, 0] * together[1, 1] / np.linalg.det(together)
    return Granger(
        float(np.log(alone[1] / together[1, 1])), float(np.log(alone[0] / together[0, 0])), float(np.log(instantaneous))
    )


def spectral_granger(
    x: ArrayLike, y: ArrayLike, *, order: int = 30, rate_hz: float = 1000.0, n_frequencies: int = 257
) -> SpectralGranger:
    """Granger causality of two signals over frequencies (Geweke 1982).

    ``y_to_x(f) = log S_xx(f) / (S_xx(f) - (C_yy - C_xy^2 / C_xx) |H_xy(f)|^2)`` with the covariance C of the residuals
    and the transfer function H of an autoregressive model, and ``S = H C H*``.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        Stationary signals; their means are removed.
    order : int, default=30
        Samples of the past in the model.
    rate_hz : float, default=1000.0
        Samples per second.
    n_frequencies : int, default=257
        Frequencies from 0 to half the rate.

    Returns
    -------
    SpectralGranger

    Raises
    ------
    ValueError
        As `granger_causality`.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal(2000)
    >>> y = np.roll(x, 2) + 0.5 * np.random.default_rng(1).standard_normal(2000)
    >>> found = spectral_granger(x, y, order=5)
    >>> bool(found.x_to_y.mean() > found.y_to_x.mean())
    True
    """
    signals = _check_pair(x, y, order)
    past, C = _fit(signals, order)
    turns = np.linspace(0.0, 0.5, check_count("n_frequencies", n_frequencies, least=2))
    delays = np.exp(-2j * np.pi * turns[:, np.newaxis] * np.arange(1, order + 1))
    H = np.linalg.inv(np.eye(2) - np.einsum("fk,kij->fij", delays, past))
    S = np.einsum("fij,jk,flk->fil", H, C, H.conj()).real
    flows = [
        np.log(S[:, to, to] / (S[:, to, to] - (C[of, of] - C[0, 1] ** 2 / C[to, to]) * np.abs(H[:, to, of]) ** 2))
        for of, to in ((0, 1), (1, 0))
    ]
    return SpectralGranger(turns * check_positive("rate_hz", rate_hz), *flows)


def _check_pair(x: ArrayLike, y: ArrayLike, order: int) -> NDArray[np.float64]:
    """The signals as columns (n_samples, 2) without their means."""
    check_count("order", order)
    x, y = check_signal("x", x), check_signal("y", y)
    check_same_length(x=x, y=y)
    if len(x) < 4 * order:
        raise ValueError(
            f"x and y must have at least 4 * order = {4 * order} samples, got {len(x)}; pass longer signals or a "
            "smaller order"
        )
    signals = np.stack([x, y], axis=1)
    if np.ptp(signals, axis=0).min() == 0:
        raise ValueError("x and y must vary, got a constant signal; leave out maps that are silent")
    return signals - signals.mean(axis=0)


def _fit(signals: NDArray[Any], order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (order, n, n) of an autoregressive model of n signals, and the residuals' covariance (n, n)."""
    n_samples, n = signals.shape
    past = np.concatenate([signals[order - k : n_samples - k] for k in range(1, order + 1)], axis=1)
    present = signals[order:]
    weights = np.linalg.lstsq(past, present, rcond=None)[0]
    residuals = present - past @ weights
    return weights.reshape(order, n, n).transpose(0, 2, 1), residuals.T @ residuals / len(residuals)
