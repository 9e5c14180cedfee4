"""Sign the index of an export with an Ed25519 key, and check the signature. The index has the hashes of all files, so that signs all of them.

Keys are files as openssl and ssh-keygen write them, and a signature is the 64 bytes of RFC 8032, which openssl checks, too (docs/export.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotpatch_kb.db.model.errors import BadInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# Of index.json; not in the index itself.
SIGNATURE: Final = "index.json.sig"


def private_key(file: Path) -> Ed25519PrivateKey:
    """Return the key to sign with.

    Raises:
        BadInput: the file has no Ed25519 private key without a password, or the extra "sign" is not installed.
    """
    _need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (an extra)
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    body = _read(file)
    load = serialization.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in body else serialization.load_pem_private_key
    try:
        key = load(body, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput("expected an Ed25519 private key without a password in {file}, got something else", file=file)
    return key


def public_key(file: Path) -> Ed25519PublicKey:
    """Return the key to check with.

    Raises:
        BadInput: the file has no Ed25519 public key, or the extra "sign" is not installed.
    """
    _need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (an extra)
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    body = _read(file)
    load = serialization.load_ssh_public_key if body.startswith(b"ssh-") else serialization.load_pem_public_key
    try:
        key = load(body)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput("expected an Ed25519 public key in {file}, got something else", file=file)
    return key


def is_signed(body: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    """Return whether a signature is that of a text by a key."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (an extra)

    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401, PLC0415
    except ImportError:
        raise BadInput("expected the package cryptography for --key, got none: pip install 'hotpatch-kb[sign]'") from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput("expected a key in {file}, got {error}", file=file, error=error.strerror) from None
