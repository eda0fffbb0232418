"""The page of a hierarchy that learned a clip: what is kept on the way, numbers, figures, a page for the browser."""

import re
from pathlib import Path

import numpy as np
import pytest
from test_report import open_in_browser

from tectum import MapHierarchy, parts, streams
from tectum.report import Diary, StreamStudy, examine, write_report
from tectum.report.streams import diary as stream_diary
from tectum.report.streams.diary import Thinned
from tectum.report.streams.study import principal_components

FIGURES = [
    *("timeline", "regions-frames", "novelty", "frames", "cuts"),
    *("plane-features", "plane-codes", "plane-responses", "adoption", "error", "used"),
    *("rasters", "phases", "spent", "memory"),
]
EVIL = "<b>&night.mp4"
MAPS = [
    parts.Map("scene", (parts.Features(),), shape=(5, 6)),
    parts.Map("top", (parts.Spikes("scene"), parts.Winners("top", share=0.3)), shape=(4, 4)),
]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[MapHierarchy, Diary]:
    """A hierarchy after a generated clip of four scenes, two of them called clips."""
    clip = streams.write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=16, rate=15, size=(48, 80))
    extract = streams.OrientedGradients(size=(48, 80), rows_first=True)
    reading = streams.Timed(streams.video(clip, size=extract.size, chunk=16, thumbnails=(32, 56)))
    stream = [
        chunk._replace(source=(chunk.time_s >= 8.0).astype(np.int64)) for chunk in streams.features(reading, extract)
    ]

    class Two(streams.Stream):
        names = ["day.mp4", EVIL]  # noqa: RUF012
        n_features = extract.n_features

        def __iter__(self):
            yield from stream

    hierarchy, diary = MapHierarchy(MAPS, cycles=2, random_state=0), Diary(Two.names, extract.layer)
    passed = []
    assert diary.learn(hierarchy, Two(), reading=reading, progress=passed.append) == hierarchy.n_presentations_seen_
    assert sum(passed) == diary.n_frames == 240
    return hierarchy, diary


@pytest.fixture(scope="module")
def study(learned: tuple[MapHierarchy, Diary]) -> StreamStudy:
    return examine(learned[0], diary=learned[1])


