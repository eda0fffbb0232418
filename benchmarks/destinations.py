"""Where figures go, checked before hours of measuring begin."""

import argparse
from pathlib import Path


def file_to_write(text: str) -> Path:
    """Type of an argument of argparse: a file that can be written, whose folder is made."""
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path} cannot be written: {error}") from error
    return path
