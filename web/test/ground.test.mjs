// The ground under everything: the coast that the page brings along is where the
// world's is, and a map of the area, where there is one, lies over it.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Node, program } from './node.mjs'
import { launch, Seat } from './page.mjs'
import { archive, imageTile } from './pmtiles.mjs'

const root = new URL('../../', import.meta.url).pathname

/** look shows a file on the map of a program of its own. */
async function look(browser, options, ...flags) {
  const process = spawn(program, ['show', 'testdata/missions/qgroundcontrol_sample.plan', '--map', '--start', '2031-05-07T09:00:00Z', ...flags], { cwd: root })
  let said = ''
  const url = await new Promise((done, failed) => {
    process.stderr.on('data', (d) => {
      said += d
      const at = /map on (\S+)\/ until/.exec(said)
      if (at) done(at[1])
    })
    process.once('exit', (code) => failed(new Error(`ended with ${code}: ${said}`)))
  })
  const seat = await Seat.open(browser, url, options)
  return {
    seat,
    end: async () => {
      await seat.close()
      process.kill('SIGTERM')
    },
  }
}

/** stand brings the map to a place. */
async function stand(seat, lng, lat, zoom) {
  await seat.page.evaluate(([lng, lat, zoom]) => globalThis.deconflictMap.jumpTo({ center: [lng, lat], zoom }), [lng, lat, zoom])
  await seat.idle()
}

let browser
before(async () => (browser = await launch()))
after(() => browser?.close())

describe('the coast', () => {
  // Places far enough from any coast for a map of the world.
  const sea = {
    'Denmark Strait': [-28, 66.3], 'Norwegian Sea': [0, 67], 'mid-Atlantic': [-30, 50], 'Labrador Sea': [-52, 58], 'Sargasso Sea': [-60, 30], 'Gulf of Guinea': [-5, 0], 'Scotia Sea': [-45, -56],
    'Beaufort Sea': [-150, 75], 'Barents Sea': [40, 74], 'Chukchi Sea': [-170, 70], 'Bering Sea, west': [175, 58], 'Bering Sea, east': [-178, 58], 'Pacific': [-140, 0], 'Pacific at 180': [179.9, 20], 'north of Fiji': [180, -10], 'south of Fiji': [-179.5, -25],
    'Southern Ocean': [40, -58], 'Ross Sea': [-178, -72], 'Indian Ocean': [80, -20], 'Weddell Sea': [-45, -70], 'Caspian Sea': [50.5, 42],
  }
  const land = {
    Greenland: [-40, 72], Scandinavia: [16, 65], Sahara: [10, 23], Canada: [-100, 60], Brazil: [-55, -10], Siberia: [100, 62], 'Chukotka, west of 180': [178, 67.5], 'Chukotka, east of 180': [-176, 67.3],
    'Wrangel, west of 180': [179.6, 71.2], 'Wrangel, east of 180': [-179.3, 71.2], 'Fiji, Viti Levu': [178, -17.8], 'Fiji, Taveuni': [-179.97, -16.85], Australia: [134, -25], 'Antarctica, 10 E': [10, -75], 'Antarctica, 64 W': [-64, -70], 'Antarctica, 180': [180, -84.7], 'Antarctica, 120 E': [120, -75],
  }

  test('is under each place of the land, and under none of the sea', { timeout: 300_000 }, async () => {
    const { seat, end } = await look(browser, { viewport: { width: 1400, height: 900 } })
    await seat.page.goto(seat.url + '/')
    await seat.page.waitForFunction(() => globalThis.deconflictMap?.loaded(), null, { timeout: 30_000 })
    await seat.until(() => seat.page.evaluate(() => globalThis.deconflictMap.querySourceFeatures('land').length), (n) => n > 0, 'the coast')
    const found = {}
    // The whole world from both sides, and the far south.
    for (const [lng, lat, zoom] of [[0, 40, 1.2], [180, 40, 1.2], [0, -60, 2], [180, -78, 2], [-179.9, -17, 6]]) {
      await stand(seat, lng, lat, zoom)
      await seat.picture(`ground-${lng}-${lat}`)
      Object.assign(found, await seat.page.evaluate((places) => {
        const m = globalThis.deconflictMap
        const box = m.getCanvas().getBoundingClientRect()
        const west = m.getBounds().getWest()
        return Object.fromEntries(places.flatMap(([name, [lng, lat]]) => {
          const p = m.project([lng + 360 * Math.ceil((west - lng) / 360), lat])
          if (p.x < 0 || p.y < 0 || p.x > box.width || p.y > box.height) return []
          return [[name, m.queryRenderedFeatures(p, { layers: ['land'] }).length > 0]]
        }))
      }, Object.entries({ ...sea, ...land })))
    }
    await end()
    const want = Object.fromEntries([...Object.keys(sea).map((name) => [name, false]), ...Object.keys(land).map((name) => [name, true])])
    assert.deepEqual(found, want)
  })
})

