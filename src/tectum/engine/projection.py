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

    IN X (n_rows, n_features), G (n_features, d), and `block`, features for which all rows are visited before the next.
    OUT P (n_rows, d). All are float32.
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

    IN X (n_rows, n_features), `place` (n_features + 1,) where the entries of each feature begin, their columns
    `direction` (n_entries,) and values `sign` (n_entries,). OUT P (n_rows, d).
    """
    P[:] = ZERO
    for m in range(X.shape[0]):
        for i in range(X.shape[1]):
            x = X[m, i]
            if x != ZERO:
                for e in range(place[i], place[i + 1]):
                    P[m, direction[e]] += sign[e] * x
