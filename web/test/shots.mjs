// The pictures of the documents. Each is taken only when what it is to show is
// there: rendered, and in words.
//
//   make shots
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { beside, Demo } from './demo.mjs'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

const images = new URL('../../docs/images/', import.meta.url).pathname
mkdirSync(images, { recursive: true })

const node = await Node.start()
const browser = await launch()
const seats = []
const open = async (party, person, options) => {
  const s = await Seat.open(browser, node.url, options)
  seats.push(s)
  await s.enter(node.token(party, '--role', 'watch', '--person', person))
  return s
}
/** take waits until the map rests, and takes the picture. */
const take = async (s, name) => {
  await s.idle()
  await s.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  await s.page.screenshot({ path: images + name + '.png' })
  console.log(name)
}

try {
  node.meet()
  const survey = node.declare('survey.geojson', 'heron-watch.toml')
  node.cli('intent', 'show', survey, '--profile', 'kite-watch.toml')
  const delivery = node.declare('delivery.geojson', 'kite-watch.toml', '--read', survey)
  node.cli('channel', 'send', 'kite/watch', 'CHANGE', 'until=2031-05-05T09:20:00Z', 'ceiling=55m/AMSL', '--precedence', 'PRIORITY', '--text', 'The survey ends earlier.', '--profile', 'heron-watch.toml')

  for (const [name, colorScheme] of [['map', 'light'], ['map-dark', 'dark']]) {
    const kite = await open('kite', 'k2', { viewport: { width: 1280, height: 900 }, colorScheme })
    await kite.drawn((ids) => ids.includes(survey))
    await kite.page.locator(`[data-id="${delivery}"]`).click()
    await kite.drawn((ids) => ids.includes(delivery), ['paths-planned'])
    await kite.drawn((ids) => ids.includes(survey), ['spots'])
    const verdict = await kite.page.locator('.verdicts').innerText()
    assert.match(verdict, /of heron: overlap by .* too near or .* too little between/)
    await kite.page.getByRole('button', { name: 'What would clear it?' }).click()
    await kite.page.getByRole('button', { name: 'Take it' }).first().waitFor()
    await take(kite, name)
    if (colorScheme === 'light') {
      await kite.page.getByRole('button', { name: 'Channel', exact: true }).click()
      await kite.page.getByRole('button', { name: 'Close the selection' }).click()
      const message = kite.page.getByRole('article', { name: /PRIORITY CHANGE/ })
      await message.getByRole('button', { name: 'Open' }).click()
      await message.locator('.checkword').waitFor()
      assert.match(await message.innerText(), /until 2031-05-05 09:20:00Z; ceiling 55 m AMSL/)
      await take(kite, 'map-channel')
    }
  }
} finally {
  for (const s of seats) await s.close()
  await node.close()
}

// The demo's two parties beside each other, after the play.
const demo = await Demo.play()
try {
  const s = await Seat.open(browser, demo.url, { viewport: { width: 1600, height: 900 } })
  await s.page.goto(demo.link)
  await demo.played
  for (const [who, other] of [['nc', 'E-302'], ['el', 'N-306']]) {
    await beside(s.page, who).locator('header .who', { hasText: `${who}, watch` }).waitFor()
    await beside(s.page, who).locator('.row:not(.own)', { hasText: other }).first().waitFor()
  }
  await s.page.screenshot({ path: images + 'map-side.png' })
  console.log('map-side')
  await s.close()
} finally {
  await browser.close()
  await demo.close()
}
