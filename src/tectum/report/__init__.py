"""One self-contained HTML page about a fitted model and its data."""

from tectum.report.dictionary_study import DictionaryStudy
from tectum.report.numbers import Measure
from tectum.report.page import examine, write_report
from tectum.report.study import Study

__all__ = ["DictionaryStudy", "Measure", "Study", "examine", "write_report"]
