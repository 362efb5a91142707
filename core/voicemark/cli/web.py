"""`voicemark web`: the page on which one sees, hears, names and corrects."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain

NEEDED = ("jinja2", "starlette", "uvicorn")


def web(
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of [web] host.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port, instead of [web] port.")] = None,
    fd: Annotated[
        int | None, typer.Option("--fd", min=0, help="Take this listening socket; systemd hands over 3.")
    ] = None,
    socket: Annotated[
        Path | None, typer.Option("--socket", help="Listen on this Unix socket, for a reverse proxy.")
    ] = None,
    new_password: Annotated[
        bool, typer.Option("--new-password", help="Ask for a password and write it to [web] password_file.")
    ] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Print a token for scripts (Authorization: Bearer …) and allow it.")
    ] = False,
) -> None:
    """Serve the page: recordings, people, who speaks when, to look at, to listen to and to correct."""
    from voicemark.config import load_config
    from voicemark.errors import ConfigError

    settings = load_config(config)
    if sum((fd is not None, socket is not None, host is not None or port is not None)) > 1:
        raise ConfigError("--fd, --socket and --host or --port exclude each other")
    check_extra()
    if new_password or new_token:
        _write(settings.web.password_file, password=new_password)
        return
    from voicemark.web.security.binding import Binding
    from voicemark.web.serve import serve

    if fd is not None or socket is not None:
        binding = Binding(fd=fd, socket=socket)
    else:
        binding = Binding(host or settings.web.host, settings.web.port if port is None else port)
    serve(settings, binding, lambda place: typer.echo(f"voicemark: the page is at {place}"))


def check_extra() -> None:
    """Raises `ConfigError` that names the extra where what the page is made with is not installed."""
    from importlib.util import find_spec

    from voicemark.errors import ConfigError

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"the page needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            hint="pip install 'voicemark[web]'",
        )


def _write(path: Path | None, *, password: bool) -> None:
    """A new password in place of the ones before, or a token beside them."""
    from voicemark.errors import ConfigError
    from voicemark.web.security.passwords import Passwords, new_token, password_line, token_line, write_passwords

    if path is None:
        raise ConfigError("[web] password_file is not set, so there is nowhere to keep it")
    if not password:
        kept = Passwords.read(path)
        token = new_token()
        write_passwords(path, (*kept.hashed, *kept.tokens, token_line(token)))
        typer.echo(token)
        complain(f"{path}: the token is allowed once the page is started anew; it is shown only now")
        return
    asked = getpass.getpass if sys.stdin.isatty() else (lambda _prompt: sys.stdin.readline().rstrip("\n"))
    chosen = asked("New password: ")
    if sys.stdin.isatty() and getpass.getpass("Once more: ") != chosen:
        raise ConfigError("the two are not the same; nothing was changed")
    tokens = Passwords.read(path).tokens if path.exists() else ()
    write_passwords(path, (password_line(chosen), *tokens))
    typer.echo(f"{path}: written; it holds once the page is started anew")
