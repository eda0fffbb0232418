"""`python -m tectum`: the command line."""

from tectum.cli import main

if __name__ == "__main__":
    main()
