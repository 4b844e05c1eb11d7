// A plan drawn on the map, judged while it is drawn, cleared and declared.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

let browser
let node
let heron
let kite
let survey

before(async () => {
  node = await Node.start()
  node.meet()
  survey = node.declare('survey.geojson', 'heron-watch.toml')
  browser = await launch()
  heron = await Seat.open(browser, node.url)
  kite = await Seat.open(browser, node.url)
  await heron.enter(node.token('heron', '--role', 'watch', '--person', 'h3'))
  await kite.enter(node.token('kite', '--role', 'watch', '--person', 'k2'))
})

after(async () => {
  await heron?.close()
  await kite?.close()
  await browser?.close()
  await node?.close()
})

const plan = (seat) => seat.page.getByRole('button', { name: 'Plan', exact: true }).click()

/** row is what a seat's table says of an entry. */
const row = (seat, id) => seat.page.locator(`[data-id="${id}"]`)

/** box is west, south, east and north of what is rendered of the draft. */
async function box(seat) {
  const points = (await seat.features(['draft-fill'])).flatMap((f) => f.geometry.coordinates.flat(f.geometry.type === 'MultiPolygon' ? 2 : 1))
  return [Math.min, Math.max].flatMap((m) => [0, 1].map((k) => m(...points.map((p) => p[k]))))
}

const near = (p, lng, lat) => Math.abs(p[0] - lng) < 0.0006 && Math.abs(p[1] - lat) < 0.0006

/** around: a box is that of a circle of 300 ft around a place. */
const around = (b, lng, lat) => near([(b[0] + b[2]) / 2, (b[1] + b[3]) / 2], lng, lat) && b[2] - b[0] < 0.0019

