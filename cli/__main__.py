"""`python -m cli` is the `dondoc` command."""

from cli.main import run

run()
