// Plan files of the field, dropped on the page: read by the node, drawn as a
// draft, declared.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

const data = new URL('../../testdata/', import.meta.url).pathname

let browser
let node
let heron

before(async () => {
  node = await Node.start()
  node.meet()
  browser = await launch()
  heron = await Seat.open(browser, node.url)
  await heron.enter(node.token('heron', '--role', 'watch', '--person', 'h3'))
  await heron.page.getByRole('button', { name: 'Plan', exact: true }).click()
})

after(async () => {
  await heron?.close()
  await browser?.close()
  await node?.close()
})

const give = (file) => heron.page.locator('input[type=file]').setInputFiles(file)

/** drawnDraft waits until the draft is on the map; its kinds of geometry are returned. */
const drawnDraft = () => heron.until(() => heron.features(['draft-fill', 'draft-line']), (all) => all.length > 0, 'drawn').then((all) => all.map((f) => f.geometry.type))

/** declared presses the button; what is then selected is returned, as the node has it. */
async function declared() {
  await heron.page.getByRole('button', { name: 'Declare', exact: true }).click()
  await heron.page.locator('.detail h2').waitFor()
  const id = await heron.page.locator('.detail dd.id').innerText()
  await heron.page.getByRole('button', { name: 'Close the selection' }).click()
  return [id, JSON.parse(node.cli('intent', 'show', id, '--profile', 'heron-watch.toml', '--json'))]
}

describe('a file', () => {
  test('of QGroundControl becomes a draft, with what it leaves open, and is declared', async () => {
    await give(data + 'missions/qgroundcontrol_sample.plan')
    assert.ok((await drawnDraft()).length > 0)
    await heron.page.getByText('What the file leaves open is supposed').waitFor()
    assert.ok((await heron.page.locator('details[open] li').count()) > 0, 'what is supposed is listed')
    await heron.accessible()
    const [id, kept] = await declared()
    assert.match(JSON.stringify(kept), /"trajectories":\[/)
    await heron.drawn((ids) => ids.includes(id), ['areas', 'paths-planned'])
  })

  test('of KML offers each of its plans', async () => {
    await give(data + 'kml/zurich.kml')
    await heron.page.locator('.plan li button').first().click()
    await drawnDraft()
    await heron.page.getByRole('button', { name: 'Discard' }).click()
    await heron.until(() => heron.features(['draft-fill', 'draft-line']), (all) => all.length === 0, 'gone')
  })

  test('of GeoJSON is dropped, not only chosen', async () => {
    const text = readFileSync(join(node.dir, 'delivery.geojson'), 'utf8')
    const dropped = await heron.page.evaluateHandle((text) => {
      const d = new DataTransfer()
      d.items.add(new File([text], 'delivery.geojson'))
      return d
    }, text)
    await heron.page.dispatchEvent('.drop', 'drop', { dataTransfer: dropped })
    assert.ok((await drawnDraft()).includes('LineString'))
    const [, kept] = await declared()
    assert.match(JSON.stringify(kept), /2031-05-05T09:1/)
  })

  test('that cannot be read is refused with place, found and expected', async () => {
    const bad = { name: 'broken.geojson', mimeType: 'application/json', buffer: Buffer.from('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"radius_m":-5,"lower":"0 m AMSL","upper":"60 m AMSL","start":"2031-05-05T09:00:00Z","end":"2031-05-05T09:30:00Z"},"geometry":{"type":"Point","coordinates":[-29.95,12.05]}}]}') }
    await give(bad)
    const said = await heron.page.getByRole('alert').filter({ hasText: 'broken.geojson' }).innerText()
    assert.match(said, /features\[0\]\.properties\.radius_m: found .*, expected more than 0 met/)
    await heron.accessible()
    await give({ name: 'cut.plan', mimeType: 'application/json', buffer: Buffer.from('{"fileType":"Plan","mission":{"items":[') })
    await heron.page.getByRole('alert').filter({ hasText: 'cut.plan' }).waitFor()
  })
})
