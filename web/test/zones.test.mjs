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

/** called is what a flight is called whose name its owner does not show. */
const called = (id) => `kite ${id.slice(0, 4)}`

const banner = (seat) => seat.page.locator('.banner.entries')

/** drone declares a circle of 500 m in the middle of the map for Kite. */
async function drone(name) {
  await kite.page.getByRole('button', { name: 'Plan', exact: true }).click()
  await kite.page.locator('.plan').waitFor()
  if (await kite.page.getByRole('button', { name: 'Discard' }).count()) await kite.page.getByRole('button', { name: 'Discard' }).click()
  await kite.page.getByRole('button', { name: 'Circle for a drone' }).click()
  await kite.page.getByLabel('Name that crews use').fill(name)
  await kite.page.getByText('It would be accepted. What it meets:').waitFor()
  await kite.page.getByRole('button', { name: 'Declare', exact: true }).click()
  await kite.page.locator('.detail h2', { hasText: name }).waitFor()
  return kite.page.locator('.detail dd.id').innerText()
}

describe('who enters', () => {
  let first
  test('is an alarm for the owner of the zone, as nothing that is agreed lets it in', async () => {
    assert.equal(await banner(heron).count(), 0)
    first = await drone('Kite 4')
    const said = await heron.until(() => banner(heron).locator('li').allInnerTexts(), (all) => all.length === 3, 'three zones that it enters')
    const inner = said.find((t) => t.includes('FTA Tern inner'))
    assert.match(inner, new RegExp(`${called(first)} enters FTA Tern inner from 08:04:59Z to 08:35:01Z, 0 ft AMSL – 400 ft AMSL; no agreement binds it\\.`))
    assert.equal(await banner(heron).getAttribute('role'), 'alert')
    await heron.picture('entering')
    await heron.accessible()
    assert.equal(await banner(kite).count(), 0, 'who flies has it in its own verdicts')
  })

  test('is said by the flight and by the zone', async () => {
    await banner(heron).getByRole('button', { name: 'Show' }).first().click()
    await heron.page.locator('.detail h2', { hasText: called(first) }).waitFor()
    assert.match(await heron.page.locator('.detail').innerText(), new RegExp(`How it stands to ours[^]*${called(first)} enters FTA Tern inner`))
    await heron.page.getByRole('button', { name: 'Table', exact: true }).click()
    await heron.page.locator('.row', { hasText: 'FTA Tern outer' }).click()
    assert.match(await heron.page.locator('.detail').innerText(), new RegExp(`Who enters it[^]*${called(first)} enters FTA Tern outer`))
  })

  test('is not said again once it was seen, neither of another flight nor after the page was opened anew', async () => {
    for (let n = 3; n > 0; n--) {
      await banner(heron).getByRole('button', { name: 'Seen' }).first().click()
      await heron.until(() => banner(heron).locator('li').count(), (k) => k === n - 1, 'one less')
    }
    const second = await drone('Kite 5')
    const said = await heron.until(() => banner(heron).locator('li').allInnerTexts(), (all) => all.length === 3, 'the second flight')
    assert.ok(said.every((t) => t.includes(called(second))), said.join('; '))
    await heron.page.reload()
    const again = await heron.until(() => banner(heron).locator('li').allInnerTexts(), (all) => all.length === 3, 'what nobody has seen yet')
    assert.ok(again.every((t) => t.includes(called(second))), again.join('; '))
    // What is over alarms nobody.
    node.cli('intent', 'withdraw', second, '--profile', 'kite-watch.toml')
    await heron.until(() => banner(heron).count(), (n) => n === 0, 'nothing to be seen')
  })

  test('is said of a zone that is declared around who is there already', async () => {
    await declare('Temporary restriction 5 NM', 'R2')
    const said = await heron.until(() => banner(heron).locator('li').allInnerTexts(), (all) => all.length === 1, 'R2')
    assert.match(said[0], new RegExp(`${called(first)} enters R2 from .*; no agreement binds it\\.`))
    await banner(heron).getByRole('button', { name: 'Seen' }).click()
    node.cli('intent', 'withdraw', first, '--profile', 'kite-watch.toml')
  })
})
