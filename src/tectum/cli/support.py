"""What the commands share: models, samples, reports, tables of results."""

import csv
import io
import math
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import typer

import tectum
from tectum.cli.options import option_words
from tectum.cli.output import Output
from tectum.cli.tables import check_no_table, is_text_table, load_data
from tectum.models.common.families import FAMILIES, family_of

if TYPE_CHECKING:
    from tectum.cli.images import Cut, Patches
    from tectum.datasets import Dataset
    from tectum.report import DictionaryStudy, Measure, Study

MODELS = {family.command: family for family in FAMILIES}
FITTED = [name for name, family in MODELS.items() if family.data != "none"]  # `grow` is for the others
MOST_JUDGED = 300  # samples for the line about quality after `fit`
FORMATS = (".npy", ".npz", ".csv")


def load_samples(
    model: Any, source: str, table: dict[str, Any], cut: "Cut", path: Path | None = None
) -> "Dataset | Patches":
    """What a model is fitted to or asked about: patches of images for a dictionary, else a data set.

    `path` is the file of the model, if it has one.
    """
    if not takes(model, "images"):
        return load_data(source, table, model, path)
    from tectum.cli.images import load_patches

    if not is_text_table(source):
        check_no_table(table)
        return load_patches(source, cut, seed_of(model))
    return load_patches(source, cut, seed_of(model), load_data(source, table, model, path))


def check_page(model: Any) -> None:
    """Raise if there is no page about models of its kind, before data are read."""
    from tectum.report.examination import page_of

    page_of(model)


def check_classes(model: Any, source: str, data: "Dataset | Patches", path: Path) -> None:
    """Raise if a classifier in a file, which learns on, does not know the classes of a table by their names."""
    from tectum.datasets.columns import preparation_of

    names, known = getattr(data, "target_names", None), getattr(model, "classes_", None)
    if not names or known is None or hasattr(model, "unit_classes_") or not is_text_table(source):
        return
    note = preparation_of(path)
    if note is None or not note.classes:
        raise ValueError(
            f"{source} must have numbers as labels, since {path} does not know its classes {known.tolist()} by name, "
            f"got {names[0]!r}; number them, or fit anew without --resume"
        )
    present = np.unique(cast("Any", data).target)
    if unknown := [names[k] for k in present if k not in known]:
        raise ValueError(
            f"{source} must have labels of the classes {', '.join(names[k] for k in known)}, which {path} knows, got "
            f"{', '.join(map(repr, unknown[:5]))}; leave these rows out, or fit anew to all classes without --resume"
        )


def takes(model: Any, data: str) -> bool:
    """Whether that is what a model learns from: table, images, frames, none."""
    return family_of(model).data == data


def seed_of(model: Any) -> int:
    """Seed of the draw of patches."""
    return int(model.random_state or 0)


def cut_of(model: Any, path: Path, changes: dict[str, Any]) -> "Cut":
    """How the patches of a model in a file are made, with what the command line says otherwise."""
    from tectum.cli.images import Cut, read_note

    check_for_dictionary(takes(model, "images"), changes)
    if not takes(model, "images"):
        return Cut()
    cut = read_note(path, model.n_features_in_)._replace(**changes)
    if cut.patch is not None and cut.patch**2 != model.n_features_in_:
        raise ValueError(
            f"--patch must give the {model.n_features_in_} features of the model, got {cut.patch} x {cut.patch} = "
            f"{cut.patch**2}; leave it out"
        )
    return cut


def check_for_dictionary(is_one: bool, options: dict[str, Any]) -> None:
    """Raise for options about patches with another model."""
    if options and not is_one:
        names = ", ".join(f"--{name}" for name in options)
        raise typer.BadParameter(f"{names} belongs to patches of images; leave it out for this model")