describe('a map of the area', () => {
  const here = [8.5466, 47.3979]
  const box = [8.4, 47.3, 8.7, 47.5]
  const rectangle = (w, s, e, n) => ({ type: 3, at: [[w, n], [e, n], [e, s], [w, s]] })
  const layers = {
    earth: [{ ...rectangle(...box), kind: 'earth' }],
    landuse: [{ ...rectangle(8.51, 47.405, 8.53, 47.415), kind: 'wood' }, { ...rectangle(8.51, 47.383, 8.53, 47.388), kind: 'aerodrome' }],
    water: [{ ...rectangle(8.56, 47.38, 8.6, 47.41), kind: 'lake' }, { type: 2, at: [[8.5, 47.39], [8.56, 47.395]], kind: 'river' }],
    buildings: [{ ...rectangle(8.54, 47.4, 8.542, 47.401), kind: 'building' }],
    roads: [{ type: 2, at: [[8.5, 47.4], [8.6, 47.402]], kind: 'highway' }, { type: 2, at: [[8.53, 47.36], [8.535, 47.44]], kind: 'minor_road' }],
    boundaries: [{ type: 2, at: [[8.52, 47.36], [8.525, 47.44]], kind: 'country' }],
    places: [{ type: 1, at: [[8.53, 47.395]], kind: 'locality', name: 'Tern Harbour' }, { type: 1, at: [[8.55, 47.42]], kind: 'country', name: 'Nowhere' }],
    huts: [{ ...rectangle(8.55, 47.385, 8.553, 47.387), kind: 'hut' }],
  }
  const attribution = '<a href="https://example.com/" onclick="globalThis.bad = 1">Fictional surveyors</a><img src="https://example.com/x.png"> &lt;b&gt;&amp; others'
  const metadata = { name: 'Tern', attribution, vector_layers: Object.keys(layers).map((id) => ({ id, fields: {} })) }
  const vector = archive({ box, zooms: [10, 13], layers, metadata })
  const red = archive({ box, zooms: [8, 12], image: imageTile([255, 0, 0]), metadata: { name: 'Red' } })

  let dir
  before(() => (dir = mkdtempSync(join(tmpdir(), 'deconflict-ground-'))))
  after(() => rmSync(dir, { recursive: true }))
  const kept = (name, data) => {
    writeFileSync(join(dir, name), data)
    return join(dir, name)
  }

  /** drawn are what is rendered of the area, by layer, when all of it is. */
  const drawn = (seat) => seat.until(
    () => seat.page.evaluate(() => {
      const m = globalThis.deconflictMap
      const own = m.getStyle().layers.filter((l) => l.source === 'basemap').map((l) => l.id)
      if (own.length === 0 || !m.loaded()) return null
      return Object.fromEntries(own.map((id) => [id, m.queryRenderedFeatures({ layers: [id] }).map((f) => f.properties.name ?? f.properties.kind)]))
    }),
    (found) => found !== null && Object.values(found).flat().length > 0, 'a map of the area')

  /** colour is that of the map's own paint at a place. */
  const colour = (seat, lng, lat) => seat.page.evaluate(([lng, lat]) => new Promise((done) => {
    const m = globalThis.deconflictMap
    m.once('render', () => {
      const gl = m.getCanvas().getContext('webgl2')
      const p = m.project([lng, lat])
      const one = new Uint8Array(4)
      gl.readPixels(p.x * devicePixelRatio, gl.drawingBufferHeight - p.y * devicePixelRatio, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, one)
      done([...one].slice(0, 3))
    })
    m.triggerRepaint()
  }), [lng, lat])
  const near = (got, hex) => got.every((v, k) => Math.abs(v - parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16)) <= 2)

  for (const scheme of ['light', 'dark']) {
    test(`is drawn over the coast and under all else, ${scheme}`, { timeout: 300_000 }, async () => {
      const { seat, end } = await look(browser, { colorScheme: scheme }, '--basemap', kept('area.pmtiles', vector))
      await seat.page.goto(seat.url + '/')
      await seat.page.waitForFunction(() => globalThis.deconflictMap?.loaded(), null, { timeout: 30_000 })
      await stand(seat, ...here, 12.2)
      const found = await drawn(seat)
      await seat.picture(`area-${scheme}`)
      const one = (id) => [...new Set(found['basemap-' + id])]
      assert.deepEqual(one('earth-area'), ['earth'])
      assert.deepEqual(one('landuse-area'), ['wood'])
      assert.deepEqual(one('landuse-field'), ['aerodrome'])
      assert.deepEqual(one('water-area'), ['lake'])
      assert.deepEqual(one('water-line'), ['river'])
      assert.deepEqual(one('buildings-area'), ['building'])
      assert.deepEqual(one('roads-major'), ['highway'])
      assert.deepEqual(one('roads-minor'), ['minor_road'])
      assert.deepEqual(one('boundaries-outer'), ['country'])
      assert.deepEqual(one('huts-line'), ['hut'], 'layers that nobody knows are lines')
      assert.deepEqual(one('places-name'), ['Tern Harbour'], 'countries have no names')
      const order = await seat.page.evaluate(() => globalThis.deconflictMap.getStyle().layers.map((l) => [l.id, l.source]))
      const own = order.flatMap(([, source], k) => (source === 'basemap' ? [k] : []))
      const at = (id) => order.findIndex(([other]) => other === id)
      assert.ok(own.every((k) => k > at('land') && k > at('borders') && k < at('graticule') && k < at('areas')), JSON.stringify(order))
      // Its colours are the page's own, in the dark as well.
      const want = { light: { water: '#dbe6ec', land: '#f4f2ec' }, dark: { water: '#0e1a24', land: '#1b2833' } }
      for (const now of [scheme, scheme === 'dark' ? 'light' : 'dark']) {
        await seat.page.getByLabel('Light').selectOption(now)
        await seat.until(() => colour(seat, 8.575, 47.391), (c) => near(c, want[now].water), `water, ${now}`)
        await seat.until(() => colour(seat, 8.555, 47.405), (c) => near(c, want[now].land), `land, ${now}`)
      }
      // What the file says of itself is text, whatever it is.
      assert.match(await seat.page.locator('.maplibregl-ctrl-attrib').first().innerText(), /Fictional surveyors <b>& others/)
      assert.equal(await seat.page.locator('.maplibregl-ctrl-attrib img, .maplibregl-ctrl-attrib b, .maplibregl-ctrl-attrib a[href*=example]').count(), 0)
      // Beyond its edges the coast remains.
      await stand(seat, 2, 47, 6)
      assert.ok((await seat.features(['land'])).length > 0)
      await seat.accessible()
      await end()
    })
  }

  test('may be a picture of the ground, which is faded', { timeout: 300_000 }, async () => {
    const { seat, end } = await look(browser, { colorScheme: 'light' }, '--basemap', kept('red.pmtiles', red))
    await seat.page.goto(seat.url + '/')
    await seat.page.waitForFunction(() => globalThis.deconflictMap?.loaded(), null, { timeout: 30_000 })
    await stand(seat, ...here, 10)
    await seat.until(() => colour(seat, 8.47, 47.43), ([r, g, b]) => r > 230 && g === b && g > 175 && g < r - 30, 'a pale red')
    await seat.page.getByLabel('Light').selectOption('dark')
    await seat.until(() => colour(seat, 8.47, 47.43), ([r, g, b]) => r < 90 && r > 50 && g === b && g < r - 20, 'a dark red')
    await end()
  })

  test('may go and come back, and the page stays', { timeout: 300_000 }, async () => {
    const file = kept('moved.pmtiles', vector)
    const node = await Node.start(['--basemap', file])
    const seat = await Seat.open(browser, node.url)
    try {
      await seat.enter(node.token('heron'))
      await seat.page.waitForFunction(() => globalThis.deconflictMap?.loaded(), null, { timeout: 30_000 })
      await stand(seat, 8.45, 47.35, 13)
      await drawn(seat)
      renameSync(file, file + '.away')
      const status = seat.page.locator('.maplibregl-ctrl-attrib[role=status]')
      await stand(seat, 8.65, 47.45, 13)
      await status.waitFor()
      assert.match(await status.innerText(), /^The map of the area cannot be read: .*404.*\. The coast is drawn alone\.$/)
      assert.ok((await seat.features(['land'])).length > 0)
      renameSync(file + '.away', file)
      await stand(seat, 8.5, 47.45, 13)
      await drawn(seat)
      await status.waitFor({ state: 'detached' })
    } finally {
      await seat.close()
      await node.close()
    }
  })

  test('that cannot be read ends the start', () => {
    const refused = (name, data, words) => {
      const { status, stderr } = spawnSync(program, ['serve', '--data', join(dir, 'data'), '--builtin-issuer', '--listen', 'localhost:0', '--basemap', kept(name, data)], { encoding: 'utf8', timeout: 20_000 })
      assert.equal(status, 2, stderr)
      assert.match(stderr, words)
    }
    refused('cut.pmtiles', vector.subarray(0, vector.length - 1), /basemap: .*cut\.pmtiles: found \d+ bytes, expected tiles of \d+ bytes from byte \d+ on: the file is cut off/)
    refused('head.pmtiles', vector.subarray(0, 90), /expected a header of 127: the file is cut off/)
    refused('garbage.pmtiles', Buffer.alloc(5000, 'garbage '), /begins with "garbage garbage ", expected PMTiles, version 3/)
  })
})
