"""``python -m tectum.cli`` is the command ``tectum``."""

from tectum.cli.app import main

main()
