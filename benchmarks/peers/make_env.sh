#!/usr/bin/env bash
# The peers' own environment, apart from Firstlight's:  make_env.sh DIR
set -euo pipefail
"${PYTHON:-python3}" -m venv "$1"
"$1/bin/python" -m pip install --disable-pip-version-check -q "rectools[torch]==0.19.0"
"$1/bin/python" -c 'import rectools, torch; print("rectools", rectools.__version__, "torch", torch.__version__)'
