#!/bin/sh
# Installs voicemark as a service, upgrades it, or removes it. Run as root; running it again does no harm.
#
#   deploy/install.sh [install]     install or upgrade: program, user, folders, units; starts the service
#   deploy/install.sh uninstall     remove program and units; configuration and data stay
#   deploy/install.sh purge         remove configuration and data too
#
# Options, after the command:
#   --from WHAT   the source folder (default: the one this script is in) or a wheel
#   --cpu         take PyTorch without GPU support (200 MB instead of several GB)
#   --web         the page too: http://localhost:8765, for this machine alone; stays with later upgrades
#   --worker      what hears for another machine's backfill too (docs/cluster.md); stays with later upgrades
#   --no-start    do not start the service
#   --root DIR    put everything below DIR, make no user and touch no running system (for packagers and tests)
#
# The program goes to /opt/voicemark (a virtual environment of its own), the configuration to /etc/voicemark, data to
# /var/lib/voicemark. An upgrade copies the database to /var/lib/voicemark/backup before it is migrated.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
command=install from=$here cpu='' web='' worker='' start=yes root='' unfilled=''
case ${1-} in install | uninstall | purge) command=$1 && shift ;; esac
while [ $# -gt 0 ]; do
    case $1 in
    --from) from=$2 && shift ;;
    --cpu) cpu=yes ;;
    --web) web=yes ;;
    --worker) worker=yes ;;
    --no-start) start='' ;;
    --root) root=$2 && shift ;;
    -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) echo "install.sh: $1? See --help." >&2 && exit 2 ;;
    esac
    shift
done

program=$root/opt/voicemark config=$root/etc/voicemark data=$root/var/lib/voicemark
units=$root/etc/systemd/system sysusers=$root/usr/lib/sysusers.d tmpfiles=$root/usr/lib/tmpfiles.d
polkit=$root/usr/share/polkit-1/rules.d command_link=$root/usr/local/bin/voicemark
[ ! -e "$units/voicemark-web.socket" ] || web=yes
[ ! -e "$units/voicemark-worker.service" ] || worker=yes
extras=${web:+web}${web:+${worker:+,}}${worker:+cluster}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# On the running system, not below --root, and only where systemd runs.
with_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# As the service's user, so that nothing in its folder belongs to root.
as_service() {
    if [ -n "$root" ]; then
        "$@"
    else
        runuser -u voicemark -- "$@"
    fi
}

