// What others declared by F3548-21: that the node judges nothing of it never reads
// as clear.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

let browser
let node
let kite

before(async () => {
  node = await Node.start()
  node.meet()
  browser = await launch()
  kite = await Seat.open(browser, node.url)
  await kite.enter(node.token('kite', '--role', 'watch', '--person', 'k2'))
})

after(async () => {
  await kite?.close()
  await browser?.close()
  await node?.close()
})

test('a reference of F3548-21 is said not to be judged here', async () => {
  const id = '1f0c3a52-7d0e-4c7b-9a51-5e0b8a3c1d11'
  const token = node.cli('token', '--data', 'data', '--party', 'north', '--scope', 'utm.strategic_coordination', '--audience', 'localhost').trim()
  const body = readFileSync(new URL('../../examples/two-uss/north.json', import.meta.url), 'utf8').replaceAll('2035-05-07', '2031-05-05')
  const answer = await fetch(`${node.url}/dss/v1/operational_intent_references/${id}`, { method: 'PUT', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body })
  assert.equal(answer.status, 201, await answer.text())
  await kite.page.locator(`[data-id="${id}"]`).click({ timeout: 40_000 })
  const said = await kite.page.locator('.detail').innerText()
  assert.match(said, /How it stands to ours\s+Not judged here: it is a reference of F3548-21, and the USS of north judges it\. That nothing more is said does not say that it is clear of ours\./)
  assert.doesNotMatch(said, /no conflict/i)
  await kite.accessible()
})
