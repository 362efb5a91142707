"""What a user may not read: where the way to it ends, and who may.

What the service keeps is its user's, and of a group that people can join; who asks without being in it is told so.
"""

import grp
import os
import pwd
import stat
from pathlib import Path


def barred_at(path: Path) -> Path | None:
    """The first folder on the way to `path` that this user may not enter, or `path` itself that it may not read.

    None where all may be, and where the way ends because nothing is there.
    """
    here = path.absolute()
    for place in (*reversed(here.parents), here):
        try:
            is_folder = stat.S_ISDIR(place.stat().st_mode)
        except OSError:
            return None
        needed = os.X_OK if is_folder and place != here else os.R_OK | (os.X_OK if is_folder else 0)
        if not os.access(place, needed):
            return place
    return None


def who_may(path: Path) -> str:
    """Advice to a user who may not read `path`, or not write what is there: which group to join, or who to be."""
    place = barred_at(path) or path
    try:
        of = place.stat()
        owner = pwd.getpwuid(of.st_uid).pw_name
    except (OSError, KeyError):
        return "give this user the right to read it"
    needed = stat.S_IRGRP if place == path.absolute() else stat.S_IXGRP
    as_owner = f"run this as {owner}, who owns {place}"
    if of.st_gid == 0 or not of.st_mode & needed or os.access(place, os.R_OK):
        return as_owner
    try:
        group, you = grp.getgrgid(of.st_gid).gr_name, pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return as_owner
    return f"`adduser {you} {group}` lets {you} read it, from the next login on; or {as_owner}"
