"""`python -m voicemark.bench`: the same as `voicemark bench`."""

import typer

from voicemark.cli.bench import bench

typer.run(bench)
