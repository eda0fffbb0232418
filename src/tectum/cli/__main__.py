"""``python -m tectum.cli`` is the command ``tectum``."""

from tectum.cli import main

main()
