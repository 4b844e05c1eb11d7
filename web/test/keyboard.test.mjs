// Everything with the keyboard alone, from the address on; where the focus is can
// be seen at every step.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

let browser
let node
let heron
let survey
let token

before(async () => {
  node = await Node.start()
  node.meet()
  survey = node.declare('survey.geojson', 'heron-watch.toml')
  token = node.token('heron', '--role', 'watch', '--person', 'h3')
  browser = await launch()
  heron = await Seat.open(browser, node.url)
})

after(async () => {
  await heron?.close()
  await browser?.close()
  await node?.close()
})

const press = (key) => heron.page.keyboard.press(key)

describe('with the keyboard', () => {
  test('somebody signs in', async () => {
    await heron.page.goto(node.url)
    await heron.page.getByRole('heading', { name: 'deconflict' }).waitFor()
    assert.match((await heron.focused()).name, /^Join code/, 'the first field has the focus')
    await heron.tabTo(/^With a client id and secret, or a token/)
    await press('Enter')
    await heron.tabTo(/^Token/)
    await heron.page.keyboard.insertText(token)
    await heron.tabTo(/^Use the token/)
    await press('Enter')
    await heron.page.getByRole('heading', { name: 'What is declared' }).waitFor()
    await heron.idle()
  })

  test('goes to the table, a row and its details', async () => {
    await heron.page.locator(`[data-id="${survey}"]`).waitFor()
    await heron.tabTo(/^To the table/)
    await press('Enter')
    await heron.until(() => heron.focused(), (at) => at.id === 'rows', 'the table')
    assert.doesNotMatch(heron.page.url(), /#rows/, 'the address says still what is looked at')
    await press('ArrowDown')
    await heron.page.locator(`[data-id="${survey}"][aria-selected="true"]`).waitFor()
    const active = await heron.page.locator('#rows').getAttribute('aria-activedescendant')
    assert.equal(await heron.page.locator(`#${active}`).getAttribute('data-id'), survey)
    assert.equal(await heron.page.locator('.detail dd.id').innerText(), survey)
  })

  test('activates what was declared', async () => {
    await node.clock('2031-05-05T09:00:00Z')
    await heron.tabTo(/^Activate$/)
    await press('Enter')
    await heron.page.locator('.detail .sum', { hasText: '◆ activated' }).waitFor()
  })

  test('opens and closes STOP, and the focus comes back to it', async () => {
    await heron.tabTo(/^STOP$/)
    await press('Enter')
    const dialog = heron.page.getByRole('dialog', { name: 'STOP' })
    await dialog.waitFor()
    for (let k = 0; k < 30; k++) {
      await press('Tab')
      const inside = await heron.page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null)
      assert.ok(inside, 'the focus stays in the dialog')
    }
    await press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    assert.equal((await heron.focused()).name, 'STOP')
  })

  test('lists the keys and switches them off', async () => {
    await press('?')
    const help = heron.page.getByRole('dialog', { name: 'Keys' })
    await help.waitFor()
    await heron.tabTo(/^These keys work/)
    await press('Space')
    await press('Escape')
    await help.waitFor({ state: 'hidden' })
    await press('p')
    assert.equal(await heron.page.getByRole('button', { name: 'Table', exact: true }).getAttribute('aria-current'), 'page', 'p does nothing now')
  })

  test('is caught nowhere: Tab goes around the whole page, and back', async () => {
    for (const [key, to] of [['Tab', /^Play|^Pause/], ['Tab', /^To the table/], ['Shift+Tab', /^Close/], ['Shift+Tab', /^To the table/]]) await heron.tabTo(to, key)
  })
})
