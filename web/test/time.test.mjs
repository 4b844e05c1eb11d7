// The time looked at, by keyboard; and the address, which brings somebody else to
// the same place, thing and time.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

let browser
let node
let heron
let survey
let delivery

before(async () => {
  node = await Node.start()
  node.meet()
  survey = node.declare('survey.geojson', 'heron-watch.toml') // 09:00 to 09:30
  delivery = node.declare('delivery-higher.geojson', 'kite-watch.toml', '--read', survey) // 09:10 to 09:16
  browser = await launch()
  heron = await Seat.open(browser, node.url)
  await heron.enter(node.token('heron'))
  await heron.drawn((ids) => ids.includes(survey))
})

after(async () => {
  await heron?.close()
  await browser?.close()
  await node?.close()
})

const slider = () => heron.page.getByRole('slider', { name: 'Time looked at' })
const rows = () => heron.page.locator('.row').evaluateAll((all) => all.map((r) => r.dataset.id))
/** when is what the map shows each of the two as. */
const when = () => heron.page.evaluate(([survey, delivery]) => {
  const drawn = globalThis.deconflictMap.queryRenderedFeatures({ layers: ['areas', 'paths-planned'] })
  return [survey, delivery].map((id) => drawn.find((f) => f.properties.id === id)?.state.when ?? 'planned').join(', ')
}, [survey, delivery])

const same = (list) => (ids) => JSON.stringify([...ids].sort()) === JSON.stringify([...list].sort())

describe('the time', () => {
  test('is now at first, and what is not yet is not shown as now', async () => {
    assert.equal(await slider().getAttribute('aria-valuetext'), '2031-05-05 08:00:00Z, now')
    await heron.page.getByLabel('At this time').check()
    await heron.until(rows, same([]), 'empty')
    await heron.page.getByText('None of 2 match.').waitFor()
  })

  test('is moved with the keyboard; table and map go with it', async () => {
    await slider().focus()
    await heron.page.keyboard.press('Home')
    assert.match(await slider().getAttribute('aria-valuetext'), /^2031-05-05 07:30:00Z, past$/)
    // A step is ten seconds; the shortcut is a minute.
    for (let k = 0; k < 6; k++) await heron.page.keyboard.press('ArrowRight')
    assert.match(await slider().getAttribute('aria-valuetext'), / 07:31:00Z, past$/)
    const forth = heron.page.getByRole('button', { name: '10 minutes later' })
    await forth.focus()
    for (let k = 0; k < 9; k++) await heron.page.keyboard.press('Enter')
    assert.match(await slider().getAttribute('aria-valuetext'), / 09:01:00Z, planned$/)
    await heron.until(rows, same([survey]), 'the survey alone')
    await heron.until(when, (w) => w === 'now, planned', 'the survey now')
    for (let k = 0; k < 10; k++) await heron.page.keyboard.press('.')
    await heron.until(rows, same([survey, delivery]), 'both')
    assert.match(await slider().getAttribute('aria-valuetext'), / 09:11:00Z, planned$/)
    await heron.until(when, (w) => w === 'now, now', 'both now')
    for (let k = 0; k < 6; k++) await heron.page.keyboard.press('.')
    await heron.until(when, (w) => w === 'now, past', 'the delivery over')
    for (let k = 0; k < 6; k++) await heron.page.keyboard.press(',')
    await heron.page.getByText('Not now:').waitFor()
    await heron.accessible()
  })
})

describe('the address', () => {
  test('holds what is looked at, and brings it back', async () => {
    await heron.page.locator(`[data-id="${delivery}"]`).click()
    await heron.page.evaluate(() => globalThis.deconflictMap.jumpTo({ center: [-29.94, 12.055], zoom: 12.5 }))
    await heron.until(() => heron.page.url(), (u) => u.endsWith(`#v=-29.94000,12.05500,12.50&s=${delivery}&t=2031-05-05T09:11:00Z`), 'the address')
    await heron.page.reload()
    await heron.page.getByRole('heading', { name: 'What is declared' }).waitFor()
    assert.match(await slider().getAttribute('aria-valuetext'), / 09:11:00Z, planned$/)
    await heron.page.locator(`[data-id="${delivery}"][aria-selected="true"]`).waitFor()
    assert.equal(await heron.page.locator('.detail dd.id').innerText(), delivery)
    await heron.idle()
    const at = await heron.page.evaluate(() => { const m = globalThis.deconflictMap; return [m.getCenter().lng.toFixed(4), m.getCenter().lat.toFixed(4), m.getZoom().toFixed(2)] })
    assert.deepEqual(at, ['-29.9400', '12.0550', '12.50'])
  })

  test('is followed when somebody pastes another', async () => {
    await heron.page.evaluate((id) => { location.hash = `#v=-29.95,12.05,13&s=${id}` }, survey)
    await heron.page.locator(`[data-id="${survey}"][aria-selected="true"]`).waitFor()
    assert.match(await slider().getAttribute('aria-valuetext'), /08:00:00Z, now$/)
    await heron.until(() => heron.page.evaluate(() => globalThis.deconflictMap.getZoom()), (z) => Math.abs(z - 13) < 0.01, 'the zoom of the address')
  })

  test('says nothing of time again once back to now', async () => {
    await heron.page.keyboard.press('.')
    await heron.until(() => heron.page.url(), (u) => u.includes('t=2031-05-05T08:01:00Z'), 'with a time')
    await heron.page.getByRole('button', { name: 'Back to now' }).click()
    await heron.until(() => heron.page.url(), (u) => !u.includes('t='), 'without a time')
    assert.equal(await slider().getAttribute('aria-valuetext'), '2031-05-05 08:00:00Z, now')
    await node.clock('2031-05-05T09:20:00Z')
    await heron.until(() => slider().getAttribute('aria-valuetext'), (t) => t === '2031-05-05 09:20:00Z, now', "the node's new time")
  })
})
