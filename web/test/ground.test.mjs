// The ground under everything: the coast that the page brings along is where the
// world's is.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { program } from './node.mjs'
import { launch, Seat } from './page.mjs'

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

  test('is under each place of the land, and under none of the sea', { timeout: 120_000 }, async () => {
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