check() {
    [ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "must be run as root"
    python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "needs Python 3.11 or newer; name another one with PYTHON=/path/to/python3"
    "$python" -c 'import ensurepip' 2>/dev/null || [ -x "$program/bin/pip" ] ||
        fail "this Python makes no virtual environments; on Debian: apt install python3-venv"
    for tool in ffmpeg ffprobe; do
        command -v "$tool" >/dev/null || fail "needs $tool; on Debian: apt install ffmpeg"
    done
    [ -e "$from" ] || fail "there is no $from"
}

make_user() {
    install -D -m 644 "$here/systemd/sysusers.conf" "$sysusers/voicemark.conf"
    install -D -m 644 "$here/systemd/tmpfiles.conf" "$tmpfiles/voicemark.conf"
    if [ -n "$root" ]; then
        mkdir -p "$config" "$data/requests" "$data/export"
        return
    fi
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers "$sysusers/voicemark.conf"
    elif ! id voicemark >/dev/null 2>&1; then
        useradd --system --home-dir /var/lib/voicemark --shell /usr/sbin/nologin voicemark
    fi
    if command -v systemd-tmpfiles >/dev/null; then
        systemd-tmpfiles --create "$tmpfiles/voicemark.conf"
    else
        install -d -m 755 "$config"
        install -d -m 2755 -o voicemark -g voicemark "$data"
        install -d -m 755 -o voicemark -g voicemark "$data/export"
        install -d -m 2770 -o voicemark -g video "$data/requests"
    fi
}

# Where the configuration says that the database is, read as TOML: quotes of either kind, comments, any order.
database() {
    [ -f "$config/config.toml" ] || return 0
    "$python" - "$config" <<'END'
import pathlib, sys, tomllib
folder = pathlib.Path(sys.argv[1])
url = tomllib.loads((folder / "config.toml").read_text("utf-8")).get("database", {}).get("url", "")
if url.startswith("sqlite:///"):
    print(folder / url.removeprefix("sqlite:///"))
END
}

# A copy by the version that wrote the database, before a newer one changes it.
keep_database() {
    file=$(database) || fail "$config/config.toml cannot be read; nothing has been changed"
    : "${file:=$data/voicemark.db}"
    [ -x "$program/bin/voicemark" ] && [ -f "$file" ] || return 0
    copy=$data/backup/voicemark-$(date +%Y%m%d-%H%M%S).db
    as_service mkdir -p -m 700 "$data/backup"
    as_service "$program/bin/voicemark" backup "$copy" --config "$config/config.toml" ||
        fail "the database could not be copied; nothing has been changed"
    echo "the database was copied to $copy"
}

install_program() {
    [ -x "$program/bin/python" ] || "$python" -m venv "$program"
    pip="$program/bin/python -m pip --quiet --disable-pip-version-check"
    constraints=''
    [ ! -f "$here/constraints.txt" ] || constraints="-c $here/constraints.txt"
    # shellcheck disable=SC2086  # Several words on purpose.
    {
        [ -z "$cpu" ] || $pip install $constraints torch torchaudio --index-url https://download.pytorch.org/whl/cpu
        $pip install $constraints "$from${extras:+[$extras]}"
        # The same version number may hold another program: it is always put in place.
        $pip install --force-reinstall --no-deps "$from"
    }
    "$program/bin/voicemark" --version
    mkdir -p "$program/share"
    cp -R "$here/deploy/hooks" "$here/systemd" "$program/share/"
    for text in service cluster; do
        [ ! -f "$here/docs/$text.md" ] || cp "$here/docs/$text.md" "$program/share/"
    done
}

install_config() {
    if [ ! -e "$config/config.toml" ]; then
        "$program/bin/voicemark" config example >"$config/config.toml.new"
        mv "$config/config.toml.new" "$config/config.toml"
        unfilled=yes
        echo "a configuration to fill in is at $config/config.toml"
    fi
}

# Opening the database migrates it; a failure leaves the copy and the old schema.
migrate() {
    file=$(database)
    : "${file:=$data/voicemark.db}"
    [ -f "$file" ] || return 0
    as_service "$program/bin/voicemark" status --config "$config/config.toml" >/dev/null ||
        fail "the database could not be brought to this version; the copy is in $data/backup"
}

# The command's name, unless somebody else's program has it.
link() {
    if [ -e "$command_link" ] || [ -L "$command_link" ]; then
        is_our_link || {
            echo "$command_link is another program and stays; the command is $program/bin/voicemark"
            return 0
        }
    fi
    ln -sfn "$program/bin/voicemark" "$command_link" 2>/dev/null || true
}

is_our_link() { [ "$(readlink "$command_link" 2>/dev/null)" = "$program/bin/voicemark" ]; }

install_units() {
    install -D -m 644 "$here/systemd/voicemark.service" "$units/voicemark.service"
    for example in "$here"/systemd/voicemark.service.d/*.example; do
        install -D -m 644 "$example" "$units/voicemark.service.d/$(basename "$example")"
    done
    if [ -n "$web" ]; then
        install -m 644 "$here/systemd/voicemark-web.socket" "$here/systemd/voicemark-web.service" "$units/"
    fi
    [ -z "$worker" ] || install -m 644 "$here/systemd/voicemark-worker.service" "$units/"
    [ ! -d "$polkit" ] || install -m 644 "$here/systemd/polkit.rules" "$polkit/50-voicemark.rules"
    link
    with_systemd || return 0
    systemctl daemon-reload
    [ -n "$start" ] || return 0
    systemctl enable --quiet voicemark.service
    [ -z "$web" ] || systemctl enable --quiet voicemark-web.socket
}

begin() {
    if [ -z "$root" ] && ! with_systemd; then
        echo "systemd does not run here, so nothing was started; as user voicemark:" \
            "$program/bin/voicemarkd --config $config/config.toml"
        return
    fi
    with_systemd && [ -n "$start" ] || return 0
    if [ -n "$web" ]; then
        systemctl restart voicemark-web.socket
        echo "the page: http://localhost:8765/"
    fi
    if [ -n "$worker" ] && grep -q '^scheduler *=' "$config/config.toml"; then
        systemctl enable --quiet --now voicemark-worker.service
        echo "it hears for others: systemctl status voicemark-worker"
    elif [ -n "$worker" ]; then
        echo "fill in [cluster] in $config/config.toml, then: systemctl enable --now voicemark-worker"
    fi
    if [ -z "$unfilled" ] && grep -q '^\[\[watch\]\]' "$config/config.toml"; then
        systemctl restart voicemark.service
        echo "the service runs: systemctl status voicemark"
    else
        echo "name your recorder's folder and voices in $config/config.toml, then: systemctl restart voicemark"
    fi
}

stop() {
    # The socket first: else the next who asks for the page would start it again.
    for unit in voicemark-web.socket voicemark-web.service voicemark-worker.service voicemark.service; do
        ! with_systemd || systemctl stop "$unit" 2>/dev/null || true
    done
}

uninstall() {
    stop
    for unit in voicemark.service voicemark-worker.service voicemark-web.socket; do
        ! with_systemd || systemctl disable --quiet "$unit" 2>/dev/null || true
    done
    rm -f "$units/voicemark.service" "$units/voicemark-web.socket" "$units/voicemark-web.service" \
        "$units/voicemark-worker.service" "$units"/voicemark.service.d/*.example "$sysusers/voicemark.conf" \
        "$tmpfiles/voicemark.conf" "$polkit/50-voicemark.rules"
    ! is_our_link || rm -f "$command_link"
    rmdir "$units/voicemark.service.d" 2>/dev/null || true
    rm -rf "$program" "$root/var/cache/voicemark"
    ! with_systemd || systemctl daemon-reload
}

[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "must be run as root"
case $command in
install)
    check
    make_user
    stop
    keep_database
    install_program
    install_config
    migrate
    install_units
    begin
    ;;
uninstall)
    uninstall
    echo "removed; $config and $data were kept (install.sh purge removes them too)"
    ;;
purge)
    uninstall
    rm -rf "$config" "$data"
    echo "removed, with configuration and data"
    ;;
esac
