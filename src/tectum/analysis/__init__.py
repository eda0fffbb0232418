"""Analysis of maps, dictionaries and spikes: arrays in, numbers out."""

from tectum.analysis.baselines import kohonen_codebook
from tectum.analysis.clusters import cluster_scores, cluster_units, label_accuracy, label_units, vote_labels
from tectum.analysis.dictionary_baselines import (
    BaselineScore,
    PatchCode,
    dictionary_codes,
    ica_codes,
    kmeans_codes,
    pca_codes,
    score_baselines,
)
from tectum.analysis.features import project_pca, project_tsne
from tectum.analysis.filters import GaborFit, fit_gabors, gabor_share, orientation_histogram
from tectum.analysis.map_grid import component_planes, grid_positions, hit_map, u_matrix
from tectum.analysis.map_quality import (
    best_matching_units,
    continuity,
    neighbour_distance_ratio,
    neighbourhood_correlation,
    quantization_error,
    topographic_error,
    topographic_product,
    trustworthiness,
)
from tectum.analysis.reconstruction import reconstruction_correlation, reconstruction_error, trivial_errors
from tectum.analysis.sparsity import (
    active_units,
    component_correlation,
    dead_units,
    silent_share,
    treves_rolls,
    usage_perplexity,
)
from tectum.analysis.spikes import (
    bubble_profile,
    centroid_winner,
    first_spike_latency,
    first_winner,
    latency_rank_correlation,
    oscillation,
    spike_winners,
    volleys,
)

__all__ = [
    "BaselineScore",
    "GaborFit",
    "PatchCode",
    "active_units",
    "best_matching_units",
    "bubble_profile",
    "centroid_winner",
    "cluster_scores",
    "cluster_units",
    "component_correlation",
    "component_planes",
    "continuity",
    "dead_units",
    "dictionary_codes",
    "first_spike_latency",
    "first_winner",
    "fit_gabors",
    "gabor_share",
    "grid_positions",
    "hit_map",
    "ica_codes",
    "kmeans_codes",
    "kohonen_codebook",
    "label_accuracy",
    "label_units",
    "latency_rank_correlation",
    "neighbour_distance_ratio",
    "neighbourhood_correlation",
    "orientation_histogram",
    "oscillation",
    "pca_codes",
    "project_pca",
    "project_tsne",
    "quantization_error",
    "reconstruction_correlation",
    "reconstruction_error",
    "score_baselines",
    "silent_share",
    "spike_winners",
    "topographic_error",
    "topographic_product",
    "treves_rolls",
    "trivial_errors",
    "trustworthiness",
    "u_matrix",
    "usage_perplexity",
    "volleys",
    "vote_labels",
]
