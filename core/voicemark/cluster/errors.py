"""What can be wrong with a cluster: always the place's trouble, so that no recording is judged by it."""

from voicemark.errors import Trouble, VoicemarkError


class ClusterError(VoicemarkError):
    """Machines cannot work together: an address, a certificate, a scheduler that does not answer."""

    trouble = Trouble.PLACE
    stops_all = True


class SchedulerLostError(ClusterError):
    """A scheduler that was there is not any more; it may come back."""
