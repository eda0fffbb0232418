"""Analysis of maps, dictionaries and spikes: arrays in, numbers out."""

import types

from tectum.analysis.baselines import (
    annealed_rule,
    conscience_rule,
    constant_rule,
    dynamic_rule,
    kohonen_codebook,
    metaplastic_rule,
    online_codebooks,
)
from tectum.analysis.clusters import cluster_curve, cluster_scores, cluster_units
from tectum.analysis.coherence import (
    Coherence,
    Granger,
    SpectralGranger,
    field_coherence,
    granger_causality,
    spectral_granger,
    spike_field_coherence,
)
from tectum.analysis.continual import (
    Transfer,
    accuracy_forgetting,
    adoption_time,
    quantization_forgetting,
    topography_stability,
    transfer,
)
from tectum.analysis.dictionary_baselines import (
    BaselineScore,
    dictionary_codes,
    ica_codes,
    kmeans_codes,
    pca_codes,
    score_baselines,
)
from tectum.analysis.events import event_counts, event_traces
from tectum.analysis.features import project_pca, project_tsne
from tectum.analysis.filters import GaborFit, fit_gabors, gabor_share, orientation_histogram
from tectum.analysis.information import TransmittedInformation, transmitted_information
from tectum.analysis.labels import label_accuracy, label_responders, label_units, vote_labels, vote_of_responders
from tectum.analysis.map_grid import component_planes, grid_neighbours, grid_places, grid_positions, hit_map, u_matrix
from tectum.analysis.map_health import (
    common_volley,
    neighbour_variation,
    turned_share,
    variance_explained,
    winning_share,
)
from tectum.analysis.map_quality import best_matching_units, code_distances, quantization_error, two_highest
from tectum.analysis.neighbourhoods import (
    continuity,
    neighbour_distance_ratio,
    neighbourhood_correlation,
    topographic_error,
    topographic_product,
    trustworthiness,
)
from tectum.analysis.operations import Operations, count_operations, dense_operations
from tectum.analysis.orientation import (
    Hypercolumn,
    Pinwheels,
    hypercolumn,
    map_similarity,
    neighbour_differences,
    ocular_dominance,
    orientation_map,
    pinwheel_density,
    pinwheels,
)
from tectum.analysis.phases import (
    OrderParameter,
    clock_phases,
    field_phases,
    kuramoto_order,
    pairwise_phase_consistency,
    phase_lag,
    phase_locking_value,
    spike_phases,
)
from tectum.analysis.receptive_fields import (
    Tiling,
    affine_fit,
    compactness,
    effective_inputs,
    field_centres,
    field_radius,
    fold_share,
    sheet_radius,
    sheet_topography,
    tiling,
)
from tectum.analysis.reconstruction import reconstruction_correlation, reconstruction_error, trivial_errors
from tectum.analysis.segments import agreement_within, equal_stretches, recurring_auc
from tectum.analysis.sensor_layout import ActivityLayout, layout_from_activity
from tectum.analysis.sensor_moves import moved_places
from tectum.analysis.sensor_pictures import cells_of, pictures_of
from tectum.analysis.similarity import neighbour_agreement, participation_ratio, representational_similarity
from tectum.analysis.sparse_baselines import PatchCode, lca_codes, lca_dictionary
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
from tectum.analysis.temporal_baselines import (
    DelayTaps,
    LeakyInput,
    MergeMap,
    PlainMap,
    RecurrentMap,
    TemporalKohonenMap,
    TemporalMap,
    fit_temporal_map,
    temporal_quantization,
    temporal_winners,
)
from tectum.analysis.territory import (
    class_accuracy,
    class_quantization,
    dedicated_units,
    territories,
    territory_turnover,
    units_per_class,
)
from tectum.analysis.tilings import (
    Evenness,
    effective_rank,
    empty_cells,
    evenness,
    field_eccentricity,
    grid_centres,
    reconstruction_loss,
    round_fields,
    smooth_images,
)
from tectum.analysis.waves import (
    WaveCausality,
    WaveStatistics,
    spikes_per_frame,
    wave_causality,
    wave_centres,
    wave_directions,
    wave_statistics,
    wave_tracking,
)

__all__ = sorted(name for name, it in globals().items() if name[0] != "_" and not isinstance(it, types.ModuleType))
