"""`python -m voicemark`: the command line without an installed script."""

from voicemark.cli.main import run

run()
