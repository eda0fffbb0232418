"""Products of samples with a fixed matrix, the same to the last bit however many samples are multiplied together.

Each sum runs over the features in their order, never in the order of a matrix product. Features that are 0 cost
nothing.
"""

import numpy as np

from tectum.core.kernel import kernel

FEATURES_AT_ONCE = 64  # features of the matrix that are read for all samples of a chunk, before the next
ZERO = np.float32(0.0)


@kernel
def project_dense(X, G, block, P):
    """P = X G, each sum in the order of the features.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, n_features)
        IN samples.
    G : ndarray of float32, shape (n_features, d)
        IN matrix.
    block : int
        IN features for which all rows are visited before the next.
    P : ndarray of float32, shape (n_rows, d)
        OUT projections.
    """
    P[:] = ZERO
    n_features = G.shape[0]
    for first in range(0, n_features, block):
        last = min(first + block, n_features)
        for m in range(X.shape[0]):
            p = P[m]
            for i in range(first, last):
                x = X[m, i]
                if x != ZERO:
                    g = G[i]
                    for j in range(p.shape[0]):
                        p[j] += x * g[j]


@kernel
def project_sparse(X, place, direction, sign, P):
    """P = X G for a sparse G, each sum in the order of the features.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, n_features)
        IN samples.
    place : ndarray of int64, shape (n_features + 1,)
        IN where the entries of each feature begin.
    direction : ndarray of int32, shape (n_entries,)
        IN column of each entry.
    sign : ndarray of float32, shape (n_entries,)
        IN +1 or -1.
    P : ndarray of float32, shape (n_rows, d)
        OUT projections.
    """
    P[:] = ZERO
    for m in range(X.shape[0]):
        for i in range(X.shape[1]):
            x = X[m, i]
            if x != ZERO:
                for e in range(place[i], place[i + 1]):
                    P[m, direction[e]] += sign[e] * x
