"""Recorder hooks, called the way each recorder calls them: a request is left, whatever the name, and nothing else."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicemark.recorders.hooks import Request, RequestKind, take_requests

HOOKS = Path(__file__).resolve().parents[2] / "deploy" / "hooks"
DEBIAN_DISPATCHER = Path("/usr/lib/vdr/vdr-recordingaction")
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]

REC = b"/srv/vdr/video/Tatort/2024-01-01.20.15.1-0.rec"
ODD_NAMES = [
    b'/srv/v/With_blank and "quotes"/x.rec',
    b"/srv/v/new\nline\ttab/x.rec",
    b"/srv/v/latin1-\xe4\xf6\xfc/x.rec",
    b"/srv/v/$HOME`id`$(id);'|&<>*?[]{}/x.rec",
    b"/srv/v/%s%d\\n\\x41/x.rec",
    b"/srv/v/-n/--/x.rec",
    "/srv/v/Gr\u00fc\u00dfe \U0001f4fa/x.rec".encode(),
]


class Mailbox:
    """A requests folder, and the environment in which hooks find it."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "requests"
        self.folder.mkdir()
        self.settings = tmp_path / "requests.path"
        self.settings.write_text(f"{self.folder}\n")
        self.environment = {"PATH": os.environ["PATH"], "VOICEMARK_REQUESTS_PATH": str(self.settings)}

    def call(self, *command: str | bytes | Path) -> list[Request]:
        done = subprocess.run(command, env=self.environment, capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        return take_requests(self.folder)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


def path(raw: bytes) -> Path:
    return Path(os.fsdecode(raw))


def vdr_command_line(state: str, *directories: bytes) -> bytes:
    """What VDR gives to the shell: arguments in double quotes, with `\\`, `"` and `$` escaped (recording.c,
    cRecordingUserCommand::InvokeCommand)."""
    quoted = [b'"' + re.sub(rb'([\\"$])', rb"\\\1", directory) + b'"' for directory in directories]
    return b" ".join([os.fsencode(HOOKS / "vdr-recording-hook"), state.encode(), *quoted])


@pytest.mark.parametrize(
    ("state", "kind", "directories"),
    [
        ("before", RequestKind.BUSY, 1),
        ("started", RequestKind.BUSY, 1),
        ("after", RequestKind.LOOK, 1),
        ("editing", RequestKind.BUSY, 2),
        ("edited", RequestKind.LOOK, 2),
        ("deleted", RequestKind.GONE, 1),
        ("copying", RequestKind.BUSY, 2),
        ("copied", RequestKind.LOOK, 2),
        ("renamed", RequestKind.MOVED, 2),
        ("moved", RequestKind.MOVED, 2),
    ],
)
def test_vdr_leaves_a_request_in_every_state(mailbox: Mailbox, state: str, kind: RequestKind, directories: int) -> None:
    other = b"/srv/vdr/video/%Tatort/2024-01-01.20.15.1-0.rec"
    [request] = mailbox.call("/bin/sh", "-c", vdr_command_line(state, *(REC, other)[:directories]))
    source = path(other) if directories == 2 else None
    assert request == Request("vdr", state, path(REC), source)
    assert request.kind is kind


def test_vdr_reports_a_deleted_recording_under_its_new_name_and_the_service_knows_the_old(mailbox: Mailbox) -> None:
    [request] = mailbox.call("/bin/sh", "-c", vdr_command_line("deleted", REC.removesuffix(b".rec") + b".del"))
    assert request == Request("vdr", "deleted", path(REC))


@pytest.mark.parametrize("name", [name for name in ODD_NAMES if b"`" not in name])
def test_odd_names_come_through_vdrs_shell(mailbox: Mailbox, name: bytes) -> None:
    assert mailbox.call("/bin/sh", "-c", vdr_command_line("after", name)) == [Request("vdr", "after", path(name))]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_do_no_harm_in_any_shell(mailbox: Mailbox, name: bytes, shell: str) -> None:
    command = [shell, "sh"] if shell == "busybox" else [shell]
    found = mailbox.call(*command, HOOKS / "leave-request", "vdr", "moved", name, REC)
    assert found == [Request("vdr", "moved", path(name), path(REC))]


@given(raw=st.binary(min_size=1, max_size=60).filter(lambda raw: not set(raw) & {0} and b"/" not in raw))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_comes_through(mailbox: Mailbox, raw: bytes) -> None:
    name = b"/srv/" + raw + b"/x.ts"
    assert mailbox.call(HOOKS / "tvheadend-hook", "finished", name) == [
        Request("tvheadend", "finished", path(name)),
    ]


@pytest.mark.parametrize("words", [(), ("after",), ("after", ""), ("after", "relative/x.rec"), ("unheard-of", REC)])
def test_calls_that_make_no_sense_leave_nothing(mailbox: Mailbox, words: tuple[str | bytes, ...]) -> None:
    assert mailbox.call(HOOKS / "vdr-recording-hook", *words) == []
    assert list(mailbox.folder.iterdir()) == []


def test_a_recorder_is_not_disturbed_when_the_folder_is_missing_or_forbidden(mailbox: Mailbox) -> None:
    mailbox.settings.write_text("/nowhere/at/all\n")
    assert mailbox.call(HOOKS / "leave-request", "vdr", "after", REC) == []
    mailbox.settings.write_text("/proc/sys\n")  # nobody can write there, root neither
    assert mailbox.call(HOOKS / "leave-request", "vdr", "after", REC) == []


@pytest.mark.parametrize("result", [("OK", "finished"), ("Aborted by user", "aborted"), (None, "finished")])
def test_tvheadend_tells_finished_from_aborted(mailbox: Mailbox, result: tuple[str | None, str]) -> None:
    message, event = result
    arguments = [] if message is None else [message]
    [request] = mailbox.call(HOOKS / "tvheadend-hook", "finished", b"/srv/tvh/News - 1.ts", *arguments)
    assert request == Request("tvheadend", event, Path("/srv/tvh/News - 1.ts"))
    assert request.kind is RequestKind.LOOK


def test_the_lines_for_tvheadends_settings_work_as_they_stand_in_the_hook(mailbox: Mailbox) -> None:
    """Tvheadend substitutes, splits at blanks outside quotes and starts the program without a shell."""
    text = (HOOKS / "tvheadend-hook").read_text()
    for label, event in (("Post-processor command", "finished"), ("Post-remove command", "deleted")):
        line = re.search(rf"{label}:\s+(.+)", text)
        assert line is not None
        filled = line[1].replace("%f", "/srv/tvh/Die Woche.ts").replace("%e", "OK")
        program, *arguments = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', filled)]
        assert Path(program).name == "tvheadend-hook"
        [request] = mailbox.call(HOOKS / "tvheadend-hook", *arguments)
        assert request == Request("tvheadend", event, Path("/srv/tvh/Die Woche.ts"))


def test_mythtv_runs_its_user_job_through_a_shell(mailbox: Mailbox) -> None:
    text = (HOOKS / "mythtv-user-job").read_text()
    line = re.search(r"User Job #1 command:\s+(.+)", text)
    assert line is not None
    command = line[1].replace("%DIR%", "/srv/myth tv").replace("%FILE%", "1001_20240101201500.ts")
    command = command.replace("/opt/voicemark/share/hooks", str(HOOKS))
    assert mailbox.call("/bin/sh", "-c", command) == [
        Request("mythtv", "finished", Path("/srv/myth tv/1001_20240101201500.ts"))
    ]


def test_a_recorder_that_sees_other_paths_has_them_exchanged(mailbox: Mailbox) -> None:
    mailbox.settings.write_text(f"{mailbox.folder}\n/media/hdd/movie\n/srv/box\n")
    found = mailbox.call(
        HOOKS / "leave-request", "enigma2", "moved", "/media/hdd/movie/a b.ts", "/media/hdd/movies-old/a b.ts"
    )
    assert found == [Request("enigma2", "moved", Path("/srv/box/a b.ts"), Path("/media/hdd/movies-old/a b.ts"))]


@pytest.mark.skipif(not DEBIAN_DISPATCHER.is_file(), reason="Debian's vdr package is not installed")
def test_debians_dispatcher_calls_the_linked_hook(mailbox: Mailbox, tmp_path: Path) -> None:
    hooks = tmp_path / "recording-hooks"
    hooks.mkdir()
    (hooks / "R50.voicemark").symlink_to(HOOKS / "vdr-recording-hook")
    dispatcher = tmp_path / "vdr-recordingaction"
    dispatcher.write_text(
        DEBIAN_DISPATCHER.read_text().replace("/usr/share/vdr/recording-hooks", str(hooks)).replace("logger ", ": ")
    )
    other = b"/srv/vdr/video/%Tat ort/2024-01-01.20.15.1-0.rec"
    subprocess.run(["/bin/sh", dispatcher, "edited", other, REC], env=mailbox.environment, timeout=20, check=False)
    assert take_requests(mailbox.folder) == [Request("vdr", "edited", path(other), path(REC))]


@pytest.mark.skipif(shutil.which("vdr") is None, reason="vdr is not installed")
def test_the_real_vdr_calls_the_hook_while_it_cuts(mailbox: Mailbox, tmp_path: Path) -> None:
    video = tmp_path / "video"
    recording = video / "Tat_ort" / "2024-01-01.20.15.1-0.rec"
    recording.mkdir(parents=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=96x64:rate=25:d=6",
         "-c:v", "mpeg2video", "-g", "12", "-bf", "0", "-f", "mpegts", recording / "00001.ts"],
        check=True,
    )  # fmt: skip
    (recording / "info").write_text("T Tatort\nF 25\n")
    (recording / "marks").write_text("0:00:01.00\n0:00:03.00\n")
    environment = {**mailbox.environment, "LC_ALL": "C.UTF-8"}
    for arguments in ([f"--genindex={recording}"], ["-r", HOOKS / "vdr-recording-hook", f"--edit={recording}"]):
        subprocess.run(["vdr", "-v", video, *arguments], env=environment, check=True, capture_output=True, timeout=60)
    edited = video / "%Tat_ort" / recording.name
    assert (edited / "00001.ts").is_file()
    assert {request.event: request for request in take_requests(mailbox.folder)} == {
        "editing": Request("vdr", "editing", edited, recording),
        "edited": Request("vdr", "edited", edited, recording),
    }