@pytest.fixture(scope="module")
def page(learned: tuple[MapHierarchy, Diary], study: StreamStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "drive.html"
    return write_report(path, learned[0], study=study, title="A drive", command="tectum demo driving", seconds=1.0)


def test_a_thinned_list_keeps_every_kth() -> None:
    thinned = Thinned(4)
    for k in range(100):
        thinned.add(lambda k=k: k)
    assert thinned.items == [0, 32, 64, 96]
    assert thinned.every == 32


def test_a_diary_keeps_frames_as_they_were(learned: tuple[MapHierarchy, Diary]) -> None:
    diary = learned[1]
    frames = diary.frames()
    assert len(frames.X) == 240
    assert frames.held_out.sum() == 32  # two chunks of 16 frames
    assert diary.n_learned == 208
    assert diary.every == 1
    assert frames.thumbnails.shape == (240, 32, 56, 3)
    assert diary.first_learned == {0: 0, 1: 96}
    found = [d for d in diary.discoveries if d.event.map == "scene" and d.event.why == "new class"]
    assert {int(d.time_s) // 4 for d in found} == {0, 1, 2, 3}  # the scenes of the clip
    assert all(d.picture.shape == (32, 56, 3) for d in found)
    assert len(diary.novelties) == 208
    assert (np.diff([snapshot.n_learned for snapshot in diary.snapshots]) > 0).all()
    assert (np.diff(np.array(diary.costs)[:, :7], axis=0) >= 0).all()
    with pytest.raises(ValueError, match="Diary must have kept frames, got none"):
        Diary(["a"]).frames()


def test_looks_are_of_different_moments(learned: tuple[MapHierarchy, Diary]) -> None:
    first, last = learned[1].snapshots[0].hierarchy, learned[1].snapshots[-1].hierarchy
    assert first.n_presentations_seen_ == 16
    assert (first.weights("scene") != last.weights("scene")).any()
    np.testing.assert_array_equal(last.weights("scene"), learned[0].weights("scene"))


def test_memory_does_not_grow_with_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_diary, "MOST_FRAMES", 32)
    monkeypatch.setattr(stream_diary, "MOST_COSTS", 8)
    monkeypatch.setattr(stream_diary, "MOST_SNAPSHOTS", 4)

    class Learner:
        def partial_fit(self, X):
            return self

    diary = Diary(["a"])
    X = np.random.default_rng(0).uniform(1.0, 1e6, (1000, 3)).astype(np.float32)
    diary.learn(Learner(), streams.arrays(X, chunk=10))
    frames = diary.frames()
    assert len(frames.X) <= 32
    assert len(diary.costs) <= 9
    assert len(diary.snapshots) <= 5 + len(stream_diary.EARLY_SNAPSHOTS)
    np.testing.assert_allclose(frames.X, X[:: diary.every][: len(frames.X)], rtol=2e-3)


@pytest.mark.science
@pytest.mark.compiled
def test_wide_features_in_real_time_within_two_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """34,992 features, 20 x 20 neurons, 1,000 frames; benchmarks/stream_speed.py measures 20,000."""
    monkeypatch.setattr(stream_diary, "MOST_FRAMES", 100)
    n_frames, n_features = 1000, 34_992

    class Generated(streams.Stream):
        names = ["generated"]  # noqa: RUF012
        n_features = 34_992

        def __iter__(self):
            generator = np.random.default_rng(0)
            scenes = np.abs(generator.standard_normal((5, n_features), np.float32))
            for first in range(0, n_frames, 16):
                noise = generator.standard_normal((16, n_features), np.float32)
                X = np.abs(scenes[first // 200] + np.float32(0.3) * noise)
                yield streams.Chunk(X, (first + np.arange(16)) / 25.0, np.zeros(16, np.int64))

    diary = Diary(Generated.names)
    hierarchy = MapHierarchy([parts.Map("scene", (parts.Features(),), shape=(20, 20))], random_state=0)
    hierarchy.partial_fit(np.ones((1, n_features), np.float32))  # compiles
    diary.learn(hierarchy, Generated())
    last = diary.costs[-1]
    memory = np.array([cost.memory for cost in diary.costs])
    assert last.n_learned / last.learning > 25.0
    assert memory.max() < 2048
    assert memory[-1] - memory[len(memory) // 4] < 40
    assert len(np.unique(hierarchy.predict(diary.frames().X))) > 4


def test_numbers_stand_beside_baselines(study: StreamStudy, learned: tuple[MapHierarchy, Diary]) -> None:
    values = {measure.key: measure.values for measure in study.measures}
    same_codes = {"spiking map", "Kohonen map", "k-means"}
    assert set(values["quantization_error"]) == same_codes
    without_map = {f"k-means of {view}" for view in ("features", "thumbnails", "mean colours")}
    for key in ("ami", "ari", "unit_purity", "unit_ami"):
        assert set(values[key]) == same_codes | without_map | {"equal stretches of time"}
    assert values["ami"]["equal stretches of time"] > 0.6  # names of clips are told by a clock, nearly
    assert values["unit_purity"]["spiking map"] > 0.9
    frames = study.frames
    won = learned[0].predict(frames.X, "scene", time_s=frames.time_s, source=frames.source)
    np.testing.assert_array_equal(study.eye.winners, won)
    assert study.course.accuracy.shape == (len(learned[1].snapshots), 2)
    assert study.course.units.sum() <= 30
    assert set(study.rhythm.locking) == {"scene", "top"}
    assert study.rhythm.locking["scene"] > 0.5


def test_features_without_a_network_tell_orientation_and_colour() -> None:
    extract = streams.OrientedGradients(size=(16, 32), n_orientations=4)
    frames = np.full((3, 16, 32, 3), 255, np.uint8)
    frames[1] = 0
    frames[1, :, ::4] = 255  # upright stripes
    frames[2, :, :, 1:] = 0  # red
    white, striped, red = extract.transform(frames).reshape(3, 10, 2, 4)
    np.testing.assert_allclose(white[4:7], 0.5)
    assert (np.delete(white, [4, 5, 6], axis=0) == 0).all()
    assert (striped[0] > 0.2).all()
    assert (striped[1:4] < 1e-6).all()
    np.testing.assert_allclose(red[[4, 8, 9]], 0.5)
    bands = streams.OrientedGradients(size=(16, 32), n_orientations=4, rows_first=True)
    assert bands.shape == (2, 4, 10)
    np.testing.assert_array_equal(bands.transform(frames)[1].reshape(2, 4, 10), striped.transpose(1, 2, 0))
    with pytest.raises(ValueError, match="whole multiples of the cell of 8 pixels"):
        streams.OrientedGradients(size=(15, 32))
    with pytest.raises(ValueError, match=r"must have shape \(n_frames, 16, 32, 3\)"):
        extract.transform(frames[:, :8])


def test_principal_components_are_those_of_the_samples() -> None:
    from sklearn.decomposition import PCA

    X = np.random.default_rng(0).normal(size=(20, 60))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    found, dimension = principal_components(X, 3)
    np.testing.assert_allclose(np.abs(found), np.abs(PCA(3).fit_transform(X)), atol=1e-10)
    variances = PCA().fit(X).explained_variance_
    assert dimension == pytest.approx(variances.sum() ** 2 / (variances**2).sum())


@pytest.mark.usefixtures("undrawn")
def test_one_clip_without_pictures_has_no_scores(tmp_path: Path) -> None:
    X = np.abs(np.random.default_rng(0).normal(size=(48, 12)))
    hierarchy, diary = MapHierarchy(MAPS[:1], cycles=2, random_state=0), Diary(["a"])
    diary.learn(hierarchy, streams.arrays(X, chunk=16))
    watched = Diary(["b"])
    watched.watch(streams.arrays(X[:40]))
    text = write_report(tmp_path / "w.html", hierarchy, diary=watched, baselines=False).read_text(encoding="utf-8")
    assert "None of these frames was learned from" in text
    assert "figure-spent" not in text
    text = write_report(tmp_path / "p.html", hierarchy, diary=diary, baselines=False).read_text(encoding="utf-8")
    assert "figure-timeline" in text
    assert "figure-adoption" not in text
    assert "figure-frames" not in text
    assert "AMI" not in re.sub(r"data:image/[^\"]*", "", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "examine.diary must be a Diary for a MapHierarchy, got None"),
        ({"X": np.ones((3, 3))}, "examine.X must be left out for a MapHierarchy"),
    ],
)
def test_bad_input(learned: tuple[MapHierarchy, Diary], arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        examine(learned[0], **arguments)


def test_page_is_self_contained_small_and_escaped(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text) < 6e6
    without_images = re.sub(r"data:image/[^\"]*", "", text)
    assert re.findall(r"(?:src|href)=\"(?!#)([^\"]+)\"", without_images) == []
    assert EVIL not in text
    assert re.findall(r'<figure id="figure-([^"]+)"', text) == FIGURES
    for stated in ("pooled gradients and colours", "weights frozen", ">rule.eta<", ">sources.0<", "held out"):
        assert stated in text


@pytest.mark.browser
@pytest.mark.parametrize(("dark", "width"), [(False, 1200), (True, 500)])
def test_page_in_a_browser(page: Path, tmp_path: Path, dark: bool, width: int) -> None:
    seen = open_in_browser(page, tmp_path, dark=dark, width=width)
    assert seen["errors"] == []
    assert seen["overflow"] <= 0
    assert [image["key"] for image in seen["images"][::2]] == [f"figure-{key}" for key in FIGURES]
    assert all(image["width"] > 100 for image in seen["images"])
    shown = {image["theme"] for image in seen["images"] if image["shown"] > 100}
    assert shown == {"for-dark" if dark else "for-light"}
