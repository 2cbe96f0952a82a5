"""What a run's mixer starts from: the shipped prior, none, or a file, which is looked at before any work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firstlight.base.errors import ArtifactError
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixer_prior import shipped_prior
from firstlight.recommender import pretrain
from firstlight.recommender.config import MixerConfig
from firstlight.recommender.hub import _public_config
from firstlight.recommender.mixture import prior_of
from firstlight.recommender.run_directory import load_run


def weights(mixer: Mixer) -> np.ndarray:
    return np.concatenate([one.detach().numpy().ravel() for one in mixer.parameters()])


def test_a_mixer_starts_from_the_shipped_prior_unless_told_otherwise(tmp_path):
    shipped = shipped_prior()
    np.testing.assert_array_equal(weights(prior_of(MixerConfig())), weights(shipped))
    assert prior_of(MixerConfig("none")) is None
    shipped.save(tmp_path / "own.safetensors")
    np.testing.assert_array_equal(
        weights(prior_of(MixerConfig(str(tmp_path / "own.safetensors")))), weights(shipped)
    )


def test_a_small_shop_stays_near_the_prior(pretrained):
    """The sample world has few cases: what they move it by is small beside what it started from."""
    mixer = load_run(pretrained).mixer
    start = shipped_prior().over(mixer.names)
    assert np.linalg.norm(weights(mixer) - weights(start)) < 0.5 * np.linalg.norm(weights(start))


@pytest.mark.parametrize("content", [None, b"nothing"])
def test_a_prior_that_is_none_is_said_before_the_work(world, small_config, tmp_path, content):
    place = tmp_path / "prior.safetensors"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"not a mixer: .*in .*prior\.safetensors"):
        pretrain(world, tmp_path / "run", replace(small_config, mixer=MixerConfig(str(place))))
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / ".run.work").exists()


def test_a_file_is_found_from_any_folder_and_a_pushed_run_tells_its_name_alone(
    monkeypatch, tmp_path, small_config
):
    monkeypatch.chdir(tmp_path)
    named = MixerConfig("own.safetensors").resolved()
    assert named.prior == str(tmp_path / "own.safetensors")
    assert MixerConfig().resolved() == MixerConfig()
    assert MixerConfig("none").resolved() == MixerConfig("none")
    assert _public_config(replace(small_config, mixer=named)).mixer == MixerConfig("own.safetensors")
