"""The public names, pinned."""

import gemini_embed


def test_every_public_name_exists_and_is_listed_in_order() -> None:
    assert all(getattr(gemini_embed, name) is not None for name in gemini_embed.__all__)
    assert gemini_embed.__all__ == sorted(gemini_embed.__all__)
