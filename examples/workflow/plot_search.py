"""
Constants by search
===================

Every constant of every part has a name, so that scikit-learn's searches reach it. `score` is the negative error on
held-out samples; no labels are needed.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import GridSearchCV, KFold

import tectum

X = tectum.datasets.load("iris").data
som = tectum.SpikingSOM((6, 6), n_presentations=800, random_state=0)
radii = [0.8, 1.15, 2.0, 3.0, 4.0]
search = GridSearchCV(som, {"radius__end": radii}, cv=KFold(3, shuffle=True, random_state=0)).fit(X)

# %%
figure, ax = plt.subplots(figsize=(5, 3))
ax.errorbar(radii, -search.cv_results_["mean_test_score"], search.cv_results_["std_test_score"], marker="o")
ax.set(xlabel="radius of the neighbourhood at the end", ylabel="quantization error, held out (cm)")
print(search.best_params_)
