"""`python -m voicemark.demo [FOLDER]`: composes a recording, scans it, and says how much of the truth was found."""

import json
import os
import shutil
import sys
from pathlib import Path

from rich.console import Console

from voicemark.actions.scan import Scan, Status
from voicemark.cli.markers import show_markers
from voicemark.cli.scan import make_listener
from voicemark.config import load_config
from voicemark.demo import prompts
from voicemark.demo.compose import Demo, compose
from voicemark.demo.score import score
from voicemark.errors import VoicemarkError
from voicemark.store.database import open_database
from voicemark.store.queries import MarkerFilter, find_markers

SEED = 1


def main(folder: Path) -> int:
    """The demo below `folder`; 0 when the recording was scanned."""
    console = Console(highlight=False, soft_wrap=True)
    console.print("1. Voices: fetching telephone prompts and music, recorded by real people, from Debian's packages")
    root = prompts.fetch(folder / "packages")
    console.print("2. Recording: composing a programme of six voices, as a VDR recording")
    for stale in ("video", "voices", "voicemark.db", "voicemark.db-wal", "voicemark.db-shm"):
        path = folder / stale
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    demo = compose(root, folder, SEED)
    config_file = write_config(folder, demo)
    console.print(f"   {demo.recording}")
    console.print(f"3. voicemark scan {folder / 'video'} --config {config_file}\n")
    config = load_config(config_file)
    database = open_database(config.database.path)
    outcomes = list(Scan(config, database, make_listener()).paths([folder / "video"]))
    with database.snapshot() as connection:
        markers = list(find_markers(connection, MarkerFilter(paths=[outcome.path for outcome in outcomes])))
    database.close()
    show_markers(markers)
    if any(outcome.status is not Status.SCANNED for outcome in outcomes):
        return 1
    console.print(f"\n4. Against what was composed: {score(demo.turns, markers)}")
    console.print(f'\nAsk the database yourself:  sqlite3 {folder / "voicemark.db"} "select * from voice_markers"')
    console.print(f"See and hear it on a page:  {_command()} web --config {config_file}")
    console.print("                            then open http://127.0.0.1:8765/recordings/1 in a browser")
    return 0


def _command() -> str:
    """How this very program is called: as its environment has it, where it is on no path."""
    if shutil.which("voicemark"):
        return "voicemark"
    beside = Path(sys.executable).with_name("voicemark")
    return os.path.relpath(beside) if beside.exists() else f"{sys.executable} -m voicemark"


def write_config(folder: Path, demo: Demo) -> Path:
    """A configuration with the demo's voices."""
    lines = ["[database]", f"url = {json.dumps(f'sqlite:///{folder.resolve()}/voicemark.db')}", ""]
    for name, sample in demo.samples.items():
        lines += ["[[speakers]]", f"name = {json.dumps(name)}", f"samples = [{json.dumps(str(sample.resolve()))}]", ""]
    path = folder / "config.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".work/demo")))
    except VoicemarkError as error:
        sys.exit(f"voicemark: {error}")
