"""Analysis of maps and spikes: arrays in, numbers out."""

from tectum.analysis.baselines import kohonen_codebook
from tectum.analysis.clusters import cluster_scores, cluster_units, label_accuracy, label_units, vote_labels
from tectum.analysis.features import project_pca, project_tsne
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
    "best_matching_units",
    "bubble_profile",
    "centroid_winner",
    "cluster_scores",
    "cluster_units",
    "component_planes",
    "continuity",
    "first_spike_latency",
    "first_winner",
    "grid_positions",
    "hit_map",
    "kohonen_codebook",
    "label_accuracy",
    "label_units",
    "latency_rank_correlation",
    "neighbour_distance_ratio",
    "neighbourhood_correlation",
    "oscillation",
    "project_pca",
    "project_tsne",
    "quantization_error",
    "spike_winners",
    "topographic_error",
    "topographic_product",
    "trustworthiness",
    "u_matrix",
    "volleys",
    "vote_labels",
]
