"""How Sphinx builds this documentation: `make docs`, without network, warnings are errors."""

import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

import gallery_look
from matplotlib import rcParams

from tectum import plots

project = "tectum"
author = "The tectum developers"
copyright = author
release = version = version("tectum")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "drawn_math",
]
exclude_patterns = ["_build", "gallery/backreferences"]
templates_path = ["_templates"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
plot_formats = [("png", 110)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = True
plot_pre_code = "import numpy as np\nfrom tectum.plots import *"
plot_apply_rcparams = True
with plots.style("light", transparent=False):
    plot_rcparams = {name: value for name, value in rcParams.items() if not name.startswith("backend")}
sphinx_gallery_conf = gallery_look.settings()

html_theme = "pydata_sphinx_theme"
html_title = "tectum"
html_static_path = ["_static"]
html_css_files = ["tectum.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_math_renderer = "drawn"
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "collapse_navigation": True,  # one branch of the tree on each page: a third of the time and of the bytes
    "header_links_before_dropdown": 6,
    "navigation_depth": 2,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "install": [], "glossary": [], "faq": [], "changelog": []}
