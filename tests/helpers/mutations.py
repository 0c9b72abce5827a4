"""Broken files: seeded mutations of the bytes, members or values of a file."""

import copy
import io
import json
import zipfile

EVIL_INTEGERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)
EVIL_VALUES = (
    *(None, True, -1, 0, 1, 0.5, -1e308, 1e308, float("nan"), float("inf")),
    *(2**31, 2**63, 10**12, "", "a", "../../escaped", "\x00", [], [1], {}),
    *([[]] * 50, {"class_name": "Dense"}, {"config": {}}),
)


def mutate_bytes(content, rng):
    """Some of: bytes changed, an integer set, a part cut, doubled or zeroed."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        if not content:
            return bytes(rng.randbytes(rng.randrange(64)))
        place = rng.randrange(len(content))
        length = rng.randrange(1, 1 + min(64, len(content) - place))
        kind = rng.randrange(6)
        if kind == 0:
            content[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            number = rng.choice(EVIL_INTEGERS)
            width = rng.choice([1, 2, 4, 8])
            number &= (1 << 8 * width) - 1
            content[place : place + width] = number.to_bytes(width, "little")
        elif kind == 2:
            del content[place:]
        elif kind == 3:
            del content[place : place + length]
        elif kind == 4:
            content[place:place] = content[place : place + length]
        else:
            content[place : place + length] = bytes(length)
    return bytes(content)


def mutate_text(content, rng):
    """The bytes of a JSON text, of which values or keys are changed."""
    try:
        value = json.loads(content)
    except ValueError:
        return mutate_bytes(content, rng)
    if rng.random() < 0.1:
        return mutate_bytes(content, rng)
    holder = [value]
    for _ in range(rng.choice([1, 1, 2, 3])):
        places = list(_places(holder))
        where, key = rng.choice(places)
        if isinstance(where, dict) and rng.random() < 0.3:
            del where[key]
        else:
            where[key] = copy.deepcopy(rng.choice(EVIL_VALUES))
    return json.dumps(holder[0]).encode()


def _places(value):
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


def mutate_archive(content, rng):
    """A ZIP archive, one of whose members is mutated, renamed or gone."""
    if rng.random() < 0.3:
        return mutate_bytes(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    kind = rng.randrange(10)
    if kind == 0:
        del members[name]
    elif kind == 1:
        members[f"../../{name}"] = members.pop(name)
    elif kind == 2:
        members["../../../../tmp/escaped.txt"] = b"out"
        members["/tmp/escaped.txt"] = b"out"
    else:
        change = mutate_text if name.endswith(".json") else mutate_bytes
        head = members[name]
        if name.endswith(".npy") and rng.random() < 0.7:
            # Most of the errors hide in the header.
            members[name] = change(head[:128], rng) + head[128:]
        else:
            members[name] = change(head, rng)
    target = io.BytesIO()
    packing = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(target, "w", packing) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return target.getvalue()
