"""Fixtures for the whole test suite."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Iterator[Path]:
    """Folder with the larger data files (MNIST, UCI): ``TECTUM_DATA``, else ``../shared/data`` beside the checkout.

    ``TECTUM_DATA`` names it until the end of the run. Without the folder, tests that ask for it are skipped, or fail
    where the environment variable ``CI`` is ``true``.
    """
    own = os.environ.get("TECTUM_DATA")
    folder = Path(own).expanduser() if own else CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"no data folder at {folder}; set TECTUM_DATA to a folder with mnist/ and uci/"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TECTUM_DATA", str(folder))
        yield folder
