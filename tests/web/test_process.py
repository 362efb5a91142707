"""The page's process is small: it loads no network, and what a page costs is counted."""

import subprocess
import sys


def test_no_network_is_loaded_with_the_page() -> None:
    program = (
        "import sys; import voicemark.web.serve; from voicemark.cli import main;"
        "print([n for n in ('torch', 'torchaudio', 'onnxruntime', 'distributed') if n in sys.modules], "
        "*[line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded, _, kilobytes = done.stdout.strip().rpartition(" ")
    assert loaded == "[]"
    assert int(kilobytes) < 150_000
