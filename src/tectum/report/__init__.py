"""One self-contained HTML page about a fitted map and its data."""

from tectum.report.numbers import Measure
from tectum.report.page import write_report
from tectum.report.study import Study, examine

__all__ = ["Measure", "Study", "examine", "write_report"]
