// The page over the real program: two parties in two browser contexts, no
// answer is made up.
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
  await heron.enter(node.token('heron'))
  await kite.enter(node.token('kite'))
})

after(async () => {
  await heron?.close()
  await kite?.close()
  await browser?.close()
  await node?.close()
})

describe('the picture', () => {
  test('both see the survey, Kite because Heron shows it', async () => {
    for (const seat of [heron, kite]) {
      await seat.drawn((ids) => ids.includes(survey))
      await seat.page.locator(`[data-id="${survey}"]`).waitFor()
    }
    assert.equal(await heron.page.locator('.row.own').count(), 1)
    assert.equal(await kite.page.locator('.row.own').count(), 0)
    await heron.picture('heron')
    await kite.picture('kite')
  })
})
