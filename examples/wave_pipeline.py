"""
A pipeline of three kinds of network
====================================

Three layers that learn without labels, one after another, on the digits that come with scikit-learn: a sheet that waves
wire before it sees any image, a dictionary of sparse features of what that sheet pools, and a map that lays the
features out so that similar digits lie side by side.
"""

# %%
# Each stage is a scikit-learn transformer, so together they are a `Pipeline`. The first needs no data to be wired:
# `grow` lets waves of spontaneous activity do that, and what images could still change is frozen, as the layer is only
# to pool.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tectum import SpikingDictionary, SpikingSOM, WaveNetwork, datasets, plots
from tectum.parts import Sheet

SIDE = 8  # pixels of a digit
GROWTH_MS = 23_000.0
N_FEATURES, N_ACTIVE = 24, 16.0  # a map needs inputs of which most say something
N_SHOWN = 8


def build(seed: int = 0, duration: float = 1.0) -> Pipeline:
    """The three stages; `duration` scales how long each learns."""
    waves = WaveNetwork((Sheet((SIDE, SIDE)), Sheet(100)), random_state=seed).grow(GROWTH_MS * duration)
    n_features, n_map = int(15_000 * duration), int(4_000 * duration)
    dictionary = SpikingDictionary(N_FEATURES, n_active=N_ACTIVE, n_presentations=n_features, random_state=seed)
    som = SpikingSOM((10, 10), n_presentations=n_map, random_state=seed)
    return Pipeline([("waves", FrozenEstimator(waves)), ("dictionary", dictionary), ("map", som)])


# %%
# What does a stage add, and what does it cost? Three numbers after each: how well a linear read-out tells the digits
# apart, which labels then enter for the first time; how much of an image can be had back by going down through the
# stages again; and, for a map that learns from what the stage gives, how often the best and the second best neuron for
# an image are no neighbours.


def readout(features: np.ndarray, labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> float:
    """Percentage of test images that a linear read-out classifies correctly."""
    classifier = make_pipeline(StandardScaler(), RidgeClassifier(alpha=10.0))
    return 100.0 * classifier.fit(features, labels).score(test, test_labels)


def standard(images: np.ndarray) -> np.ndarray:
    """Images in units of their standard deviation around their mean, which is what the first sheet pools."""
    return (images - images.mean(axis=1, keepdims=True)) / images.std(axis=1, keepdims=True)


def error(images: np.ndarray, back: np.ndarray) -> float:
    """Percentage of the variance around the mean image that does not come back."""
    return 100.0 * float(np.mean((images - back) ** 2) / np.mean((images - images.mean(axis=0)) ** 2))


def measure(pipeline: Pipeline, X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray) -> dict:
    """The three numbers after each stage of a fitted pipeline, and test images as they come back from each."""
    waves, dictionary, som = pipeline[0].estimator, pipeline[1], pipeline[2]
    stages = {"pixels": (X, X_test)}
    for name, stage in (("pooled by waves", waves), ("dictionary", dictionary), ("map", som)):
        stages[name] = tuple(stage.transform(part) for part in list(stages.values())[-1])
    pooled_back = {
        "pixels": None,
        "pooled by waves": stages["pooled by waves"][1],
        "dictionary": dictionary.inverse_transform(stages["dictionary"][1]),
        "map": dictionary.inverse_transform(som.codebook_[som.predict(stages["dictionary"][1])]),
    }
    images, rows, back = standard(X_test), {}, {}
    for name, (features, test) in stages.items():
        pooled = pooled_back[name]
        back[name] = images if pooled is None else waves.inverse_transform(pooled)
        row = {"read-out %": readout(features, y, test, y_test), "variance lost %": error(images, back[name])}
        if name == "dictionary":
            row["topographic error"] = som.topographic_error(test)
        elif name != "map":
            other = SpikingSOM(som.shape, n_presentations=som.n_presentations, random_state=0).fit(features)
            row["topographic error"] = other.topographic_error(test)
        rows[name] = row
    return {"rows": rows, "back": back, "images": images}


def table(rows: dict[str, dict[str, float]]) -> str:
    """The numbers as text."""
    columns = list(next(iter(rows.values())))
    lines = [f"{'after':18s}" + "".join(f"{column:>20s}" for column in columns)]
    for name, row in rows.items():
        lines.append(f"{name:18s}" + "".join(f"{row[c]:20.2f}" if c in row else f"{'':20s}" for c in columns))
    return "\n".join(lines)


# %%
# Half of the 1,797 digits teach, half test.


def run(seed: int = 0, duration: float = 1.0) -> tuple[Pipeline, dict]:
    """Fit the pipeline to the digits and measure its stages."""
    data = datasets.load("digits")
    X, X_test, y, y_test = train_test_split(data.data, data.target, test_size=0.5, random_state=seed)
    pipeline = build(seed, duration).fit(X)
    return pipeline, measure(pipeline, X, y, X_test, y_test)


# %%
# Pictures: fields that waves have grown on the pixels, what the neurons of the dictionary prefer and what those of the
# map prefer, both drawn as images by going back through the stages below, and images that come back from each stage.


def draw(pipeline: Pipeline, measured: dict) -> plt.Figure:
    """Four panels, from the wiring to the images."""
    waves, dictionary, som = pipeline[0].estimator, pipeline[1], pipeline[2]
    shape = (SIDE, SIDE)
    with plots.style():
        figure, axes = plt.subplots(2, 2, figsize=(11.0, 10.0), layout="constrained")
        fields = waves.receptive_fields_(1)[:60]
        plots.plot_components(fields, shape, label="share of the field", ax=axes[0, 0])
        axes[0, 0].set_title("Fields that waves have grown (60 of 100)")
        seen = waves.inverse_transform(dictionary.components_)
        plots.plot_components(seen, shape, symmetric=True, label="units of the image's deviation", ax=axes[0, 1])
        axes[0, 1].set_title("What the dictionary has learned on them")
        prefers = waves.inverse_transform(dictionary.inverse_transform(som.codebook_))
        plots.plot_codebook_images(prefers, som.shape, shape, label="units of the image's deviation", ax=axes[1, 0])
        axes[1, 0].set_title("What each neuron of the map prefers")
        shown = {
            name: back[:N_SHOWN].reshape(-1, *shape) for name, back in measured["back"].items() if name != "pixels"
        }
        plots.plot_reconstructions(measured["images"][:N_SHOWN].reshape(-1, *shape), shown, ax=axes[1, 1])
        axes[1, 1].set_title("Images that come back from each stage")
    return figure


# %%
# The table and the figure. A wave-grown layer sees less of a digit than there is, as it pools; what it keeps is local,
# and so are the features that the dictionary finds. The map gives up most of the image for one place in a plane.

if __name__ == "__main__":
    fitted, numbers = run()
    print(table(numbers["rows"]))
    draw(fitted, numbers)
    plt.show()