def changes(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def line_of(quality: dict[str, Any], unit: str = "") -> str:
    """The quality of a model for people, with the unit of the quantization error."""
    units = {"quantization_error": unit, "accuracy": " on samples that it learned"}
    scores = [
        f"{name.replace('_', ' ')} {value:.3g}{units.get(name, '')}"
        for name, value in quality.items()
        if name != "warnings"
    ]
    warnings = [f"warning: {warning}" for warning in quality["warnings"]]
    return "\n".join([*filter(None, [", ".join(scores)]), *warnings]) or "nothing amiss in some of the samples"


def check_name(what: str, name: str, known: Sequence[str]) -> None:
    """Raise for a name that does not exist, with one that is near."""
    if name not in known:
        near = get_close_matches(name.lower(), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise typer.BadParameter(f"{what} must be one of {', '.join(known)}, got {name!r}{hint}")


def share_of(table: dict[str, Any], source: str) -> float | None:
    """Of images `--drop` is a share; taken out of the options of tables."""
    if "drop" not in table or is_text_table(source):
        return None
    text = ",".join(table.pop("drop"))
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"--drop must be a share for images, got {text!r}; 0.4 drops two in five") from None


def demonstrations() -> list[str]:
    """What `demo` can show."""
    from tectum import datasets

    return [*datasets.names(), "dictionary", "events", "waves", "wire", "cortex", "driving"]


def demonstration(name: str, presentations: int | None) -> "tuple[Any, Dataset | Patches]":
    """The model and the data of a demo."""
    if name != "dictionary":
        return tectum.SpikingSOM(n_presentations=presentations, random_state=0), tectum.datasets.load(name)
    from tectum.cli.images import photograph_patches

    model = tectum.SpikingDictionary(100, n_active=4, n_presentations=presentations or 60_000, random_state=0)
    return model, photograph_patches()


def samples_to_transform(
    model: Any,
    path: Path,
    source: str,
    table: dict[str, Any],
    patch: int | None,
    stride: int | None,
    whiten: bool | None,
) -> tuple[Any, dict[str, Any]]:
    """Samples, or every patch of images, and further arrays to write beside the responses."""
    options = changes(patch=patch, stride=stride, whiten=whiten)
    cut = cut_of(model, path, options)
    if takes(model, "images"):
        from tectum.cli.images import every_patch, load_pictures

        if is_text_table(source):
            return load_data(source, table, model, path).data, {}
        check_no_table(table)
        images, cut = load_pictures(source, cut)
        if isinstance(images, dict):
            return every_patch(list(images.values()), cut, stride or cut.patch)
        return images, {}
    data = load_data(source, table, model, path)
    others = {"index": data.row_names, "target": data.target}
    if data.target is not None and is_text_table(source):
        others["label"] = np.array(data.target_names)[data.target] if data.target_names else data.target
    return data.data, {name: np.array(values) for name, values in others.items() if values is not None}


def save_model(model: Any, path: Path, cut: "Cut", data: "Dataset | Patches") -> None:
    """Save a model with the names of its features, and with notes about its patches and the table it was fitted to."""
    from tectum.cli.images import NOTE, Patches
    from tectum.datasets.columns import NOTE as TABLE_NOTE, Preparation
    from tectum.persistence import save

    table = data.table if isinstance(data, Patches) else data
    notes: dict[str, Any] = {NOTE: cut._asdict()} if takes(model, "images") else {}
    if table is not None and table.named:
        model.feature_names_in_ = np.array(table.feature_names, dtype=object)
    if table is not None and table.preparation is not None:
        notes[TABLE_NOTE] = table.preparation._asdict()
    elif table is not None and table.target_names:
        known = Preparation(table.feature_names, {}, {}, named=table.named, classes=table.target_names)
        notes[TABLE_NOTE] = known._asdict()
    save(model, path, notes)
    vars(model).pop("feature_names_in_", None)  # what follows is given arrays


def quality_of(model: Any, X: Any, y: Any = None, **moments: Any) -> dict[str, Any]:
    """How well a fitted model does on some of the samples (n_samples, n_features) that it learned, y their labels, and
    what may be wrong with it; with times and clips of the frames, if they are frames.
    """
    rows = np.unique(np.linspace(0, len(X) - 1, MOST_JUDGED).astype(int))
    some, moments = X[rows], {name: values[rows] for name, values in moments.items()}
    scores = ("quantization_error", "topographic_error", "reconstruction_error")
    found: dict[str, Any] = {
        name: float(getattr(model, name)(some, **moments)) for name in scores if hasattr(model, name)
    }
    if y is not None and hasattr(model, "classes_"):
        found["accuracy"] = float((model.predict(some) == y[rows]).mean())
    return found | {"warnings": model.diagnose(some, **moments).warnings if hasattr(model, "diagnose") else []}


def model_to_fit(
    model: str, resume: Path | None, config: Path | None, settings: Sequence[str], seed: int | None
) -> Any:
    """The estimator in the file to go on with, which MODEL must name, or a new one."""
    if resume is None:
        return new_model(model, config, settings, seed)
    estimator = tectum.load(resume)
    family = family_of(estimator)
    if family.command != model:
        raise ValueError(
            f"MODEL must be {family.command!r}, since {resume} (--resume) holds a {family.name}, got {model!r}; name "
            f"{family.command}, or leave out --resume to begin anew"
        )
    return estimator


def new_model(model: str, config: Path | None, settings: Sequence[str], seed: int | None) -> Any:
    """An estimator with the parameters of the configuration file, of the settings and the seed, in this order."""
    from tectum.models.common.settings import constructor_arguments, parse_assignments, read_toml

    estimator_class = MODELS[model].estimator
    values = {"random_state": 0} | (read_toml(config) if config else {}) | parse_assignments(settings)
    if seed is not None:
        values["random_state"] = seed
    return estimator_class(**constructor_arguments(estimator_class, values))


def shell_command(*words: str, **options: Any) -> str:
    """What to type to repeat a command."""
    return shlex.join(["tectum", *words, *option_words(**options)])


def report_on(
    out: Output,
    path: Path,
    estimator: Any,
    data: "Dataset | Patches",
    command: str,
    seconds: float | None,
    *,
    learned: bool = True,
    seeds: int | None = None,
) -> "Study | DictionaryStudy":
    """Write a report and return what it shows.

    `learned`: whether these are the data of the training; `seeds`: from how many the model learns anew on a part.
    """
    from tectum.cli.images import Patches
    from tectum.report import examine, repeat, write_report

    out.say("comparing with the baselines and drawing the report ...")
    title = data.name.replace("_", " ")
    common: dict[str, Any] = {"title": title[:1].upper() + title[1:], "command": command, "seconds": seconds}
    if isinstance(data, Patches):
        X = data.examined(seed_of(estimator) + 1)
        study = cast("DictionaryStudy", examine(estimator, X, train=data.data if learned and data.images else None))
        shape, images = data.cut.image_shape, data.images or None
        repeats = repeat(estimator, data.data, n_seeds=seeds) if seeds else None
        write_report(path, estimator, X, image_shape=shape, images=images, study=study, repeats=repeats, **common)
        return study
    names: dict[str, Any] = {"target_names": data.target_names}
    if family_of(estimator).page == "maps":  # no other page speaks of single features
        names["feature_names"] = data.feature_names
    found = cast("Study | DictionaryStudy", examine(estimator, data.data, data.target, **names))
    repeats = repeat(estimator, data.data, data.target, n_seeds=seeds) if seeds else None
    write_report(path, estimator, data.data, image_shape=data.image_shape, study=found, repeats=repeats, **common)
    return found


def check_seeds(seeds: int | None, what: str) -> None:
    """Refuse to learn anew from several seeds where a report cannot."""
    if seeds:
        raise typer.BadParameter(f"--seeds is for a report on a table or on images; leave it out for {what}")


def announce_report(out: Output, path: Path, study: Any, **others: Any) -> dict[str, Any]:
    """Say where a report is, its headline numbers and its verdict; returns all for machines, with further values."""
    if out.progress:
        print_measures(study.measures)
    verdict = study.verdict
    out.say(f"{verdict.grade}: {verdict.text.replace(', below', ' on the page')}")
    out.say(f"report in {path.resolve()}")
    measures = {
        measure.key: {name.replace("\u00a0", " "): value for name, value in measure.values.items()}
        for measure in study.measures
    }
    warnings = study.diagnosis.warnings if hasattr(study, "diagnosis") else study.warnings
    return {
        "report": str(path.resolve()),
        "measures": measures,
        "verdict": verdict._asdict(),
        "warnings": warnings,
    } | others


def print_measures(measures: "Sequence[Measure]") -> None:
    """A table of the headline numbers; the best of a measure is bold. Measures or methods, whichever are more, go down,
    so that the table fits into a narrow terminal.
    """
    from rich.console import Console
    from rich.table import Table

    from tectum.report.numbers import number

    methods = list(dict.fromkeys(name for measure in measures for name in measure.values))

    def cell(measure: "Measure", method: str) -> str:
        value = measure.values.get(method, math.nan)
        return f"[bold green]{number(value)}[/]" if len(measure.values) > 1 and value == measure.best else number(value)

    columns = [
        [measure.title, *(cell(measure, m) for m in methods), f"[dim]{measure.better}[/]"] for measure in measures
    ]
    names = ["", *methods, "[dim]better[/]"]
    rows = [list(row) for row in zip(names, *columns, strict=True)]
    if len(measures) >= len(methods):
        rows = [names, *columns]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")  # alone gives way in a narrow terminal
    for head in rows[0][1:]:
        table.add_column("\n".join(head.split()), justify="right", no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    Console().print(table)


def winners_of(responses: Any) -> Any:
    """Number of the neuron with the strongest response (n_samples,), -1 if there is none."""
    return np.where(responses.any(axis=1), np.abs(responses).argmax(axis=1), -1)


def write_responses(path: Path, responses: Any, names: list[str], others: dict[str, Any]) -> int:
    """Write responses (n_samples, n_neurons) in the format of the suffix; returns the number without a winner.

    `others` are further arrays of a .npz file; of these, a .csv file holds `index` and `label`.
    """
    from tectum.persistence import write_atomically

    winners = winners_of(responses)
    buffer = io.BytesIO()
    if path.suffix.lower() == ".npy":
        np.save(buffer, responses)
    elif path.suffix.lower() == ".npz":
        np.savez_compressed(buffer, data=responses, winners=winners, **others)
    else:
        first = {name: others[name] for name in ("index", "label") if name in others}
        text = io.TextIOWrapper(buffer, "utf-8", newline="", write_through=True)
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow([*first, "winner", *names])
        for k, response in enumerate(responses):
            rows.writerow([*(column[k] for column in first.values()), winners[k], *(f"{v:.6g}" for v in response)])
    write_atomically(path, buffer.getvalue())
    return int((winners < 0).sum())
