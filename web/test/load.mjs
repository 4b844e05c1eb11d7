// How the page bears a crowd: 10,000 live intents and 1,000 craft that move.
//
//   make browser-load        prints what it measures, and with what load average
//
// What one update costs is the time of all tasks of the page's main thread, as the
// browser itself counts it, over the updates in that time. What moves anyhow is
// taken off where something else is measured.
import { cpus, loadavg } from 'node:os'
import { Demo } from './demo.mjs'
import { launch, Seat } from './page.mjs'

const intents = Number(process.env.INTENTS ?? 10_000)
const tracks = Number(process.env.TRACKS ?? 1000)
const watchedS = Number(process.env.SECONDS ?? 30)

const row = (what, value) => console.log(`| ${what} | ${value} |`)

const filling = performance.now()
const demo = await Demo.crowd(intents, tracks)
const tookMS = performance.now() - filling
const browser = await launch()
try {
  const seat = await Seat.open(browser, demo.url, { viewport: { width: 1100, height: 720 } })
  let bytes = 0
  let pictureBytes = 0
  const cdp = await seat.context.newCDPSession(seat.page)
  await cdp.send('Network.enable')
  const urls = new Map()
  cdp.on('Network.responseReceived', (e) => urls.set(e.requestId, new URL(e.response.url).pathname))
  cdp.on('Network.loadingFinished', (e) => {
    const path = urls.get(e.requestId) ?? ''
    if (path.startsWith('/v1/')) pictureBytes += path === '/v1/picture' ? e.encodedDataLength : 0
    else bytes += e.encodedDataLength
  })
  await seat.page.addInitScript(() => {
    globalThis.longTasks = []
    new PerformanceObserver((l) => globalThis.longTasks.push(...l.getEntries().map((e) => [e.startTime, e.duration]))).observe({ entryTypes: ['longtask'] })
  })
  const began = performance.now()
  await seat.page.goto(demo.link)
  await seat.page.getByText(`${intents} declared`).waitFor({ timeout: 120_000 })
  const listed = performance.now() - began
  // A map whose craft never rest is never done loading: what is rendered counts.
  const rendered = (layer) => seat.page.waitForFunction((layer) => (globalThis.deconflictMap?.getLayer(layer) && globalThis.deconflictMap.queryRenderedFeatures({ layers: [layer] }).length > 100), layer, { timeout: 120_000, polling: 500 })
  await rendered('paths-planned')
  const drawn = performance.now() - began
  if (tracks > 0) await seat.page.waitForFunction((n) => Number(document.querySelector('canvas.craft').dataset.drawn) > n / 2, tracks, { timeout: 60_000 })
  await new Promise((r) => setTimeout(r, 5000)) // until the map has come to rest

  await cdp.send('Network.disable') // which would keep all that the stream brings
  await cdp.send('Performance.enable', { timeDomain: 'timeTicks' })
  const taskMS = async () => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value * 1000
  const measured = async (seconds, during) => {
    await seat.page.evaluate(() => (globalThis.longTasks.length = 0))
    const [before, from] = [await taskMS(), performance.now()]
    await during?.()
    await new Promise((r) => setTimeout(r, Math.max(0, seconds * 1000 - (performance.now() - from))))
    return { busyMS: (await taskMS()) - before, long: await seat.page.evaluate(() => globalThis.longTasks.map((t) => t[1])), tookS: (performance.now() - from) / 1000 }
  }
  // Steady: tracks move once a second, and nothing else happens.
  const steady = await measured(watchedS)
  const steadyMS = steady.busyMS / steady.tookS
  const apart = (m, n) => (m.busyMS - steadyMS * m.tookS) / n
  // The slider, ten steps of its own.
  await seat.page.getByLabel('Time looked at').focus()
  const slid = await measured(5, async () => {
    for (let k = 0; k < 10; k++) {
      await seat.page.keyboard.press('ArrowRight')
      await new Promise((r) => setTimeout(r, 300))
    }
  })
  const leapt = await measured(5, async () => {
    for (const k of ['PageUp', 'PageUp', 'PageDown', 'PageDown']) {
      await seat.page.keyboard.press(k)
      await new Promise((r) => setTimeout(r, 1000))
    }
  })
  await seat.page.getByRole('button', { name: 'Back to now' }).click()
  // Five flights are withdrawn, each by two presses: what is declared changes.
  await seat.page.getByLabel('Ours').check()
  await new Promise((r) => setTimeout(r, 3000))
  const gone = 5
  const withdrawn = await measured(gone * 3, async () => {
    for (let k = 0; k < gone; k++) {
      // Pressed by hand in the page: a search by roles would be counted as the page's work.
      await seat.page.evaluate((k) => document.querySelectorAll('.row.own')[k].click(), k)
      await new Promise((r) => setTimeout(r, 1000))
      await seat.page.evaluate(() => [...document.querySelectorAll('.detail button')].find((b) => b.textContent === 'Withdraw').click())
      await new Promise((r) => setTimeout(r, 2000))
    }
  })
  // The baseline, last, as what it leaves behind burdens what follows: as many craft as symbols of the map itself, as is usual.
  const baseline = await measured(Math.min(15, watchedS), () => seat.page.evaluate(async ([n, seconds]) => {
    const m = globalThis.deconflictMap
    const b = m.getBounds()
    const at = () => ({
      type: 'FeatureCollection',
      features: Array.from({ length: n }, (_, k) => ({
        type: 'Feature', properties: { label: `craft-${k}`, course: (k * 77) % 360 },
        geometry: { type: 'Point', coordinates: [b.getWest() + Math.random() * (b.getEast() - b.getWest()), b.getSouth() + Math.random() * (b.getNorth() - b.getSouth())] },
      })),
    })
    m.addSource('baseline', { type: 'geojson', data: at() })
    m.addLayer({
      id: 'baseline', type: 'symbol', source: 'baseline',
      layout: { 'text-field': ['concat', '▲ ', ['get', 'label']], 'text-font': ['B612'], 'text-size': 11, 'text-rotate': ['get', 'course'], 'text-allow-overlap': true, 'text-ignore-placement': true },
    })
    for (let k = 0; k < seconds; k++) {
      m.getSource('baseline').setData(at())
      await new Promise((r) => setTimeout(r, 1000))
    }
    m.removeLayer('baseline')
    m.removeSource('baseline')
  }, [tracks, Math.min(15, watchedS)]))
  if ((await seat.page.getByText(`${intents - gone} declared`).count()) !== 1) throw new Error('not all were withdrawn')
  console.log(`\nload average ${loadavg()[0].toFixed(1)}; Chromium drawing in software on ${cpus().length} processors\n\n| what | measured |\n|---|---|`)
  row('filling the node', `${(tookMS / 1000).toFixed(1)} s`)
  row('page, compressed, all files', `${(bytes / 1000).toFixed(0)} kB`)
  row('picture, compressed', `${(pictureBytes / 1e6).toFixed(2)} MB`)
  row('until the table has all', `${(listed / 1000).toFixed(1)} s`)
  row('until the map has drawn', `${(drawn / 1000).toFixed(1)} s`)
  const long = (m) => `${m.long.length} in ${m.tookS.toFixed(0)} s, longest ${Math.max(0, ...m.long).toFixed(0)} ms`
  row(`main thread for each update of ${tracks} tracks, mean`, `${steadyMS.toFixed(1)} ms`)
  row('tasks of 50 ms and more meanwhile', long(steady))
  row('main thread for a step of 10 s of the slider, mean', `${apart(slid, 10).toFixed(1)} ms`)
  row('tasks of 50 ms and more meanwhile', long(slid))
  row('main thread for a leap of the slider, mean', `${apart(leapt, 4).toFixed(1)} ms`)
  row('tasks of 50 ms and more meanwhile', long(leapt))
  row('main thread for a flight picked and withdrawn, mean', `${apart(withdrawn, gone).toFixed(1)} ms`)
  row('tasks of 50 ms and more meanwhile', long(withdrawn))
  row('baseline: as many craft as symbols of the map, on top of the first', `${apart(baseline, baseline.tookS).toFixed(1)} ms, ${((apart(baseline, baseline.tookS)) / steadyMS).toFixed(1)} times as much`)
  row('tasks of 50 ms and more meanwhile', long(baseline))
  if (process.env.PICTURE) await seat.picture('crowd')
  await seat.close()
} finally {
  await browser.close()
  await demo.close()
}
