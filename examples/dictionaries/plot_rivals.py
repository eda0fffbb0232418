"""
What a few spikes can carry
===========================

The error that remains, beside k-means, which uses one component for a sample, principal components, and sparse coding
with as many active components. Untrained components show what the code does by itself.
"""

import matplotlib.pyplot as plt
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, DictionaryLearning

import tectum
from tectum.analysis import reconstruction_error

X = load_digits().data / 16
train, test = X[:1000], X[1000:]
active = 4

learned = tectum.SpikingDictionary(48, n_active=active, random_state=0).fit(train)
untrained = tectum.SpikingDictionary(48, n_active=active, n_presentations=1, random_state=0).fit(train)
means = KMeans(48, n_init=1, random_state=0).fit(train)
components = PCA(active).fit(train)
coding = DictionaryLearning(
    48, alpha=0.1, max_iter=5, fit_algorithm="cd", transform_algorithm="omp", transform_n_nonzero_coefs=active
).fit(train)
restored = {
    "untrained dictionary": untrained.inverse_transform(untrained.transform(test)),
    "k-means, 1 active": means.cluster_centers_[means.predict(test)],
    f"PCA, {active} components": components.inverse_transform(components.transform(test)),
    "spiking dictionary": learned.inverse_transform(learned.transform(test)),
    "sparse coding": coding.transform(test) @ coding.components_,
}

# %%
figure, ax = plt.subplots(figsize=(6, 2.8))
ax.barh(list(restored), [reconstruction_error(test, back) for back in restored.values()])
ax.set_xlabel("RMS error on held-out digits")
