// Zones by point and radius, as people in the field set them up: in force at
// once, and seen by the others.
import assert from 'node:assert/strict'
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
  await heron.enter(node.token('heron', '--role', 'manager', '--person', 'h1'), '/#v=-29.95,12.05,8.5')
  await kite.enter(node.token('kite', '--role', 'watch', '--person', 'k2'), '/#v=-29.95,12.05,8.5')
})

after(async () => {
  await heron?.close()
  await kite?.close()
  await browser?.close()
  await node?.close()
})

/** declare takes a template in the middle of the map as it is. */
async function declare(template, name) {
  await heron.page.getByRole('button', { name: 'Plan', exact: true }).click()
  await heron.page.getByRole('button', { name: template }).click()
  await heron.page.getByLabel('Name that crews use').fill(name)
  await heron.until(() => heron.features(['draft-fill']), (all) => all.length > 0, 'drawn as a draft')
  await heron.page.getByRole('button', { name: 'Declare and put in force' }).click()
  await heron.page.getByRole('heading', { name: 'Make a plan' }).waitFor()
}

const rows = (seat) => seat.page.locator('.row').evaluateAll((all) => all.map((r) => [r.dataset.id, r.innerText.replaceAll(/\s*\n\s*/g, ' | ')]))

describe('templates', () => {
  test('a fire traffic area has two rings in force, which the other party sees', async () => {
    await declare('Fire traffic area 12/7 NM', 'FTA Tern')
    const seen = await kite.until(() => rows(kite), (all) => all.length === 2, 'two zones')
    const [inner, outer] = ['FTA Tern inner', 'FTA Tern outer'].map((name) => seen.find(([, text]) => text.includes(name)))
    assert.match(inner[1], /heron \| entry with contact .*\| 0\sft\s–\s8,000\sft/)
    assert.match(outer[1], /heron \| call first .*8,000\sft/)
    for (const seat of [heron, kite]) await seat.drawn((ids) => ids.includes(inner[0]) && ids.includes(outer[0]))
    const kinds = await kite.features(['areas'])
    assert.deepEqual([...new Set(kinds.map((f) => f.properties.look))], ['bar'])
  })

  test('a restriction of 5 NM is told to who plans there', async () => {
    await declare('Temporary restriction 5 NM', 'R1')
    await kite.until(() => rows(kite), (all) => all.some(([, text]) => /R1 \| heron \| no entry/.test(text)), 'R1 in the table')
    await kite.page.getByRole('button', { name: 'Plan', exact: true }).click()
    await kite.page.getByRole('button', { name: 'Circle for a drone' }).click()
    const said = await kite.until(() => kite.page.locator('.judged .verdicts li').allInnerTexts(), (all) => all.length === 3, 'three verdicts')
    // Heron and Kite agreed on no zones: it is said, and not made out to bind.
    for (const name of ['FTA Tern inner', 'FTA Tern outer', 'R1']) assert.ok(said.some((t) => new RegExp(`inside zone ${name} of heron .*no agreement binds you to it: call its owner first`).test(t)), said.join('; '))
    await kite.accessible()
  })
})
