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
let looks
let areas

before(async () => {
  vite = await createServer({ root: new URL('../../', import.meta.url).pathname, appType: 'custom', server: { middlewareMode: true, hmr: false, ws: false, watch: null }, optimizeDeps: { noDiscovery: true }, logLevel: 'error' })
  ;[rings, looks, areas] = await Promise.all(['groundring', 'style', 'groundstyle'].map((n) => vite.ssrLoadModule(`/src/map/${n}.ts`)))
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

/** luminance and contrast are those of WCAG 2.2. */
function luminance(channels) {
  const [r, g, b] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const hex = (c) => luminance([1, 3, 5].map((k) => parseInt(c.slice(k, k + 2), 16) / 255))
const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)

test('what is declared stands out from a map of the area as from the coast', () => {
  for (const dark of [false, true]) {
    const p = looks.paletteOf(dark)
    const { dimmest, brightest, ...colours } = areas.grounds[dark ? 'dark' : 'light']
    // An image has at most the colours between its two limits.
    const under = { ...Object.fromEntries(Object.entries(colours).map(([k, c]) => [k, hex(c)])), land: hex(p.land), sea: hex(p.sea), dimmest: luminance([dimmest, dimmest, dimmest]), brightest: luminance([brightest, brightest, brightest]) }
    for (const line of ['own', 'other', 'alarm', 'bar', 'advise', 'select']) {
      for (const [name, l] of Object.entries(under)) assert.ok(contrast(hex(p[line]), l) >= 3, `${dark ? 'dark' : 'light'}: ${line} on ${name} has ${contrast(hex(p[line]), l).toFixed(2)}`)
    }
  }
})

test('layers of the usual schemas are drawn as what they are, and each once', () => {
  const schemas = {
    protomaps: ['boundaries', 'buildings', 'earth', 'landcover', 'landuse', 'places', 'pois', 'roads', 'water'],
    openmaptiles: ['aerodrome_label', 'aeroway', 'boundary', 'building', 'housenumber', 'landcover', 'landuse', 'mountain_peak', 'park', 'place', 'poi', 'transportation', 'transportation_name', 'water', 'water_name', 'waterway'],
    shortbread: ['addresses', 'boundaries', 'boundary_labels', 'bridges', 'buildings', 'land', 'ocean', 'place_labels', 'pois', 'public_transport', 'sites', 'street_labels', 'street_polygons', 'streets', 'water_lines', 'water_polygons'],
    unknown: ['contours', 'huts'],
  }
  for (const [schema, has] of Object.entries(schemas)) {
    const layers = areas.vectorLayers(has, false)
    assert.equal(new Set(layers.map((l) => l.id)).size, layers.length, schema)
    assert.ok(layers.every((l) => has.includes(l['source-layer'])), schema)
    const plain = layers.filter((l) => l.type === 'line' && l.id.endsWith('-line') && !/water|ocean/.test(l.id)).map((l) => l['source-layer'])
    assert.deepEqual(plain, schema === 'unknown' ? has : [], schema)
    if (schema !== 'unknown') {
      const last = layers.map((l) => l.type).lastIndexOf('fill')
      assert.ok(layers.some((l) => l.type === 'symbol') && layers.slice(last + 1).every((l) => l.type !== 'fill') && layers.at(-1).type === 'symbol', `${schema}: areas, lines, names`)
    }
  }
  assert.deepEqual(areas.vectorLayers([], true), [])
})
