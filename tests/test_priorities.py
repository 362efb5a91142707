"""Work stays out of the way of whatever else a machine does."""

import subprocess
import sys


def test_a_real_process_gets_low_priorities() -> None:
    program = (
        "import os, psutil; from voicemark.priorities import be_nice;"
        "be_nice(12, idle_io=True); be_nice(12, idle_io=True);"
        "print(os.nice(0), psutil.Process().ionice().ioclass.name)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    nice, io_class = done.stdout.split()
    assert int(nice) >= 12
    assert io_class == "IOPRIO_CLASS_IDLE"
