// A stack of altitudes is made in one go; and what is being made is seen in the
// profile of altitude over time.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

let browser
let node
let heron
let kite

before(async () => {
  node = await Node.start()
  node.meet()
  browser = await launch()
  heron = await Seat.open(browser, node.url)
  kite = await Seat.open(browser, node.url)
  await heron.enter(node.token('heron', '--role', 'watch', '--person', 'h3'), '/#v=-29.95,12.05,8.5')
  await kite.enter(node.token('kite', '--role', 'watch', '--person', 'k2'), '/#v=-29.95,12.05,8.5')
})

after(async () => {
  await heron?.close()
  await kite?.close()
  await browser?.close()
  await node?.close()
})

const plan = (seat) => seat.page.getByRole('button', { name: 'Plan', exact: true }).click()
const press = (seat, name) => seat.page.getByRole('button', { name, exact: true }).click()
const layers = (seat) => seat.page.locator('.layer').evaluateAll((all) => all.map((l) => [...l.querySelectorAll('input')].map((i) => i.value)))
const rows = (seat) => seat.page.locator('.row').evaluateAll((all) => all.map((r) => r.innerText.replaceAll(/\s*\n\s*/g, ' | ').replaceAll(/\s/g, ' ')))

/** type sets a number and leaves the field, as the page reads it then. */
async function type(seat, label, value) {
  await seat.page.getByLabel(label, { exact: true }).fill(value)
  await seat.page.keyboard.press('Tab')
}

/** red is how much of the profile is in the colour of an alarm, and drawn how much
 * is not empty. */
const inked = (seat) => seat.page.evaluate(() => {
  const el = document.querySelector('.profile canvas')
  const all = el.getContext('2d').getImageData(0, 0, el.width, el.height).data
  let red = 0
  let drawn = 0
  for (let k = 0; k < all.length; k += 4) {
    if (all[k + 3] < 128) continue
    drawn++
    if (all[k] > 140 && all[k + 1] < 70 && all[k + 2] < 90) red++
  }
  return { red, drawn }
})
const label = (seat) => seat.page.locator('.profile canvas').getAttribute('aria-label')

/** cut waits until the layers are these, without what stands first in them. */
const cut = (want, from = 0) => heron.until(async () => (await layers(heron)).map((l) => l.slice(from)), (all) => JSON.stringify(all) === JSON.stringify(want), JSON.stringify(want))

describe('a stack', () => {
  test('is cut by number, by step and by buffer', async () => {
    await plan(heron)
    await press(heron, 'Altitude stack')
    await cut([['Helicopters', '500', '1500'], ['Tankers', '2000', '3000'], ['Lead plane', '3500', '4500'], ['Media', '5000', '6000']])
    await type(heron, 'Layers', '3')
    await cut([['Helicopters', '500', '2000'], ['Tankers', '2500', '4000'], ['Lead plane', '4500', '6000']])
    await type(heron, 'One every (ft)', '1000')
    await cut([['500', '1000'], ['1500', '2000'], ['2500', '3000'], ['3500', '4000'], ['4500', '5000'], ['5500', '6000']], 1)
    await type(heron, 'Layers', '2')
    await type(heron, 'Buffer between (ft)', '1500')
    await cut([['500', '2500'], ['4000', '6000']], 1)
    await press(heron, 'Discard')
  })

  test('is not declared while its layers overlap', async () => {
    await press(heron, 'Altitude stack')
    await heron.page.locator('.layer').nth(1).getByLabel('from (ft)').fill('1400')
    await heron.page.keyboard.press('Tab')
    await heron.page.getByText('Helicopters and Tankers overlap.').waitFor()
    assert.ok(await heron.page.getByRole('button', { name: 'Declare the 4 layers' }).isDisabled())
    await heron.page.locator('.layer').nth(1).getByLabel('from (ft)').fill('2000')
    await heron.page.keyboard.press('Tab')
    await heron.page.getByText('Helicopters and Tankers overlap.').waitFor({ state: 'detached' })
  })

  test('makes a plan of each layer', async () => {
    await heron.page.getByText(/^No conflict with what is declared|^None declared near/).waitFor()
    assert.match(await label(heron), /The draft is drawn dashed\.$/)
    await heron.picture('stack')
    await heron.accessible()
    await press(heron, 'Declare the 4 layers')
    await heron.page.locator('.plan .note', { hasText: 'Helicopters, Tankers, Lead plane, Media are declared: from 08:05:00Z, for 4 h 00 min.' }).waitFor()
    await press(heron, 'Table')
    const seen = await heron.until(() => rows(heron), (all) => all.length === 4, 'four plans')
    for (const [name, heights] of [['Helicopters', '500 ft – 1,500 ft AMSL'], ['Tankers', '2,000 ft – 3,000 ft AMSL'], ['Lead plane', '3,500 ft – 4,500 ft AMSL'], ['Media', '5,000 ft – 6,000 ft AMSL']]) {
      assert.ok(seen.some((t) => t.startsWith(`Stack ${name} | `) && t.includes('accepted') && t.includes(heights)), `${name}: ${seen.join('; ')}`)
    }
  })
})

