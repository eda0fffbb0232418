"""One self-contained HTML page about a fitted model and its data."""

from tectum.report.dictionary.study import DictionaryStudy
from tectum.report.events.page import write_events_report
from tectum.report.events.study import EventStudy, examine_events
from tectum.report.examination import examine
from tectum.report.maps.study import Study
from tectum.report.numbers import Measure
from tectum.report.page import Report, write_report
from tectum.report.repeats import Repeats, repeat
from tectum.report.sensors.page import write_wiring_report
from tectum.report.standard.study import ResponderStudy
from tectum.report.streams.diary import Diary
from tectum.report.streams.study import StreamStudy
from tectum.report.waves.study import Snapshot, WaveStudy, follow_growth

__all__ = [
    "Diary",
    "DictionaryStudy",
    "EventStudy",
    "Measure",
    "Repeats",
    "Report",
    "ResponderStudy",
    "Snapshot",
    "StreamStudy",
    "Study",
    "WaveStudy",
    "examine",
    "examine_events",
    "follow_growth",
    "repeat",
    "write_events_report",
    "write_report",
    "write_wiring_report",
]
