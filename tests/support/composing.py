"""Programs that compose and score recordings for the evaluation of markers, as small as they can be."""

from pathlib import Path

# Writes what the real composer writes, out of the corpus's first clips: two voices in turn, three seconds each.
COMPOSER = """
import argparse, csv, json, shutil, wave
from pathlib import Path
p = argparse.ArgumentParser()
for name in ("corpus", "noise", "split", "seed", "minutes", "out"):
    p.add_argument("--" + name)
a = p.parse_args()
out = Path(a.out)
rows = [r for r in csv.DictReader(open(Path(a.corpus) / "manifest.csv")) if r["split"] == a.split]
names = ["s0", "s3"]
truth, sound, at = [], b"", 0.0
for name in names:
    clips = [Path(a.corpus) / r["path"] for r in rows if r["speaker"] == name]
    (out / "enrol" / name).mkdir(parents=True)
    shutil.copy(clips[0], out / "enrol" / name / "0.wav")
for turn in range(6):
    name = names[turn % 2]
    clip = [Path(a.corpus) / r["path"] for r in rows if r["speaker"] == name][1 + turn % 2]
    with wave.open(str(clip)) as audio:
        sound += audio.readframes(4 * 16000)
    truth.append({"speaker": name, "start_s": at, "end_s": at + 4, "wanted": True})
    at += 4
with wave.open(str(out / "recording.ts"), "wb") as audio:
    audio.setnchannels(1); audio.setsampwidth(2); audio.setframerate(16000); audio.writeframes(sound)
(out / "noise.txt").write_text(chr(10).join(sorted(f.name for f in Path(a.noise).iterdir())))
(out / "truth.json").write_text(json.dumps({"seconds": at, "wanted": names, "turns": truth}))
"""

# Overlap of markers with truth in steps of 0.1 s: enough of a scorer to tell good markers from bad ones.
SCORER = """
import json, sys
truth, markers = (json.load(open(path)) for path in sys.argv[1:])
steps = int(truth["seconds"] * 10)
tp = fp = fn = 0
for name in truth["wanted"]:
    line = lambda items: {k for m in items if m["speaker"] == name
                          for k in range(round(m["start_s"] * 10), min(steps, round(m["end_s"] * 10)))}
    true, said = line(truth["turns"]), line(markers)
    tp, fp, fn = tp + len(true & said), fp + len(said - true), fn + len(true - said)
p, r = tp / max(1, tp + fp), tp / max(1, tp + fn)
print(json.dumps({"precision": p, "recall": r, "f1": 2 * p * r / max(1e-9, p + r),
    "false_minutes_per_hour": fp / 600 / (truth["seconds"] / 3600), "turns_found": 1.0, "start_error_s": None,
    "turns": len(truth["turns"]), "minutes": truth["seconds"] / 60, "voices": 2}))
"""


def write_programs(folder: Path) -> tuple[Path, Path]:
    """Composer and scorer as files."""
    (folder / "compose.py").write_text(COMPOSER)
    (folder / "score.py").write_text(SCORER)
    return folder / "compose.py", folder / "score.py"
