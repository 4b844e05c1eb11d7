// The ground is where the world's is: what the map is given, against the rings of
// the data as they lie on the globe.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { feature } from 'topojson-client'
import { createServer } from 'vite'

const world = createRequire(import.meta.url)('world-atlas/countries-50m.json')
const land = feature(world, world.objects.land)

let vite
let rings

before(async () => {
  vite = await createServer({ root: new URL('../../', import.meta.url).pathname, appType: 'custom', server: { middlewareMode: true, hmr: false, ws: false, watch: null }, optimizeDeps: { noDiscovery: true }, logLevel: 'error' })
  rings = await vite.ssrLoadModule('/src/map/groundring.ts')
})

after(() => vite?.close())

/** random gives the same numbers from 0 to 1 each time. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const polygonsOf = (collection) => collection.features.flatMap(({ geometry: g }) => (g.type === 'Polygon' ? [g.coordinates] : g.coordinates))

/** onGlobe goes north from a place along its meridian and counts the coasts until the
 * pole, which is sea: each side of a ring is the short way between its ends. */
function onGlobe(polygons, lng, lat) {
  let inside = false
  const east = (p) => ((((p[0] - lng + 180) % 360) + 360) % 360) - 180
  for (const ring of polygons.flat()) {
    for (let k = 1; k < ring.length; k++) {
      const [a, b] = [east(ring[k - 1]), east(ring[k])]
      if (a < 0 === b < 0 || Math.abs(a - b) > 180) continue
      const at = ring[k - 1][1] + ((ring[k][1] - ring[k - 1][1]) * -a) / (b - a)
      if (at > lat) inside = !inside
    }
  }
  return inside
}

/** onPlane is whether a place, or the same a turn further, is in a polygon of the map. */
function onPlane(polygons, lng, lat) {
  return [lng - 360, lng, lng + 360].some((x) => polygons.some((p) => {
    let inside = false
    for (const ring of p) {
      if (!ring.some((q) => q[0] > x)) continue
      for (let k = 1; k < ring.length; k++) {
        const [[ax, ay], [bx, by]] = [ring[k - 1], ring[k]]
        if (ay > lat !== by > lat && x < ax + ((bx - ax) * (lat - ay)) / (by - ay)) inside = !inside
      }
    }
    return inside
  }))
}

test('land is where it is on the globe, at the antimeridian and the poles too', () => {
  const asGiven = polygonsOf(land)
  const flat = polygonsOf(rings.flat(land))
  const next = random(1)
  let [dry, wrong] = [0, 0]
  for (let n = 0; n < 300; n++) {
    // A third of them all over, a third about the antimeridian, a third in the far north and south.
    const lng = n % 3 === 1 ? 176 + 8 * next() : 360 * next() - 180
    const lat = n % 3 === 2 ? (next() < 0.5 ? -1 : 1) * (62 + 27 * next()) : 170 * next() - 85
    const want = onGlobe(asGiven, lng, lat)
    dry += want
    wrong += onPlane(asGiven, lng, lat) !== want
    assert.equal(onPlane(flat, lng, lat), want, `${lng} ${lat}`)
  }
  assert.ok(dry > 50 && dry < 250, `${dry} on land`)
  assert.ok(wrong > 10, 'the data as it is would not do')
})

test('rings stay on the map: none spans more than one turn, or lies beyond the next', () => {
  for (const ring of polygonsOf(rings.flat(land)).flat()) {
    const xs = ring.map((p) => p[0])
    const [west, east] = [Math.min(...xs), Math.max(...xs)]
    assert.ok(east - west <= 360.001 && west >= -360.001 && east <= 360.001, `${west} to ${east}`)
    for (let k = 1; k < ring.length; k++) assert.ok(Math.abs(ring[k][0] - ring[k - 1][0]) < 20 || Math.min(ring[k][1], ring[k - 1][1]) <= -89.9, `a side from ${ring[k - 1]} to ${ring[k]}`)
    assert.deepEqual(ring[0], ring.at(-1))
  }
})
