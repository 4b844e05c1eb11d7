#!/usr/bin/env python3
"""Verifies export packs of a deconflict journal, as docs/JOURNAL.md specifies.

Usage: verify_pack.py [--key VERIFIER-KEY] PACK...

Needs Python's standard library and the openssl command (1.1.1 or later). It
says of each pack what it is, and exits with 0 when all are good, with 1 when
one is not, with 2 when it could not tell.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

MAX_LINE = 9 << 20
MAX_CHECKPOINT = 64 << 10
MAX_MEMBERS = 1024
MAX_DEPTH = 64


class Bad(Exception):
    """What the pack does not prove."""


def need(condition, message):
    if not condition:
        raise Bad(message)


def sha256(data):
    return hashlib.sha256(data).digest()


# Canonical JSON.


def utf16(name):
    return name.encode("utf-16-be")


def strict_object(pairs):
    names = [utf16(name) for name, _ in pairs]
    need(all(a < b for a, b in zip(names, names[1:])), "members out of order or repeated")
    return dict(pairs)


def strict_integer(text):
    need(len(text) <= 17, "a number out of range")
    number = int(text)
    need(abs(number) <= 1 << 53, "a number out of range")
    return number


def no_fraction(text):
    raise Bad("a number that is not an integer: " + text[:40])


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def canonical(text):
    """Decodes JSON and refuses whatever encodes to other bytes."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=strict_object,
            parse_int=strict_integer,
            parse_float=no_fraction,
            parse_constant=no_fraction,
        )
        again = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        again.encode()
        need(depth(value) <= MAX_DEPTH, "nested too deep")
    except (ValueError, RecursionError) as error:
        raise Bad("not JSON: %s" % error) from error
    need(again == text, "not in canonical form")
    return value


def has_form(value, names):
    need(isinstance(value, dict) and tuple(value) == names, "not the members " + ", ".join(names))


def whole(value):
    need(type(value) is int and value >= 0, "not a count")
    return value


def text_of(value):
    need(isinstance(value, str), "not a string")
    return value


def array_of(value):
    need(isinstance(value, list), "not an array")
    return value


def hash_of(value):
    need(len(text_of(value)) == 43, "not 32 bytes in base64url")
    try:
        data = base64.b64decode(value + "=", altchars=b"-_", validate=True)
    except ValueError as error:
        raise Bad("not base64url") from error
    need(base64.urlsafe_b64encode(data).decode().rstrip("=") == value, "not base64url in its one form")
    return data


# Checkpoint.


def decode_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad("not base64") from error
    need(base64.b64encode(data).decode() == text, "not base64 in its one form")
    return data


def parse_key(verifier_key):
    parts = verifier_key.split("+", 2)
    need(len(parts) == 3, "a verifier key has three parts")
    origin, key_id, data = parts[0], parts[1], decode_base64(parts[2])
    need(len(data) == 33 and data[0] == 1, "not an Ed25519 key")
    need(sha256(origin.encode() + b"\n" + data)[:4].hex() == key_id, "the key id is not that of the key")
    return origin, bytes.fromhex(key_id), data[1:]


def ed25519_verify(public, message, signature):
    prefix = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what precedes the key in DER
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for name, data in zip(names, (prefix + public, message, signature)):
            with open(name, "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0],
                   "-rawin", "-in", names[1], "-sigfile", names[2]]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def check_checkpoint(note, verifier_key):
    origin, key_id, public = parse_key(verifier_key)
    need(len(note.encode()) <= MAX_CHECKPOINT, "a checkpoint too long")
    need(all(c >= " " or c == "\n" for c in note), "a checkpoint with control characters")
    end = note.rfind("\n\n")
    need(end >= 0 and note.endswith("\n"), "a checkpoint without signature")
    text, signatures = note[: end + 1], note[end + 2 :].split("\n")[:-1]
    signed = False
    for line in signatures:
        need(line.startswith("\u2014 ") and line.count(" ") == 2, "a signature line of another form")
        _, name, data = line.split(" ")
        data = decode_base64(data)
        need(len(data) > 4 and name != "", "a signature line of another form")
        if name == origin and data[:4] == key_id and not signed:
            need(ed25519_verify(public, text.encode(), data[4:]), "the signature of the checkpoint is wrong")
            signed = True
    need(signed, "the checkpoint is not signed by the key")
    lines = text.split("\n")
    need(len(lines) >= 4 and lines[0] == origin, "a checkpoint of another log")
    need(lines[1].isascii() and lines[1].isdigit() and str(int(lines[1])) == lines[1], "a bad size")
    root = decode_base64(lines[2])
    need(len(root) == 32, "a bad root")
    return int(lines[1]), root


# Pack.


