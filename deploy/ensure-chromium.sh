#!/bin/sh
# Installs Chromium with apt, in which tests look at the page; those skip where it is missing and cannot be had.
set -u
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "no chromium: the tests in a browser will be skipped. As root: apt install chromium" >&2
    exit 0
fi
if command -v apt-get >/dev/null 2>&1; then
    echo "installing chromium, for the tests in a browser"
    $as_root apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
fi
echo "chromium could not be installed: the tests in a browser will be skipped" >&2
exit 0