describe('a circle', () => {
  test('is placed with one press', async () => {
    await kite.drawn((ids) => ids.includes(survey))
    await plan(kite)
    await kite.page.getByRole('button', { name: 'Draw a circle' }).click()
    await kite.press(-29.9575, 12.05)
    await kite.until(() => box(kite), (b) => near([(b[0] + b[2]) / 2, (b[1] + b[3]) / 2], -29.9575, 12.05), 'where it was pressed')
    await kite.page.getByLabel('Radius (ft)').fill('300')
    await kite.page.getByLabel('From (Zulu)').fill('09:00')
    await kite.page.getByLabel('Name that crews use').fill('Roof')
    await kite.page.getByText(/^No conflict with what is declared|^None declared near/).waitFor()
    assert.deepEqual([...new Set((await kite.features(['draft-fill'])).map((f) => f.properties.bad))], [false])
  })

  test('is judged while it is dragged, and the conflict said in a sentence', async () => {
    const handle = kite.page.getByRole('button', { name: 'Middle of the circle' })
    const { x: left, y: top, width } = await handle.boundingBox()
    const [x, y] = [left + width / 2, top + width / 2]
    const to = await kite.at(-29.951, 12.0502)
    await kite.page.evaluate(() => performance.clearResourceTimings())
    await kite.page.mouse.move(x, y)
    await kite.page.mouse.down()
    for (let k = 1; k <= 20; k++) {
      const judged = kite.page.waitForResponse((r) => r.url().endsWith('/v1/check'))
      await kite.page.mouse.move(x + ((to.x - x) * k) / 20, y + ((to.y - y) * k) / 20)
      await judged
    }
    await kite.page.getByText('Conflict: it would be refused as it stands.').waitFor() // the button is still down
    await kite.page.mouse.up()
    await kite.until(() => box(kite), (b) => around(b, -29.951, 12.0502), 'where it was dragged')
    await kite.until(() => kite.features(['draft-fill']), (all) => all.length > 0 && all.every((f) => f.properties.bad === true), 'drawn as in conflict')
    const took = await kite.page.evaluate(() => performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/v1/check')).map((e) => e.duration))
    assert.ok(took.length >= 20, `${took.length} questions`)
    took.sort((a, b) => a - b)
    console.log(`checks while dragging: ${took.length}, 95 % within ${took[Math.ceil(took.length * 0.95) - 1].toFixed(0)} ms, half within ${took[Math.floor(took.length / 2)].toFixed(0)} ms`)
    const said = await kite.page.locator('.judged .verdicts .bad').innerText()
    assert.match(said, /^heron .*: overlap by .*at 09:\d\d:\d\dZ.*too near.*\(conflict: the other was there first or ranks higher\)\.$/)
    assert.ok(await kite.page.getByRole('button', { name: 'Declare', exact: true }).isDisabled(), 'what would be refused is not sent')
    await kite.accessible()
    await kite.picture('draft')
  })

  test('is cleared with one click, and declared: both see it', async () => {
    await kite.page.getByRole('button', { name: 'What would clear it?' }).click()
    await kite.page.getByRole('button', { name: 'Take it' }).first().click()
    await kite.page.getByRole('button', { name: 'Draw a circle' }).waitFor() // the draft is gone
    await kite.page.getByRole('button', { name: 'Table', exact: true }).click()
    const id = await kite.page.locator('.row.own').getAttribute('data-id')
    assert.match(await row(kite, id).innerText(), /Roof[\s\S]*◇ accepted/)
    await kite.page.getByRole('heading', { name: 'How it stands to others' }).waitFor()
    assert.equal(await kite.page.locator('.detail .verdicts .bad').count(), 0)
    for (const seat of [kite, heron]) await seat.drawn((ids) => ids.includes(id) && ids.includes(survey))
    await kite.until(() => kite.features(['draft-fill', 'draft-line']), (all) => all.length === 0, 'free of the draft')
  })
})

describe('a corridor', () => {
  test('goes through the points that are pressed, and where one is dragged', async () => {
    await plan(heron)
    await heron.page.getByRole('button', { name: 'Draw a corridor' }).click()
    const [a, b, c] = [[-29.957, 12.046], [-29.95, 12.045], [-29.945, 12.0462]]
    for (const p of [a, b, c]) await heron.press(...p)
    await heron.page.getByRole('button', { name: 'Done placing points' }).click()
    await heron.page.getByText('Points as numbers (3)').click()
    for (const [k, p] of [a, b, c].entries()) {
      assert.ok(Math.abs(Number(await heron.page.getByLabel(`Latitude ${k + 1}`).inputValue()) - p[1]) < 1e-4)
      assert.ok(Math.abs(Number(await heron.page.getByLabel(`Longitude ${k + 1}`).inputValue()) - p[0]) < 1e-4)
    }
    const line = async () => (await heron.features(['draft-line'])).filter((f) => f.geometry.type === 'LineString').flatMap((f) => f.geometry.coordinates)
    await heron.until(line, (all) => [a, b, c].every((p) => all.some((q) => near(q, ...p))), 'through its points')
    await heron.page.getByRole('button', { name: 'Point 2' }).hover()
    await heron.page.mouse.down()
    const to = await heron.at(-29.951, 12.0475)
    await heron.page.mouse.move(to.x, to.y, { steps: 6 })
    await heron.page.mouse.up()
    await heron.until(line, (all) => all.some((q) => near(q, -29.951, 12.0475)) && !all.some((q) => near(q, ...b)), 'bent to where it was dragged')
    await heron.page.getByRole('button', { name: 'Take the last point back' }).click()
    await heron.until(line, (all) => all.length > 0 && !all.some((q) => near(q, ...c)), 'without the last point')
    await heron.page.getByRole('button', { name: 'Discard' }).click()
  })
})

describe('a plan', () => {
  test('is declared with the keyboard and numbers alone', async () => {
    const { page } = heron
    await page.getByRole('button', { name: 'Table', exact: true }).focus()
    await page.keyboard.press('p')
    await heron.tabTo(/^Draw a circle/)
    await page.keyboard.press('Enter')
    await heron.tabTo(/^Points as numbers/)
    await page.keyboard.press('Enter')
    await heron.tabTo(/^Add the middle/)
    await page.keyboard.press('Enter')
    const type = async (name, text) => {
      await heron.tabTo(name)
      await page.keyboard.press('Control+a')
      await page.keyboard.type(text)
    }
    await page.getByText('Points as numbers (1)').focus()
    await type(/^Latitude 1/, '12.06')
    await type(/^Longitude 1/, '-29.96')
    await type(/^Name that crews use/, 'Typed')
    await type(/^Radius/, '250')
    await type(/^Floor/, '100')
    await type(/^Ceiling/, '200')
    await type(/^From/, '0940')
    await heron.tabTo(/^Until/)
    assert.match((await heron.page.evaluate(() => document.activeElement.value)), / 10:10:00$/, 'the end goes with the start')
    await page.getByText(/^No conflict with what is declared|^None declared near/).waitFor()
    await heron.tabTo(/^Declare$/)
    await page.keyboard.press('Enter')
    const typed = page.locator('.detail h2', { hasText: 'Typed' })
    await typed.waitFor()
    const said = await page.locator('.detail .sum').innerText()
    assert.match(said, /heron \(us\), ◇ accepted, 09:40Z–10:10Z, 100 ft AMSL – 200 ft AMSL/)
    const id = await page.locator('.detail dd.id').innerText()
    const kept = JSON.parse(node.cli('intent', 'show', id, '--profile', 'heron-watch.toml', '--json'))
    assert.match(JSON.stringify(kept), /"lat_e9":\s*12060000000/)
    await row(kite, id).waitFor()
  })
})
