"""Computes leaf-vectors.json from the words of docs/JOURNAL.md alone.

Run once: python3 vectors.py > leaf-vectors.json. The vectors are the format;
they are never edited.
"""

import base64
import hashlib
import hmac
import json


def vector(seed, members):
    fields, parts = [], ["deconflict leaf v1"]
    for name, value in members:
        salt = hmac.new(seed, name.encode(), hashlib.sha256).digest()
        length = len(name.encode()).to_bytes(2, "big")
        commitment = hashlib.sha256(
            b"deconflict field v1\n" + salt + length + name.encode() + value.encode()
        ).digest()
        fields.append(
            {"name": name, "value": value, "salt": salt.hex(), "commitment": commitment.hex()}
        )
        parts.append(base64.urlsafe_b64encode(commitment).decode().rstrip("="))
    names = [json.dumps(name, ensure_ascii=False) for name, _ in members]
    event = "{" + ",".join(n + ":" + value for n, (_, value) in zip(names, members)) + "}"
    leaf = json.dumps(parts, separators=(",", ":"))
    return {
        "seed": seed.hex(),
        "event": event,
        "fields": fields,
        "leaf": leaf,
        "leaf_hash": hashlib.sha256(b"\0" + leaf.encode()).hexdigest(),
    }


VECTORS = [
    vector(bytes(32), []),
    vector(bytes(range(32)), [("at", '"2031-05-04T03:02:01.000000000Z"'), ("by", '"tarrow.example"'), ("v", "1")]),
    vector(b"\xff" * 32, [("", '""'), ("a\n\"b\\", "null"), ("é", '{"x":[1,-2,true]}'), ("😀", '"€\\u0001"'), ("\ufb33", "[]")]),
    vector(hashlib.sha256(b"long").digest(), [("m" * 100, '"' + "x" * 300 + '"'), ("n", "9007199254740992")]),
]

print(json.dumps(VECTORS, indent=1))
