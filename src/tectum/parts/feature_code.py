"""Latency codes of wide, non-negative feature vectors: which inputs fire for a sample, and in which order.

A frame of video is some 30,000 activations of a convolutional network, of which neighbours in time are almost the same.
Both codes keep only the order of the strongest: the input of rank r of k fires at ``t = t_enc r / k``, all others are
silent.
"""

from typing import NamedTuple

from tectum.core.ranges import AtLeastOne, Count, NonNegative, Positive, PositiveShare


class RandomProjection(NamedTuple):
    """The features are projected on fixed random directions, each of which has an ON and an OFF input.

    ``p = G^T a / |G^T a|``, optionally less a slow running mean, and ``u = [max(p, 0), max(-p, 0)]``: the k largest
    of u fire. Distances survive a random projection (Johnson & Lindenstrauss 1984), typical error 1 / sqrt(2 d).

    Examples
    --------
    >>> RandomProjection()
    RandomProjection(d=256, k=50, t_enc=20.0, jitter=0.5, center_tau=None, density=None)
    """

    d: Count = 256  # directions; there are 2 d inputs, the ON inputs first
    k: Count = 50  # inputs that fire for a sample, at most
    t_enc: Positive = 20.0  # ms from the first spike of a sample to its last
    jitter: NonNegative = 0.5  # ms, standard deviation of a spike's time
    center_tau: AtLeastOne | None = None  # samples, time constant of a mean that is subtracted; slower than scenes
    density: PositiveShare | None = None  # share of entries of G that are +1 or -1, others 0; None: all Gaussian


class Ranked(NamedTuple):
    """The k strongest features fire themselves, each in an input of its own.

    Rank-order code (Thorpe & Gautrais 1998). With `channels` the features are first divided by the mean of their
    channel, so that a loud channel does not take all the spikes.

    Examples
    --------
    >>> Ranked()
    Ranked(k=350, t_enc=20.0, jitter=0.5, channels=None, channel_tau=3000.0)
    """

    k: Count = 350  # features that fire for a sample, at most
    t_enc: Positive = 20.0  # ms from the first spike of a sample to its last
    jitter: NonNegative = 0.5  # ms, standard deviation of a spike's time
    channels: Count | None = None  # channels, whose features stand together (channel, row, column); None: no scaling
    channel_tau: AtLeastOne = 3000.0  # samples, time constant of the mean of a channel
