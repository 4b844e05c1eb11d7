// Light and dark, calm and not, and the rules of WCAG 2.2 in every state.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

let browser
let node
let survey
let delivery

before(async () => {
  node = await Node.start()
  node.meet()
  survey = node.declare('survey.geojson', 'heron-watch.toml')
  // It passes over the survey with less than the margin between them.
  delivery = node.declare('delivery.geojson', 'kite-watch.toml', '--read', survey)
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await node?.close()
})

/** contrast of two colours (WCAG 2.2, relative luminance). */
function contrast(a, b) {
  const luminance = (c) => {
    const [r, g, bl] = c.match(/[\d.]+/g).slice(0, 3).map((v) => Number(v) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl
  }
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p)
  return (x + 0.05) / (y + 0.05)
}

for (const colorScheme of ['light', 'dark']) {
  describe(`in ${colorScheme} colours`, () => {
    let kite

    before(async () => {
      kite = await Seat.open(browser, node.url, { colorScheme })
    })

    after(async () => {
      await kite?.close()
    })

    test('the login', async () => {
      await kite.page.goto(node.url)
      await kite.page.getByText('With a client id and secret, or a token').click()
      await kite.accessible()
    })

    test('the screen and the map have the colours of the system', async () => {
      await kite.enter(node.token('kite', '--role', 'watch', '--person', 'k2'))
      await kite.drawn((ids) => ids.includes(survey))
      const [ground, text] = await kite.page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color])
      assert.equal(ground, colorScheme === 'dark' ? 'rgb(16, 26, 34)' : 'rgb(255, 255, 255)')
      assert.ok(contrast(ground, text) >= 7)
      const sea = () => kite.page.evaluate(() => globalThis.deconflictMap.getPaintProperty('sea', 'background-color'))
      const own = { light: '#dbe6ec', dark: '#0e1a24' }
      assert.equal(await sea(), own[colorScheme])
      // Chosen by hand, it is the other way round; and back.
      await kite.page.getByLabel('Light').selectOption(colorScheme === 'dark' ? 'light' : 'dark')
      await kite.until(sea, (c) => c === own[colorScheme === 'dark' ? 'light' : 'dark'], 'the other colours')
      await kite.page.getByLabel('Light').selectOption('auto')
      await kite.until(sea, (c) => c === own[colorScheme], 'the colours of the system')
    })

    test('the table and the details with verdicts', async () => {
      await kite.page.locator(`[data-id="${delivery}"]`).click()
      await kite.page.locator('.detail .verdicts li').first().waitFor()
      await kite.accessible()
    })

    test('the plan', async () => {
      await kite.page.getByRole('button', { name: 'Plan', exact: true }).click()
      await kite.accessible()
      await kite.page.getByRole('button', { name: 'Circle for a drone' }).click()
      await kite.page.getByText('Points as numbers (1)').click()
      await kite.page.getByText('More', { exact: true }).click()
      await kite.accessible()
      await kite.page.getByRole('button', { name: 'Discard' }).click()
    })

    test('the channel and its parts', async () => {
      await kite.page.getByRole('button', { name: 'Channel', exact: true }).click()
      const parts = kite.page.getByRole('navigation', { name: 'Parts of the channel' }).getByRole('button')
      await parts.first().waitFor()
      for (const part of await parts.all()) {
        await part.click()
        await kite.accessible()
      }
    })

    test('the dialogs', async () => {
      await kite.page.getByRole('button', { name: 'STOP', exact: true }).click()
      await kite.page.getByRole('dialog', { name: 'STOP' }).waitFor()
      await kite.accessible()
      await kite.page.keyboard.press('Escape')
      await kite.page.getByRole('button', { name: 'Keys', exact: true }).click()
      await kite.page.getByRole('dialog', { name: 'Keys' }).waitFor()
      await kite.accessible()
      await kite.page.keyboard.press('Escape')
    })

    test('what the banner says', async () => {
      await kite.page.getByRole('button', { name: '10 minutes later' }).click()
      await kite.page.getByText('Not now:').waitFor()
      await kite.accessible()
      await kite.page.getByRole('button', { name: 'Back to now' }).click()
    })
  })
}

describe('motion', () => {
  for (const reducedMotion of ['reduce', 'no-preference']) {
    test(`is ${reducedMotion === 'reduce' ? 'left out' : 'there'} with ${reducedMotion}`, async () => {
      const kite = await Seat.open(browser, node.url, { reducedMotion })
      await kite.enter(node.token('kite'), '/#v=-29,12,9')
      await kite.drawn((ids) => ids.length === 0) // it looks elsewhere
      await kite.page.locator(`[data-id="${survey}"]`).click()
      await kite.page.evaluate(() => {
        globalThis.moves = 0
        globalThis.deconflictMap.on('move', () => globalThis.moves++)
      })
      await kite.page.getByRole('button', { name: 'Look there' }).click()
      await kite.drawn((ids) => ids.includes(survey))
      const moves = await kite.page.evaluate(() => globalThis.moves)
      if (reducedMotion === 'reduce') assert.equal(moves, 1, 'one step')
      else assert.ok(moves > 1, 'it flies')
      await kite.close()
    })
  }
})
