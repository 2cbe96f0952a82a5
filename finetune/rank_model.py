"""The network of the packed ranker: soft tokens and words in, one score for each candidate out."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from ..prompts.render import SLOT
from .packing import PADDING, Pack, joined, visible
from .soft_tokens import SoftTokens, Voices


class RankModel(nn.Module):
    """Scores packs.

    The readout is one linear map of the final hidden state at a candidate's last token. It starts as the
    difference of the unembedding rows of "Yes" and "No", so an untrained ranker answers with
    logit("Yes") - logit("No"), and training is free to leave the two words.

    Parameters
    ----------
    lm
        A causal language model whose attention is full in every layer; LoRA layers may be inside.
    readout
        float32 [width], the initial map.
    soft
        The projector, or None for a ranker that reads text alone.
    """

    def __init__(self, lm: PreTrainedModel, readout: Tensor, soft: SoftTokens | None = None) -> None:
        super().__init__()
        self.lm = lm
        self.soft = soft
        self.readout = nn.Parameter(readout.detach().float().clone())

    @property
    def device(self) -> torch.device:
        """Where inputs must lie."""
        return self.readout.device

    def forward(self, pack: Pack, voices: Voices) -> tuple[Tensor, Tensor]:
        """Scores [b, n] of whole packs, -inf where no candidate is, and hidden states [b, l, width]."""
        mask = visible(pack.segments, pack.segments)
        hidden = self._decode(pack, voices, mask, None)
        return self.read(hidden, pack.last), hidden

    def prefill(self, prefix: Pack, voices: Voices) -> DynamicCache:
        """Run the shared prefixes once and keep their keys and values."""
        cache = DynamicCache()
        self._decode(prefix, voices, visible(prefix.segments, prefix.segments), cache)
        return cache

    def score_chunk(self, prefix: Pack, cache: DynamicCache, chunk: Pack, voices: Voices) -> Tensor:
        """Scores [b, n] of candidates against a cached prefix, which is left as it was."""
        mask = visible(chunk.segments, joined(prefix, chunk))
        hidden = self._decode(chunk, voices, mask, cache)
        cache.crop(-chunk.ids.shape[1])
        return self.read(hidden, chunk.last)

    def word_logits(self, hidden: Tensor) -> Tensor:
        """Logits of the next token for hidden states [m, width]."""
        return cast(nn.Module, self.lm.get_output_embeddings())(hidden)

    def _decode(self, pack: Pack, voices: Voices, mask: Tensor, cache: DynamicCache | None) -> Tensor:
        outputs = self.lm.get_decoder()(
            inputs_embeds=self.embed(pack.ids, voices),
            attention_mask=mask,
            position_ids=pack.positions,
            past_key_values=cache,
            use_cache=cache is not None,
        )
        return outputs.last_hidden_state

    def embed(self, ids: Tensor, voices: Voices) -> Tensor:
        """Token embeddings with the soft tokens in their slots, in the model's own precision."""
        words = self.lm.get_input_embeddings()(ids.clamp(min=0))
        if self.soft is None:
            return words
        slots = (ids == SLOT).nonzero(as_tuple=True)
        spoken = self.soft(
            torch.from_numpy(voices.vectors).to(words.device),
            torch.from_numpy(voices.kinds).to(words.device),
            torch.from_numpy(voices.known).to(words.device),
        )
        return words.index_put(slots, spoken.to(words.dtype))

    def read(self, hidden: Tensor, last: Tensor) -> Tensor:
        """The readout at the end of each candidate, in float32."""
        places = last.clamp(min=0)[:, :, None].expand(-1, -1, hidden.shape[-1])
        # A product and a sum: autocast would turn a matrix product into bfloat16.
        scores = (hidden.gather(1, places).float() * self.readout).sum(dim=-1)
        return scores.masked_fill(last == PADDING, -torch.inf)
