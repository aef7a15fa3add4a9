"""Ends with 0 if the tracking server of this container answers: the image has no curl."""

import sys
from urllib.request import ProxyHandler, build_opener

try:
    # A proxy of the environment is for what is outside.
    with build_opener(ProxyHandler({})).open("http://127.0.0.1:5000/health", timeout=3) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError as problem:
    sys.exit(f"no answer: {problem}")
