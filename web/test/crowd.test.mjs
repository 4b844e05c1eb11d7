// A crowd: craft that move, names that make room for each other, and a long list
// on paper. How much of it the page bears is measured by load.mjs.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Demo } from './demo.mjs'
import { launch, Seat } from './page.mjs'

const flights = 300
const craft = 40

let browser
let demo
let seat

before(async () => {
  demo = await Demo.crowd(flights, craft)
  browser = await launch()
  seat = await Seat.open(browser, demo.url)
  await seat.page.goto(demo.link)
  await seat.page.getByText(`${flights} declared`).waitFor()
  await seat.idle()
})

after(async () => {
  await seat?.close()
  await browser?.close()
  await demo?.close()
})

/** heard reads the node's stream until it says where craft are. */
const heard = () => seat.page.evaluate(async () => {
  const answer = await fetch('/v1/events', { headers: { Accept: 'text/event-stream', 'Deconflict-Seat': new URLSearchParams(location.search).get('seat') ?? 'a' } })
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    text += (await reader.read()).value
    const frame = text.split('\n\n').slice(0, -1).find((f) => /^event: tracks$/m.test(f))
    if (!frame) continue
    await reader.cancel()
    return JSON.parse(/^data: (.*)$/m.exec(frame)[1]).tracks
  }
})

/** inked counts, of some places on the ground, those with an arrow within 10 pixels. */
const inked = (places) => seat.page.evaluate((places) => {
  const sheet = document.querySelector('canvas.craft')
  const pen = sheet.getContext('2d')
  return places.filter(([lng, lat]) => {
    const p = globalThis.deconflictMap.project([lng, lat])
    return pen.getImageData(p.x - 10, p.y - 10, 20, 20).data.some((v, k) => k % 4 === 3 && v > 200)
  }).length
}, places)

const drawn = () => seat.page.evaluate(() => Number(document.querySelector('canvas.craft').dataset.drawn))

describe('craft', () => {
  test('are drawn where the node says, and nowhere else', async () => {
    await seat.until(drawn, (n) => n === craft, 'all of them drawn')
    await seat.page.getByText('Simulated traffic.').waitFor()
    const tracks = await heard()
    assert.equal(tracks.length, craft)
    // The next of them may have been drawn meanwhile: a craft goes a pixel in seconds here.
    assert.equal(await inked(tracks.map((t) => t.at)), craft)
    const box = await seat.page.evaluate(() => globalThis.deconflictMap.getBounds().toArray())
    const away = Array.from({ length: 400 }, (_, k) => [box[0][0] + ((k % 20) + 0.5) / 20 * (box[1][0] - box[0][0]), box[0][1] + (Math.floor(k / 20) + 0.5) / 20 * (box[1][1] - box[0][1])])
    assert.ok(await inked(away) < 200, 'ink everywhere')
  })

  test('go with the map, and are not there at another time', async () => {
    const t = (await heard())[0]
    await seat.page.evaluate((at) => globalThis.deconflictMap.jumpTo({ center: at, zoom: 13 }), t.at)
    await seat.until(async () => inked([(await heard()).find((o) => o.id === t.id).at]), (n) => n === 1, 'it in the middle')
    await seat.page.getByLabel('Time looked at').focus()
    await seat.page.keyboard.press('ArrowRight')
    await seat.until(drawn, (n) => n === 0, 'none at another time')
    await seat.page.getByRole('button', { name: 'Back to now' }).click()
    await seat.until(drawn, (n) => n > 0, 'there again')
  })
})

describe('names', () => {
  const names = async () => (await seat.features(['labels'])).map((f) => f.properties.label)

  test('make room for each other, and are all there from near by', async () => {
    await seat.page.keyboard.press('a')
    await seat.idle()
    const far = await seat.until(names, (n) => n.length > 1, 'some names')
    assert.ok(far.length < flights / 2, `${far.length} names at once`)
    // Near one that was left out its name is written.
    const rows = await seat.page.locator('.row').evaluateAll((all) => all.map((r) => ({ id: r.dataset.id, name: r.firstChild.title })))
    const out = rows.find((r) => !far.includes(r.name))
    await seat.page.locator(`[data-id="${out.id}"]`).click()
    await seat.until(async () => (await seat.features(['picked'])).map((f) => f.properties.label), (n) => n.includes(out.name), 'the name of what is picked, also from far')
    await seat.page.keyboard.press('z')
    await seat.page.locator('.detail').getByRole('button', { name: 'Close the selection' }).click()
    await seat.until(names, (n) => n.includes(out.name), 'its name from near by')
  })
})

describe('paper', () => {
  test('has all that is declared, and the page holds none of it otherwise', async () => {
    const listed = () => seat.page.evaluate(() => document.querySelectorAll('.print tbody tr').length)
    assert.equal(await listed(), 0)
    await seat.page.evaluate(() => addEventListener('beforeprint', () => {
      globalThis.printed = document.querySelector('.print').innerText
      globalThis.empty = [...document.querySelectorAll('.print tbody td:last-child')].filter((td) => !td.textContent.trim()).length
    }))
    assert.ok((await seat.page.pdf()).length > 10_000)
    const text = await seat.page.evaluate(() => globalThis.printed)
    assert.match(text, /Plan of the day[\s\S]*It gives no permission to anybody\./)
    assert.equal(text.match(/accepted/g).length, flights)
    assert.equal(await seat.page.evaluate(() => globalThis.empty), 0, 'cells that say nothing, and read as clear')
    assert.equal(await listed(), 0)
  })
})
