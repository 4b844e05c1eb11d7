// The node stops, dies or cannot be reached: the page says so, draws nothing as
// live, and goes on by itself with what happened meanwhile.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'
import { Relay } from './relay.mjs'

let browser
let node
let relay
let heron
let kite
let survey

before(async () => {
  node = await Node.start()
  node.meet()
  survey = node.declare('survey.geojson', 'heron-watch.toml')
  relay = await Relay.start(node)
  browser = await launch()
  heron = await Seat.open(browser, node.url)
  kite = await Seat.open(browser, relay.url)
  await heron.enter(node.token('heron'))
  await kite.enter(node.token('kite'))
  for (const s of [heron, kite]) await s.drawn((ids) => ids.includes(survey))
})

after(async () => {
  await heron?.close()
  await kite?.close()
  await browser?.close()
  await relay?.close()
  await node?.close()
})

const everywhere = ['areas', 'paths-planned']
const stale = (seat) => seat.page.evaluate(() => getComputedStyle(document.querySelector('.maplibregl-canvas')).opacity < 0.5)
const old = (seat) => seat.page.getByRole('alert').filter({ hasText: 'The picture is old.' })

/** live waits until a seat shows the present again. */
async function live(seat) {
  await old(seat).waitFor({ state: 'hidden' })
  await seat.page.getByText('● live').waitFor()
  await seat.until(() => stale(seat), (is) => is === false, 'drawn as live')
}

/** cutOff is how a page looks that hears nothing of the node. */
async function cutOff(seat) {
  await old(seat).waitFor()
  assert.match(await old(seat).innerText(), /last heard of \d+ s ago .*Nothing here is live\. Trying again\./)
  await seat.page.getByText('○ not live').waitFor()
  assert.equal(await stale(seat), true)
}

describe('a node that is gone', () => {
  test('is shown as gone, and its picture as old', async () => {
    await node.halt('SIGTERM')
    for (const s of [heron, kite]) await cutOff(s)
    await heron.drawn((ids) => ids.includes(survey)) // what was known stays on the map, faint
    const before = await old(heron).innerText()
    await heron.until(() => old(heron).innerText(), (now) => now !== before, 'counting on')
    await heron.accessible()
    await heron.picture('old')
  })

  test('is back with all that it knew; its sessions ended with it', async () => {
    await node.run()
    for (const [s, who] of [[heron, 'heron'], [kite, 'kite']]) {
      await s.page.getByText('Your session has ended. Sign in to go on.').waitFor()
      await s.sign(node.token(who))
      await live(s)
      await s.drawn((ids) => ids.includes(survey))
    }
  })

  test('loses nothing either when it is killed', async () => {
    const later = node.declare('delivery-higher.geojson', 'kite-watch.toml', '--read', survey)
    await heron.drawn((ids) => ids.includes(later), everywhere)
    await node.halt('SIGKILL')
    for (const s of [heron, kite]) await cutOff(s)
    await node.run()
    for (const [s, who] of [[heron, 'heron'], [kite, 'kite']]) {
      await s.page.getByText('Your session has ended. Sign in to go on.').waitFor()
      await s.sign(node.token(who))
      await live(s)
      await s.drawn((ids) => ids.includes(survey) && ids.includes(later), everywhere)
    }
  })
})

describe('a network that is cut', () => {
  test('is seen at once, and what happened meanwhile is there when it is back', async () => {
    const selected = kite.page.locator(`[data-id="${survey}"]`)
    await selected.click()
    relay.sever()
    await cutOff(kite)
    assert.equal(await stale(heron), false, 'the other is not concerned')
    const meanwhile = node.declare('survey.geojson', 'heron-watch.toml')
    node.cli('intent', 'withdraw', survey, '--profile', 'heron-watch.toml')
    await heron.drawn((ids) => ids.includes(meanwhile) && !ids.includes(survey))
    assert.deepEqual(await kite.drawn((ids) => ids.includes(survey)).then((ids) => ids.includes(meanwhile)), false)
    relay.join()
    await live(kite)
    await kite.drawn((ids) => ids.includes(meanwhile) && !ids.includes(survey))
    await kite.page.locator(`[data-id="${meanwhile}"]`).waitFor()
    await selected.waitFor({ state: 'hidden' })
  })
})

describe('a picture that something on the way falsified', () => {
  const alarm = () => kite.page.getByRole('alert').filter({ hasText: 'This picture differs from the node’s' })

  test('is found by its digest, and called false', async () => {
    const gone = await kite.page.locator('.row').first().getAttribute('data-id')
    relay.spoil = (path, text) => {
      if (!path.startsWith('/v1/picture') || path.startsWith('/v1/picture/')) return text
      const answer = JSON.parse(text)
      answer.items = answer.items.filter((i) => i.id !== gone)
      return JSON.stringify(answer)
    }
    relay.sever()
    relay.join() // the page reads anew, and is given less than there is
    await kite.page.locator(`[data-id="${gone}"]`).waitFor({ state: 'hidden' })
    await alarm().waitFor()
    await kite.accessible()
    await kite.picture('diverged')
    relay.spoil = null
    await alarm().waitFor({ state: 'hidden' })
    await kite.page.getByText(/the picture differed from the node’s in 1 entry, and was read anew/).waitFor()
    await kite.page.locator(`[data-id="${gone}"]`).waitFor()
    await kite.page.getByRole('button', { name: 'Seen' }).click()
  })
})
