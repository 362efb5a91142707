"""A network keeps what it knows when it starts towards another teacher: only its last layer is set anew."""

import numpy as np
import torch
import torch.nn.functional as F
from support.networks import tiny

from voicemark.audio.features import LogMel
from voicemark.lab.corpus.bank import AudioBank
from voicemark.lab.training.ridge_init import fit_last_layer
from voicemark.voice.network import SpeakerNet

TINY = tiny(8)


def voices(count: int) -> AudioBank:
    """Steady buzzes of many pitches, each three seconds, and one of a second and a half."""
    seconds = np.arange(48_000) / 16_000
    pitches = np.linspace(80, 400, count)
    tones = [sum(np.sin(2 * np.pi * pitch * k * seconds) / k for k in range(1, 12)) for pitch in pitches]
    clips = [(f"{k}", None, (0.05 * tone).astype(np.float32)) for k, tone in enumerate(tones)]
    return AudioBank.of([*clips[:-1], ("short", None, clips[-1][2][:24_000])])


def said(net: SpeakerNet, bank: AudioBank) -> torch.Tensor:
    """(clips, dim): what `net` says of each clip's first two seconds."""
    windows = np.stack([np.resize(bank.audio(k, 0, 32_000), 32_000) for k in range(len(bank))])
    with torch.no_grad():
        embeddings: torch.Tensor = net.eval()(LogMel()(torch.from_numpy(windows)))[:, 0]
        return embeddings


def test_targets_of_another_space_are_met_without_a_step_of_training() -> None:
    torch.manual_seed(0)
    bank, net = voices(40), SpeakerNet(TINY)
    net.state_dict()["norm.running_mean"].fill_(0.5)  # as after training: its inputs are not centred by chance
    rotation = torch.linalg.qr(torch.randn(8, 8)).Q
    before = said(net, bank)
    centred = before - before.mean(0)
    targets = F.normalize(centred @ rotation, dim=1)
    convolutions = net.state_dict()["trunk.0.conv.weight"].clone()
    fit_last_layer(net, LogMel(), bank, targets, windows=200)
    near = F.cosine_similarity(said(net, bank), targets)
    assert near.mean() > 0.8 > F.cosine_similarity(before, targets).mean() + 0.5
    assert torch.equal(net.state_dict()["trunk.0.conv.weight"], convolutions)


def test_clips_that_the_teacher_did_not_hear_teach_nothing() -> None:
    torch.manual_seed(0)
    bank, net = voices(4), SpeakerNet(TINY)
    before = net.affine.weight.clone()
    fit_last_layer(net, LogMel(), bank, torch.zeros(4, 8), windows=10)
    assert torch.equal(net.affine.weight, before)


def test_a_network_in_training_stays_in_training() -> None:
    net = SpeakerNet(TINY).train()
    fit_last_layer(net, LogMel(), voices(4), F.normalize(torch.randn(4, 8), dim=1), windows=10)
    assert net.training