def test_a_hook_writes_through_no_link_and_over_no_file(mailbox: Mailbox, tmp_path: Path) -> None:
    """Others may write to the folder: the name that a hook writes to cannot be foreseen, and is made anew."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "date").write_text("#!/bin/sh\necho 1\n")
    (tools / "od").write_text('#!/bin/sh\ncase $* in *urandom*) echo 00 ;; *) exec /usr/bin/od "$@" ;; esac\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    mailbox.environment["PATH"] = f"{tools}:{mailbox.environment['PATH']}"
    victim = tmp_path / "victim"
    victim.write_text("precious")
    foreseen = 'ln -s "$1" "$2/1-$$-00-vdr.part"; exec sh "$3" vdr after "$4"'
    script = HOOKS / "leave-request"
    assert mailbox.call("/bin/sh", "-c", foreseen, "sh", victim, mailbox.folder, script, REC) == []
    assert victim.read_text() == "precious"


def test_a_hooks_file_has_another_name_each_time(mailbox: Mailbox) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'for i in 1 2 3; do sh "$1" vdr after "$2" & done; wait', "sh", HOOKS / "leave-request", REC],
        env=mailbox.environment,
        timeout=20,
        check=True,
    )
    assert done.returncode == 0
    names = [file.name for file in mailbox.folder.iterdir()]
    assert len({re.sub(r"^\d+-\d+-", "", name) for name in names}) == 3
    assert all(re.fullmatch(r"\d+-\d+-[0-9a-f]{16}-vdr\.json", name) for name in names)
