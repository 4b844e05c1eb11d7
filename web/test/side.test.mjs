// The demo's two parties beside each other, opened as the program prints it: what
// one declares the other sees.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { launch, Seat } from './page.mjs'
import { beside, Demo } from './demo.mjs'

let browser
let demo
let seat

before(async () => {
  demo = await Demo.play()
  browser = await launch()
  seat = await Seat.open(browser, demo.url, { viewport: { width: 1600, height: 900 } })
  await seat.page.goto(demo.link)
})

after(async () => {
  await seat?.close()
  await browser?.close()
  await demo?.close()
})

describe('the side-by-side view', () => {
  test('signs each half in as its own party, by the one link', async () => {
    for (const who of ['nc', 'el']) {
      const half = beside(seat.page, who)
      await half.locator('header .who', { hasText: `${who}, watch (${who}-watch)` }).waitFor()
      await half.getByText('● live').waitFor()
    }
    assert.ok(!/=[0-9A-Z]{5}-/.test(await beside(seat.page, 'nc').locator('html').evaluate(() => location.href)), 'a code is left in an address')
  })

  test('shows in one half what the play has the other declare', async () => {
    await demo.played
    const [nc, el] = ['nc', 'el'].map((who) => beside(seat.page, who))
    const rows = (half, of) => half.locator(`.row${of}`).evaluateAll((all) => all.map((r) => [r.dataset.id, r.innerText]))
    // The table's lines of a party's own flights are marked so: one half's own are the other's.
    const own = await seat.until(() => rows(nc, '.own'), (all) => all.length > 0, 'flights of nc')
    const seen = await seat.until(() => rows(el, ':not(.own)'), (all) => own.every(([id]) => all.some(([other]) => other === id)), 'seen by el')
    for (const [id] of own) assert.match(seen.find(([other]) => other === id)[1], /nc/)
    await seat.picture('side')
  })
})
