#!/usr/bin/env python3
"""Writes geoid.tsv: EGM96 geoid heights interpolated bilinearly, in exact
arithmetic, straight from the GTX grid of Debian's proj-data:

    python3 geoid.py /usr/share/proj/egm96_15.gtx

Columns: latitude and longitude in 1e-9 degree, height in metres.
"""
import random
import struct
import sys
from fractions import Fraction

E9 = 10**9
with open(sys.argv[1], "rb") as f:
    south, west, dlat, dlng, rows, columns = struct.unpack(">ddddii", f.read(40))
    grid = struct.unpack(f">{rows * columns}f", f.read())
assert (south, west, dlat, dlng, rows, columns) == (-90, -180, 0.25, 0.25, 721, 1440)


def height(lat, lng):
    y = Fraction(lat, E9) + 90
    x = Fraction(lng, E9) + 180
    i = min(int(y * 4), rows - 2)
    j = int(x * 4)
    v, u = y * 4 - i, x * 4 - j

    def at(r, c):
        return Fraction(grid[r * columns + c % columns])

    return (
        (1 - v) * ((1 - u) * at(i, j) + u * at(i, j + 1))
        + v * ((1 - u) * at(i + 1, j) + u * at(i + 1, j + 1))
    )


rng = random.Random(19960101)
points = [(rng.randint(-90 * E9, 90 * E9), rng.randint(-180 * E9, 180 * E9 - 1)) for _ in range(800)]
points += [(s * 90 * E9, lng * E9) for s in (-1, 1) for lng in (-180, -90, 0, 47, 179)]
points += [(s * (90 * E9 - 1), 12_345_678_901) for s in (-1, 1)]
points += [(lat * E9 + 3, e) for lat in range(-89, 90, 8) for e in (-180 * E9, -180 * E9 + 1, 180 * E9 - 1, 179_750_000_000, 179_875_000_000)]
points += [(rng.randint(-360, 360) * E9 // 4, rng.randint(-720, 719) * E9 // 4) for _ in range(100)]
with open("geoid.tsv", "w") as out:
    print("lat", "lng", "height", sep="\t", file=out)
    for lat, lng in points:
        print(lat, lng, f"{float(height(lat, lng)):.6f}", sep="\t", file=out)