describe('a draft in the profile', () => {
  test('is marked where it is in conflict, and is not once it is clear', async () => {
    await plan(kite)
    await press(kite, 'Circle for a drone')
    const before = await inked(kite)
    await type(kite, 'Floor (ft)', '2200')
    await type(kite, 'Ceiling (ft)', '2600')
    await kite.page.getByText('Conflict: it would be refused as it stands.').waitFor()
    assert.match(await label(kite), /The draft is drawn dashed, and in red where it is in conflict, from 08:\d\d:\d\dZ to 08:\d\d:\d\dZ\.$/)
    const met = await kite.until(() => inked(kite), (n) => n.red > before.red + 20, 'red')
    await kite.picture('profile-draft')
    await type(kite, 'Ceiling (ft)', '9500')
    await type(kite, 'Floor (ft)', '9000')
    await kite.page.getByText(/^No conflict with what is declared|^None declared near/).waitFor()
    assert.match(await label(kite), /The draft is drawn dashed\.$/)
    await kite.until(() => inked(kite), (n) => n.red < met.red / 2 && n.drawn > 0, 'red no more')
    await press(kite, 'Discard')
    await kite.until(() => label(kite), (t) => !t.includes('draft'), 'free of the draft')
  })

  test('of several layers, what is refused stays and the others stand', async () => {
    await press(kite, 'Altitude stack')
    await type(kite, 'Floor (ft)', '5000')
    await type(kite, 'Ceiling (ft)', '13000')
    await type(kite, 'Layers', '2')
    // 5,000 to 8,750 ft meets the media of Heron; 9,250 to 13,000 ft meets nobody.
    await kite.until(() => kite.page.locator('.judged .verdicts .bad').allInnerTexts(), (all) => all.length === 1 && /^Helicopters: .*heron/.test(all[0]), 'a conflict of the lower layer alone')
    assert.ok(await kite.page.getByRole('button', { name: 'Declare the 2 layers' }).isDisabled())
    // Without an answer on what they meet they are declared unread: of what meets
    // somebody that is refused.
    await kite.page.route('**/v1/check', (r) => r.abort())
    await type(kite, 'Radius (NM)', '4.9')
    await kite.page.locator('.judged .error', { hasText: 'The node cannot be reached' }).waitFor()
    await press(kite, 'Declare the 2 layers')
    const words = await kite.page.locator('.plan > .error').innerText()
    assert.match(words, /^Declared: Tankers\. Still here: Helicopters\. Helicopters: the read set lacks/)
    assert.deepEqual((await layers(kite)).map((l) => l[0]), ['Helicopters'])
    await kite.page.unroute('**/v1/check')
    await press(kite, 'Discard')
    await press(kite, 'Table')
    const seen = await kite.until(() => rows(kite), (all) => all.filter((t) => t.includes('(us)')).length === 1, 'one plan of ours')
    assert.ok(seen.some((t) => t.startsWith('Stack Tankers | kite (us)')), seen.join('; '))
  })
})

describe('what is not shown', () => {
  test('makes a plan that only seems clear a proposal, and that is said', async () => {
    writeFileSync(join(node.dir, 'nothing.json'), '{"purpose":"safety","retention_ns":0,"rows":[]}')
    node.cli('release', 'set', '--body', 'nothing.json', '--profile', 'heron-manager.toml')
    node.declare('survey.geojson', 'heron-watch.toml')
    await plan(kite)
    await press(kite, 'Circle for a drone')
    await kite.page.getByLabel('Name that crews use').fill('Roof')
    await type(kite, 'From (Zulu)', '09:00')
    await kite.page.getByText(/^No conflict with what is declared|^None declared near/).waitFor()
    await press(kite, 'Declare')
    await kite.page.locator('.plan > .error', { hasText: 'Roof is not accepted, and kept as a proposal: something is in the way' }).waitFor()
    await kite.page.locator('.detail h2', { hasText: 'Roof' }).waitFor()
    assert.match(await kite.page.locator('.detail .sum').innerText(), /… proposed/)
    assert.match(await kite.page.locator('.detail .verdicts').innerText(), /^⚠ .*heron/)
  })
})