class Pack:
    def __init__(self, file, expected_key):
        self.file, self.at, self.shown = file, 0, 0
        header = self.line()
        has_form(header, ("format", "from", "key", "proof", "size", "to"))
        need(header["format"] == "deconflict pack v1", "another format")
        self.start, self.size, self.stop = (whole(header[n]) for n in ("from", "size", "to"))
        need(self.start <= self.stop <= self.size, "a range that is not within the tree")
        self.key, self.index = text_of(header["key"]), self.start
        need(expected_key in (None, self.key), "a pack of another log")
        self.proof = [hash_of(h) for h in array_of(header["proof"])][::-1]

    def line(self):
        self.at += 1
        data = self.file.readline(MAX_LINE + 1)
        need(len(data) <= MAX_LINE, "a line too long")
        need(data.endswith(b"\n"), "the end where a whole line was expected")
        try:
            return canonical(data[:-1].decode("utf-8"))
        except UnicodeDecodeError as error:
            raise Bad("not UTF-8") from error

    def entry(self):
        entry = self.line()
        names = ("index", "leaf")
        has_form(entry, ("fields",) + names if "fields" in entry else names)
        need(type(entry["index"]) is int and entry["index"] == self.index, "not the index %d" % self.index)
        self.index += 1
        leaf = array_of(entry["leaf"])
        need(len(leaf) > 0 and leaf[0] == "deconflict leaf v1", "a leaf of another format")
        need(len(leaf) - 1 <= MAX_MEMBERS, "a leaf with too many commitments")
        commitments = [hash_of(c) for c in leaf[1:]]
        if "fields" in entry:
            self.fields(array_of(entry["fields"]), commitments)
        return sha256(b"\0" + json.dumps(leaf, separators=(",", ":")).encode())

    def fields(self, fields, commitments):
        need(len(fields) > 0, "an empty list of fields")
        at, last = 0, None
        for field in fields:
            has_form(field, ("name", "salt", "value"))
            name, salt, value = text_of(field["name"]), hash_of(field["salt"]), text_of(field["value"])
            canonical(value)
            need(last is None or utf16(last) < utf16(name), "fields out of order")
            last, data = name, name.encode()
            need(len(data) < 1 << 16, "a name too long")
            commitment = sha256(b"deconflict field v1\n" + salt + len(data).to_bytes(2, "big") + data + value.encode())
            need(commitment in commitments[at:], "the field %r is not what the leaf commits to" % name)
            at = commitments.index(commitment, at) + 1
            self.shown += 1

    def root(self, low, high):
        if high <= self.start or low >= self.stop:
            need(self.proof, "too few hashes in the proof")
            return self.proof.pop()
        if high - low == 1:
            return self.entry()
        half = 1 << ((high - low - 1).bit_length() - 1)
        left = self.root(low, low + half)
        return sha256(b"\1" + left + self.root(low + half, high))

    def verify(self):
        root = self.root(0, self.size) if self.size else sha256(b"")
        need(not self.proof, "too many hashes in the proof")
        end = self.line()
        has_form(end, ("checkpoint",))
        size, signed_root = check_checkpoint(text_of(end["checkpoint"]), self.key)
        need(size == self.size, "the size is not that of the checkpoint")
        need(root == signed_root, "the root is not that of the checkpoint")
        need(self.file.read(1) == b"", "more behind the checkpoint")


def judge(name, key):
    """Prints what a pack is and returns the exit code."""
    pack = None
    try:
        with open(name, "rb") as file:
            pack = Pack(file, key)
            pack.verify()
    except Bad as error:
        print("BAD %s: line %d: %s" % (name, pack.at if pack else 1, error))
        return 1
    except OSError as error:
        print("UNKNOWN %s: %s" % (name, error))
        return 2
    count = pack.stop - pack.start
    which = {0: "no entry", 1: "entry %d" % pack.start}.get(count, "entries %d to %d" % (pack.start, pack.stop - 1))
    print("GOOD %s: %s, %d of the %d in the journal, %d fields shown, signed by %s"
          % (name, which, count, pack.size, pack.shown, pack.key))
    if key is None:
        print("  That is the pack's own key, which proves only that the pack is of one piece.")
    return 0


def main(arguments):
    key, packs, rest = None, [], iter(arguments[1:])
    for word in rest:
        if word in ("-h", "--help"):
            print(__doc__)
            return 0
        # Never a pack judged without the key that stands behind it.
        if word == "--key":
            key = next(rest, "")
        else:
            packs.append(word)
    if not packs or key == "" or any(name.startswith("-") for name in packs):
        print(__doc__, file=sys.stderr)
        return 2
    return max([judge(name, key) for name in packs])


if __name__ == "__main__":
    sys.exit(main(sys.argv))
