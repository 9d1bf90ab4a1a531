"""Writes docs/ledger.md from alexnet_keras/ledger.toml."""

import pathlib

from alexnet_keras import ledger
from alexnet_keras.files import replacing

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "ledger.md"


def main():
    """Writes the page, whole or not at all."""
    claims = ledger.read()
    with replacing(PAGE) as half:
        half.write_text(ledger.markdown(claims), encoding="utf-8")
    print(f"{PAGE.name}: {len(claims)} claims")


if __name__ == "__main__":
    main()
