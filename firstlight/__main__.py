"""``python -m firstlight``, which is also what ``accelerate launch -m firstlight`` runs."""

from firstlight.cli import main  # pyright: ignore[reportMissingImports]

main()
