"""The command line; needs nothing that the package does not."""

import sys

INTERRUPTED = 130  # exit code after Ctrl-C; after another signal 128 and its number


def main() -> None:
    """Run the command; the entry point of the package."""
    try:
        from tectum.cli.app import app

        app(prog_name="tectum")
    except KeyboardInterrupt:  # while modules are loaded; what commands do about it stands in `output`
        print("interrupted; nothing had been done yet", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
