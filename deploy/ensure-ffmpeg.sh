#!/bin/sh
# Installs ffmpeg with apt where it is missing and this user may do so; says what to do otherwise.
set -u
command -v ffmpeg >/dev/null 2>&1 && command -v ffprobe >/dev/null 2>&1 && exit 0
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "ffmpeg is missing and this user may not install it. As root: apt install ffmpeg" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "ffmpeg is missing and there is no apt here. Install ffmpeg (with ffprobe) and try again." >&2
    exit 1
fi
echo "installing ffmpeg"
$as_root apt-get update -qq || true
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq ffmpeg >/dev/null
