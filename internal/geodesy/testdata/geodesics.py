#!/usr/bin/env python3
"""Writes geodesics.tsv and directs.tsv, the reference vectors for the inverse
and direct problems, with the geographiclib package (Debian:
python3-geographiclib), whose results are good to 15 nm:

    python3 geodesics.py

Angles of end points are integers in 1e-9 degree. Everything else is a float64 in
shortest decimal form: metres and degrees. m12 is the reduced length, by which an
error of azimuth at the first point moves the second.
"""
import random

from geographiclib.geodesic import Geodesic

E9 = 10**9
earth = Geodesic.WGS84
rng = random.Random(20150917)


def wrap(a):
    return (a + 180 * E9) % (360 * E9) - 180 * E9


def clamp(a):
    return max(-90 * E9, min(90 * E9, a))


def anywhere():
    return rng.randint(-90 * E9, 90 * E9), rng.randint(-180 * E9, 180 * E9 - 1)


def near(p, metres):
    """A point at a random direction and exactly that distance, rounded."""
    r = earth.Direct(p[0] / 1e9, p[1] / 1e9, rng.uniform(-180, 180), metres)
    return clamp(round(r["lat2"] * 1e9)), wrap(round(r["lon2"] * 1e9))


def pairs():
    for _ in range(500):
        yield "long", anywhere(), anywhere()
    for decade in range(-2, 7):
        for _ in range(110):
            p = anywhere()
            yield "short" if decade < 2 else "middle", p, near(p, rng.uniform(1, 10) * 10.0**decade)
    for spread in (10**3, 10**5, 10**7, 10**8, 5 * 10**8, 10**9):
        for _ in range(80):
            lat, lng = anywhere()
            q = clamp(-lat + rng.randint(-spread, spread)), wrap(lng + 180 * E9 + rng.randint(-spread, spread))
            yield "antipodal", (lat, lng), q
    for _ in range(60):
        lat, lng = anywhere()
        yield "antipode", (lat, lng), (-lat, wrap(lng + 180 * E9))
    for _ in range(150):
        lng = rng.randint(-180 * E9, 180 * E9 - 1)
        span = rng.choice([rng.randint(-179 * E9, 179 * E9), rng.randint(1793 * E9 // 10, 180 * E9), rng.randint(1, 10**6)])
        yield "equatorial", (0, lng), (0, wrap(lng + span))
    for _ in range(100):
        lng = rng.randint(-180 * E9, 180 * E9 - 1)
        yield "near-equatorial", (rng.randint(-1000, 1000), lng), (rng.randint(-1000, 1000), wrap(lng + rng.randint(0, 360 * E9)))
    for _ in range(150):
        lat, lng = anywhere()
        yield "meridional", (lat, lng), (rng.randint(-90 * E9, 90 * E9), wrap(lng + rng.choice([0, 180 * E9])))
    for _ in range(150):
        pole = rng.choice([-90 * E9, 90 * E9])
        yield "polar", (pole, rng.randint(-180 * E9, 180 * E9 - 1)), anywhere()
        yield "polar", anywhere(), (pole, rng.randint(-180 * E9, 180 * E9 - 1))
        close = pole - (pole // abs(pole)) * rng.randint(0, 10 ** rng.randint(1, 9))
        other = pole - (pole // abs(pole)) * rng.randint(0, 10 ** rng.randint(1, 9))
        yield "near-polar", (close, rng.randint(-180 * E9, 180 * E9 - 1)), (other, rng.randint(-180 * E9, 180 * E9 - 1))
    for _ in range(60):
        pole = rng.choice([-1, 1])
        a, b = (90 * E9 - rng.randint(0, 10 ** rng.randint(1, 9)) for _ in "ab")
        lng = rng.randint(-180 * E9, 180 * E9 - 1)
        yield "over-pole", (pole * a, lng), (pole * b, wrap(lng + 180 * E9 + rng.randint(-2, 2)))
    for _ in range(100):
        lat, lng = anywhere()
        yield "parallel", (lat, lng), (rng.choice([lat, -lat]), wrap(lng + rng.randint(-180 * E9, 180 * E9)))
    corner = [-90, -60, -45, -30, 0, 30, 45, 60, 90]
    for a in corner:
        for b in corner:
            for d in (0, 45, 90, 135, 179, 179.5, 180):
                yield "corner", (a * E9, 10 * E9), (b * E9, wrap(round((10 + d) * E9)))


with open("geodesics.tsv", "w") as out:
    print("kind", "lat1", "lng1", "lat2", "lng2", "s12", "azi1", "azi2", "m12", sep="\t", file=out)
    for kind, p, q in pairs():
        r = earth.Inverse(
            p[0] / 1e9, p[1] / 1e9, q[0] / 1e9, q[1] / 1e9,
            Geodesic.DISTANCE | Geodesic.AZIMUTH | Geodesic.REDUCEDLENGTH,
        )
        print(kind, *p, *q, repr(r["s12"]), repr(r["azi1"]), repr(r["azi2"]), repr(r["m12"]), sep="\t", file=out)

with open("directs.tsv", "w") as out:
    print("lat1", "lng1", "azi1", "s12", "lat2", "lng2", "azi2", sep="\t", file=out)
    for i in range(1000):
        lat, lng = anywhere()
        if i % 20 == 0:
            lat = rng.choice([-90, 0, 90]) * E9
        azi = rng.choice([rng.uniform(-180, 180), float(90 * rng.randint(-1, 2))])
        s12 = rng.choice([-1, 1, 1]) * rng.uniform(1, 10) * 10.0 ** rng.randint(-2, 6)
        r = earth.Direct(lat / 1e9, lng / 1e9, azi, s12)
        print(lat, lng, repr(azi), repr(s12), repr(r["lat2"]), repr(r["lon2"]), repr(r["azi2"]), sep="\t", file=out)
