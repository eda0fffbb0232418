"""Plots: arrays in, matplotlib axes out.

Every function draws into the axes or figure it is given, or into a new one, and returns the axes. Use them inside
:func:`style` for the look of this package on light or dark pages.
"""

from tectum.plots.coherence import plot_information, plot_map_rasters, plot_phase_histogram
from tectum.plots.cortex import (
    plot_map_spectrum,
    plot_ocular_dominance,
    plot_orientation_map,
    plot_orientation_tuning,
)
from tectum.plots.dictionary import (
    plot_comparison,
    plot_components,
    plot_error_curve,
    plot_event_window,
    plot_orientations,
    plot_reconstructions,
    plot_sparsity,
)
from tectum.plots.embedding import plot_embedding
from tectum.plots.frames import (
    plot_frame_groups,
    plot_frame_map,
    plot_frame_strip,
    plot_group_bands,
    plot_picture_row,
)
from tectum.plots.images import plot_codebook_images
from tectum.plots.maps import (
    plot_clusters,
    plot_component_planes,
    plot_hit_map,
    plot_label_map,
    plot_u_matrix,
)
from tectum.plots.measures import plot_measures
from tectum.plots.profiles import plot_lateral_profile, plot_receptive_fields, plot_stdp_window
from tectum.plots.sensors import plot_sensor_layout
from tectum.plots.spikes import (
    plot_bubble,
    plot_first_spike_map,
    plot_latency,
    plot_oscillation_raster,
    plot_raster,
)
from tectum.plots.streams import plot_class_curves, plot_novelty, plot_winner_time_line
from tectum.plots.style import class_colours, ordered_colours, style
from tectum.plots.training import plot_lattice, plot_quality_curve, plot_unfolding
from tectum.plots.waves import (
    plot_coverage,
    plot_field_growth,
    plot_field_sizes,
    plot_growth,
    plot_net,
    plot_sheet_fields,
    plot_space_time,
    plot_wave,
    plot_wave_snapshots,
    position_colours,
    sheet_neighbours,
)

__all__ = [
    "class_colours",
    "ordered_colours",
    "plot_bubble",
    "plot_class_curves",
    "plot_clusters",
    "plot_codebook_images",
    "plot_comparison",
    "plot_component_planes",
    "plot_components",
    "plot_coverage",
    "plot_embedding",
    "plot_error_curve",
    "plot_event_window",
    "plot_field_growth",
    "plot_field_sizes",
    "plot_first_spike_map",
    "plot_frame_groups",
    "plot_frame_map",
    "plot_frame_strip",
    "plot_group_bands",
    "plot_growth",
    "plot_hit_map",
    "plot_information",
    "plot_label_map",
    "plot_latency",
    "plot_lateral_profile",
    "plot_lattice",
    "plot_map_rasters",
    "plot_map_spectrum",
    "plot_measures",
    "plot_net",
    "plot_novelty",
    "plot_ocular_dominance",
    "plot_orientation_map",
    "plot_orientation_tuning",
    "plot_orientations",
    "plot_oscillation_raster",
    "plot_phase_histogram",
    "plot_picture_row",
    "plot_quality_curve",
    "plot_raster",
    "plot_receptive_fields",
    "plot_reconstructions",
    "plot_sensor_layout",
    "plot_sheet_fields",
    "plot_space_time",
    "plot_sparsity",
    "plot_stdp_window",
    "plot_u_matrix",
    "plot_unfolding",
    "plot_wave",
    "plot_wave_snapshots",
    "plot_winner_time_line",
    "position_colours",
    "sheet_neighbours",
    "style",
]
