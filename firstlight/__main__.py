"""``python -m firstlight``, which is also what ``accelerate launch -m firstlight`` runs."""

from .cli import main

main()
