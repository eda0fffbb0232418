"""Tables for the commands: their options, and loading with the names that a model knows."""

import csv
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tectum.datasets import Dataset

TABLES = (".csv", ".parquet")
TABLE_OPTIONS: dict[str, Any] = {
    "target": Annotated[str | None, typer.Option(help="Column with the labels, by name or number (.csv, .parquet).")],
    "columns": Annotated[list[str] | None, typer.Option(help="Columns to take, in this order: a,b,c.")],
    "drop": Annotated[
        list[str] | None,
        typer.Option(help="Columns to leave out: a,b. For images: share of patches, lowest contrast first."),
    ],
    "index": Annotated[
        str | None, typer.Option(help="Column that only numbers the rows, or none. Detected by default.")
    ],
    "delimiter": Annotated[str | None, typer.Option(help="What separates cells (.csv); detected by default.")],
    "decimal": Annotated[str | None, typer.Option(help="Decimal sign (.csv); detected by default.")],
    "header": Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether row 1 names the columns (.csv); detected.")
    ],
    "na": Annotated[list[str] | None, typer.Option(help="Marker of missing values, besides NA and the like.")],
    "missing": Annotated[
        str | None,
        typer.Option(help="Missing values: keep, or fill with mean, median or most_frequent."),
    ],
    "text": Annotated[str | None, typer.Option(help="one-hot: make a feature of each value of a text column.")],
}


def table_from(given: dict[str, Any]) -> dict[str, Any]:
    """The options of tables that were typed, as `load_data` takes them."""
    table = {name: value for name, value in given.items() if value not in (None, [])}
    for name in {"columns", "drop"} & table.keys():
        table[name] = [cell for text in table[name] for cell in next(csv.reader([text], skipinitialspace=True))]
    return table | ({"index": False} if table.get("index") == "none" else {})


def words_of(table: dict[str, Any]) -> list[str]:
    """The options as they are typed."""
    words = []
    for name, value in table.items():
        for one in value if isinstance(value, list) else [value]:
            if name == "header":
                words.append("--header" if one else "--no-header")
            else:
                words += [f"--{name}", "none" if one is False else f'"{one}"' if "," in one and name != "na" else one]
    return words


def check_no_table(table: dict[str, Any]) -> None:
    """Raise for options of tables where there is none."""
    if table:
        raise typer.BadParameter(f"{words_of(table)[0]} is for tables; leave it out here")


def is_text_table(source: str) -> bool:
    """Whether it is a file with columns."""
    return Path(source).suffix.lower() in TABLES


def what_was_read(source: str, data: "Dataset") -> str:
    """A line about the samples of a table."""
    names = [str(name) for name in data.feature_names or []]
    shown = ", ".join(names[:6]) + ", ..." * (len(names) > 6)
    classes = "" if data.target is None else f", {len(set(data.target.tolist())):,} values of the target"
    n_samples, n_features = data.data.shape
    return f"{source}: {n_samples:,} samples, {n_features:,} features ({shown}){classes}"


def load_data(source: str, table: dict[str, Any], model: Any = None, path: Path | None = None) -> "Dataset":
    """A data set or a file, in the order of the columns that a fitted model knows, prepared as its file says."""
    from tectum import datasets
    from tectum.datasets.columns import arranged, preparation_of, with_classes

    names = vars(model).pop("feature_names_in_", None) if model is not None else None  # back when it is saved
    known = None if path is None else preparation_of(path, names)
    options = dict(table)
    if is_text_table(source) and known is not None:
        options["preparation"] = known
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = datasets.load(source, **options)
    for warning in caught:
        typer.echo(f"note: {warning.message}", err=True)
    if data.preparation is None and known is not None:  # of another kind of file
        labels, classes = data.target, data.target_names
        if labels is not None:
            labels, classes = with_classes(labels, classes, known.classes)
        known = known._replace(classes=classes or known.classes)
        data = replace(data, target=labels, target_names=classes, preparation=known)
    X = arranged(names, data.feature_names, data.data, data.named, source)
    if names is None or len(names) != X.shape[1]:  # the model says what it thinks of another number
        return data
    return replace(data, data=X, feature_names=[str(name) for name in names], named=True)
