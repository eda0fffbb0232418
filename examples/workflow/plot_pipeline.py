"""
Numbers and categories in one table
===================================

Columns of text become columns of numbers by scikit-learn's own tools; the map is the last step of a pipeline and takes
data frames.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

import tectum
from tectum import analysis, plots

rng = np.random.default_rng(0)
kind = rng.choice(["bicycle", "car", "lorry"], 400)
mean = pd.Series(kind).map({"bicycle": (18, 0.1), "car": (70, 1.4), "lorry": (60, 12.0)})
table = pd.DataFrame(
    {
        "speed": [rng.normal(m[0], 8) for m in mean],
        "weight": [rng.lognormal(np.log(m[1]), 0.3) for m in mean],
        "fuel": np.where(kind == "bicycle", "none", np.where(rng.random(400) < 0.3, "electric", "diesel")),
    }
)

# %%
columns = make_column_transformer(
    (OneHotEncoder(), ["fuel"]), (QuantileTransformer(n_quantiles=50), ["speed", "weight"])
)
model = make_pipeline(columns, tectum.SpikingSOM((6, 6), n_presentations=3000, random_state=0)).fit(table)

som = model[-1]
winners = som.predict(model[0].transform(table))
names, kinds = np.unique(kind, return_inverse=True)
classes = analysis.label_units(winners, kinds, som.shape).reshape(som.shape)
plots.plot_label_map(classes, target_names=list(names), ax=plt.subplots(figsize=(5, 4))[1])
