"""How sparse and how independent a code is, from spike counts.

Codes have shape (n_samples, n_components) and hold non-negative counts or rates: a unit is active in a sample where its
entry is above 0.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.analysis._checks import check_table


def active_units(C: ArrayLike) -> float:
    """Mean number of active units per sample, the length of the code (its L0 norm).

    Parameters
    ----------
    C : array-like of shape (n_samples, n_components)
        Non-negative counts.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``C`` is not a finite, non-negative 2-D array.

    Examples
    --------
    >>> active_units([[3, 0, 0], [1, 2, 0]])
    1.5
    """
    return float(np.count_nonzero(_check_code(C), axis=1).mean())


def silent_share(C: ArrayLike) -> float:
    """Share of samples for which no unit is active.

    Parameters
    ----------
    C : array-like of shape (n_samples, n_components)
        Non-negative counts.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If ``C`` is not a finite, non-negative 2-D array.

    Examples
    --------
    >>> silent_share([[3, 0, 0], [0, 0, 0]])
    0.5
    """
    return float(np.mean(~_check_code(C).any(axis=1)))


def dead_units(C: ArrayLike) -> int:
    """Number of units that are active in no sample.

    Parameters
    ----------
    C : array-like of shape (n_samples, n_components)
        Non-negative counts. Few samples leave units unused that are not dead.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If ``C`` is not a finite, non-negative 2-D array.

    Examples
    --------
    >>> dead_units([[3, 0, 0], [1, 2, 0]])
    1
    """
    return int(np.count_nonzero(~_check_code(C).any(axis=0)))


def usage_perplexity(C: ArrayLike) -> float:
    """Effective number of units in use: ``exp(-sum_j p_j log p_j)``, with p_j the share of unit j in all spikes.

    Parameters
    ----------
    C : array-like of shape (n_samples, n_components)
        Non-negative counts.

    Returns
    -------
    float
        From 1 (one unit fires all spikes) to n_components (all fire equally often); NaN without spikes.

    Raises
    ------
    ValueError
        If ``C`` is not a finite, non-negative 2-D array.

    References
    ----------
    F. Jelinek, R. L. Mercer, L. R. Bahl, J. K. Baker, "Perplexity: a measure of the difficulty of speech recognition
    tasks", Journal of the Acoustical Society of America 62:S63, 1977.

    Examples
    --------
    >>> usage_perplexity([[3, 0, 0], [0, 3, 0]])
    2.0
    """
    usage = _check_code(C).sum(axis=0)
    if not usage.any():
        return float("nan")
    shares = usage[usage > 0] / usage.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def treves_rolls(C: ArrayLike, axis: Literal["population", "lifetime"] = "population") -> float:
    """Sparseness ``a = <r>^2 / <r^2>`` of Treves & Rolls; small is sparse.

    It equals ``1 / (1 + CV^2)`` with the coefficient of variation of the rates, and ``k / n`` where k of n rates are
    equal and the rest 0.

    Parameters
    ----------
    C : array-like of shape (n_samples, n_components)
        Non-negative counts or rates; their unit drops out.
    axis : {"population", "lifetime"}, default="population"
        Average the rates of all units in one sample, then over the samples that are not silent; or those of one unit
        over all samples, then over the units that are not dead.

    Returns
    -------
    float
        From ``1 / n`` (one of n rates differs from 0) to 1 (all equal), with n the number of components or, over the
        lifetime, of samples; NaN without spikes.

    Raises
    ------
    ValueError
        If ``C`` is not a finite, non-negative 2-D array, or ``axis`` is unknown.

    References
    ----------
    A. Treves, E. T. Rolls, "What determines the capacity of autoassociative memories in the brain?", Network 2:371-397,
    1991. Over the stimuli that one neuron sees: E. T. Rolls, M. J. Tovee, "Sparseness of the neuronal representation of
    stimuli in the primate temporal visual cortex", Journal of Neurophysiology 73:713-726, 1995.

    Examples
    --------
    >>> round(treves_rolls([[3, 0, 0], [1, 2, 0]]), 2)
    0.47
    """
    if axis not in ("population", "lifetime"):
        raise ValueError(
            f"axis must be 'population' or 'lifetime', got {axis!r}; 'population' compares the units within a sample"
        )
    rates = _check_code(C)
    rates = rates if axis == "population" else rates.T
    rates = rates[rates.any(axis=1)]
    if len(rates) == 0:
        return float("nan")
    rates = rates / rates.max(axis=1, keepdims=True)  # the square of a large or tiny rate stays a float
    return float(np.mean(rates.mean(axis=1) ** 2 / np.square(rates).mean(axis=1)))


def component_correlation(C: ArrayLike) -> float:
    """Mean absolute Pearson correlation between columns: 0 where units respond independently (to first order).

    Parameters
    ----------
    C : array-like of shape (n_samples, n_components)
        Counts or rates, of either sign. ``components.T`` compares the components themselves instead of their use.

    Returns
    -------
    float
        Over all pairs of columns that vary, from 0 to 1; NaN when fewer than two do. Units of which exactly one is
        active at a time, each equally often, give 1 / (n_components - 1): a competitive code does not reach 0.

    Raises
    ------
    ValueError
        If ``C`` is not a finite 2-D array.

    Examples
    --------
    >>> round(component_correlation([[1, 0], [0, 1], [2, 0]]), 2)
    0.87
    """
    rates = check_table("C", C)
    rates = rates[:, np.ptp(rates, axis=0) > 0]
    n = rates.shape[1]
    if n < 2:
        return float("nan")
    correlations = np.abs(np.corrcoef(rates, rowvar=False))
    return float((correlations.sum() - np.trace(correlations)) / (n * (n - 1)))


def _check_code(C: ArrayLike) -> NDArray[np.float64]:
    """``C`` as a finite, non-negative table."""
    table = check_table("C", C)
    if table.min() < 0:
        raise ValueError(
            f"C must hold counts of 0 or more, got {table.min():g}; for signed coefficients pass numpy.abs(C)"
        )
    return table
