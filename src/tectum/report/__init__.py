"""One self-contained HTML page about a fitted model and its data."""

from tectum.report.dictionary_study import DictionaryStudy
from tectum.report.numbers import Measure
from tectum.report.page import examine, write_report
from tectum.report.stream_diary import Diary
from tectum.report.stream_study import StreamStudy
from tectum.report.study import Study
from tectum.report.wave_study import Look, WaveStudy, follow_growth

__all__ = [
    "Diary",
    "DictionaryStudy",
    "Look",
    "Measure",
    "StreamStudy",
    "Study",
    "WaveStudy",
    "examine",
    "follow_growth",
    "write_report",
]
