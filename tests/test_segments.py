"""Scores of stretches of a stream, beside what they are worked out from."""

import numpy as np
import pytest

from tectum import analysis


def drive(seed=0):
    """Labels of two clips, and units that know the happening, the time, or nothing."""
    happening = np.repeat(["road", "car", "road", "car", "road", "car", "road"], [30, 10, 40, 12, 30, 9, 40])
    labels = np.concatenate([happening, np.repeat(["sun", ""], [20, 5])])
    clips = np.repeat(["a", "b"], [len(happening), 25])
    draw = np.random.default_rng(seed)
    return labels, clips, (labels == "car").astype(int), np.arange(len(labels)), draw.integers(4, size=len(labels))


def test_agreement_is_scored_in_clips_with_two_labels():
    labels, clips, knows, clock, chance = drive()
    assert analysis.agreement_within(knows, labels, clips) == {"a": pytest.approx(1.0)}
    assert analysis.agreement_within(clock, labels, clips)["a"] == pytest.approx(0.0)
    assert abs(analysis.agreement_within(chance, labels, clips)["a"]) < 0.1


def test_what_recurs_is_told_by_meaning_and_not_by_time():
    labels, clips, knows, _, _ = drive()
    assert analysis.recurring_auc(knows, labels, clips)["a", "car"] == 1.0
    assert analysis.recurring_auc(1 - 2 * knows, labels, clips)["a", "car"] == 1.0  # -1 is a unit, too
    stretches = analysis.equal_stretches(clips, 12)
    assert 0.3 < analysis.recurring_auc(stretches, labels, clips)["a", "car"] < 0.7
    assert ("b", "sun") not in analysis.recurring_auc(knows, labels, clips)  # it comes once


def test_evidence_of_an_occurrence_comes_from_far_away():
    tag = np.repeat(["road", "car", "road", "car", "road"], [40, 6, 60, 6, 40])
    units = np.zeros(len(tag), int)
    units[40:46], units[106:112] = 1, 2  # each occurrence has a unit of its own: nothing to learn from the other
    # not that of the road
    assert analysis.recurring_auc(units, tag, ["a"] * len(tag))["a", "car"] == pytest.approx(1.0)
    units[np.flatnonzero(tag == "road")[::2]] = 1
    units[106:112] = 1
    found = analysis.recurring_auc(units, tag, ["a"] * len(tag))["a", "car"]
    assert found == pytest.approx(0.75)  # all of the car, and half of the road beside it


def test_graded_responses_are_read_out_linearly():
    labels, clips, knows, *_ = drive()
    draw = np.random.default_rng(1)
    noise = draw.normal(size=(len(labels), 8))
    assert 0.3 < analysis.recurring_auc(noise, labels, clips)["a", "car"] < 0.7
    noise[:, 3] += 2.0 * knows  # the winner would be chance in most frames
    winners = analysis.recurring_auc(noise.argmax(axis=1), labels, clips)["a", "car"]
    assert analysis.recurring_auc(noise, labels, clips)["a", "car"] > max(0.85, winners)
    with pytest.raises(ValueError, match="units must be finite"):
        analysis.recurring_auc(np.full((len(labels), 2), np.nan), labels, clips)


def test_stretches_of_time_are_equal_and_of_one_clip():
    _, clips, *_ = drive()
    stretches = analysis.equal_stretches(clips, 5)
    assert np.ptp(np.bincount(stretches[clips == "a"])) <= 1
    assert not set(stretches[clips == "a"]) & set(stretches[clips == "b"])
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        analysis.equal_stretches(clips, 0)
    with pytest.raises(ValueError, match=r"same length|labels"):
        analysis.agreement_within([0, 1], ["a"], ["x", "x"])
