// The channel over the real program: what one party says comes to the other, is
// read back, stopped and signed.
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
  await heron.enter(node.token('heron', '--role', 'watch', '--person', 'h3'))
  await kite.enter(node.token('kite', '--role', 'watch', '--person', 'k2'))
  for (const s of [heron, kite]) await s.page.getByRole('button', { name: 'Channel', exact: true }).click()
})

after(async () => {
  await heron?.close()
  await kite?.close()
  await browser?.close()
  await node?.close()
})

const part = (seat, name) => seat.page.getByRole('navigation', { name: 'Parts of the channel' }).getByRole('button', { name }).click()

/** record is what the node has of a party. */
const record = (party) => JSON.parse(node.cli('party', 'show', party, '--profile', 'heron-watch.toml', '--json')).party

describe('a message', () => {
  test('is written with its fields', async () => {
    await part(heron, 'Write')
    const form = heron.page.getByRole('form', { name: 'Write a message' })
    await form.getByRole('combobox', { name: 'To', exact: true }).selectOption({ label: 'Kite Deliveries' })
    await form.getByLabel('Type').selectOption('CHANGE')
    for (const [kind, name, value] of [['at', 'until', '2031-05-05 09:20:00Z'], ['level', 'ceiling', '55 m AMSL']]) {
      await form.getByLabel('Add').selectOption(kind)
      const row = form.locator('.field').last()
      await row.getByLabel('Name').fill(name)
      await row.locator('.grow input').fill(value)
    }
    await form.getByRole('textbox', { name: 'Text', exact: true }).fill('The survey ends earlier.')
    await form.getByLabel('Ask for the fields to be read back').check()
    await heron.accessible()
    await form.getByRole('button', { name: 'Send' }).click()
    await heron.page.getByText('CHANGE 1, to Kite Deliveries').waitFor()
  })

  test('comes in with three lines and the check word of the program', async () => {
    const message = kite.page.getByRole('article', { name: /PRIORITY CHANGE, number 1, from Heron/ })
    await message.getByRole('button', { name: 'Open' }).click()
    const said = node.cli('channel', 'list', 'watch', '--profile', 'kite-watch.toml')
    const id = /[0-9a-f-]{36}/.exec(said)[0]
    const lines = node.cli('channel', 'show', id, '--profile', 'kite-watch.toml').split('\n')
    assert.equal(await message.locator('.spoken').innerText().then((t) => t.replaceAll(/\n+/g, '\n')), lines.slice(0, 3).join('\n'))
    assert.equal(await message.locator('.checkword').innerText() + '.', lines[3])
  })

  test('is read back, not acknowledged; what differs is named', async () => {
    const message = kite.page.getByRole('article', { name: /PRIORITY CHANGE, number 1/ })
    assert.equal(await message.getByRole('button', { name: /ROGER/ }).count(), 0)
    const until = message.getByLabel('until')
    const ceiling = message.getByLabel('ceiling')
    assert.deepEqual([await until.inputValue(), await ceiling.inputValue()], ['', ''])
    await message.getByLabel('I heard it by voice').check()
    assert.doesNotMatch(await message.innerText(), /09:20|55 m/)
    await until.fill('2031-05-05 09:30:00Z')
    await ceiling.fill('fifty-five')
    await message.getByRole('button', { name: 'Read back' }).click()
    await message.getByText('Not read as a level').waitFor()
    await ceiling.fill('55 m AMSL')
    await message.getByRole('button', { name: 'Read back' }).click()
    await message.getByText('These differ from what was sent: until.').waitFor()
    assert.equal(await until.getAttribute('aria-invalid'), 'true')
    assert.equal(await ceiling.getAttribute('aria-invalid'), null)
    await kite.accessible()
    await kite.picture('readback')
    await until.fill('2031-05-05 09:20:00Z')
    await message.getByRole('button', { name: 'Read back' }).click()
    await kite.page.getByText('Nothing waits for watch.').waitFor()
    await heron.page.getByText('Nothing that you sent is open.').waitFor()
  })
})

describe('a test call', () => {
  test('is answered with what was heard', async () => {
    node.cli('bearer', 'test', 'to=kite', 'bearer=voice', '--profile', 'heron-watch.toml')
    const ours = heron.page.getByRole('article', { name: 'Test call, to Kite Deliveries, by voice' })
    await part(heron, 'Inbox')
    const challenge = await ours.locator('.challenge').innerText()
    const theirs = kite.page.getByRole('article', { name: 'Test call, from Heron Survey, by voice' })
    assert.doesNotMatch(await theirs.innerText(), new RegExp(challenge), 'what is spoken is not shown')
    await theirs.getByLabel('Challenge, as heard').fill(challenge.toUpperCase())
    await kite.accessible()
    await theirs.getByRole('button', { name: 'Answer' }).click()
    await theirs.waitFor({ state: 'hidden' })
    await ours.waitFor({ state: 'hidden' })
    assert.match(node.cli('channel', 'list', 'watch', '--profile', 'heron-watch.toml', '--json'), /"tests": \[\]/)
  })
})

describe('STOP', () => {
  test('is opened, sent, and takes the screen of who has to hold', async () => {
    await heron.page.getByRole('button', { name: 'STOP', exact: true }).click()
    const dialog = heron.page.getByRole('dialog', { name: 'STOP' })
    const where = dialog.getByLabel('Where, and what is at risk')
    assert.ok(await where.evaluate((e) => e === document.activeElement), 'the place has the focus')
    assert.equal(await dialog.getByLabel('Call back').inputValue(), 'line 1')
    await where.fill('a boat below the survey')
    await dialog.getByLabel('Position').fill('12 03.000 N 29 57.000 W')
    await heron.accessible()
    await heron.picture('stop')
    await dialog.getByRole('button', { name: 'SEND STOP' }).click()
    const alarm = kite.page.getByRole('alertdialog', { name: 'STOP from Heron Survey' })
    await alarm.waitFor()
    await alarm.getByText('a boat below the survey').waitFor()
    for (const b of await alarm.getByRole('button').all()) assert.ok((await b.boundingBox()).height >= 44)
    await kite.accessible()
    await kite.picture('incoming')
    await dialog.getByText(/Kite Deliveries: on their screen/).waitFor()
    await alarm.getByRole('button', { name: 'We hold ours' }).click()
    await alarm.waitFor({ state: 'hidden' })
    await dialog.getByText(/Kite Deliveries: ■ HOLDING/).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()
  })

  test('is put aside with Escape, and not forgotten', async () => {
    node.cli('channel', 'stop', '12.05,-29.95', '--profile', 'heron-watch.toml')
    const alarm = kite.page.getByRole('alertdialog', { name: 'STOP from Heron Survey' })
    await alarm.waitFor()
    await kite.page.keyboard.press('Escape')
    await alarm.waitFor({ state: 'hidden' })
    await kite.page.getByRole('button', { name: '1 STOP not answered' }).click()
    await alarm.getByRole('button', { name: 'None of ours there' }).click()
    await alarm.waitFor({ state: 'hidden' })
  })
})

describe('what is lifted', () => {
  test('lets the others go on', async () => {
    await part(heron, 'Inbox')
    for (const s of await heron.page.getByRole('article', { name: 'STOP of ours' }).all()) await s.waitFor()
    assert.equal(await heron.page.getByRole('article', { name: 'STOP of ours' }).count(), 2)
    const first = heron.page.getByRole('article', { name: 'STOP of ours' }).first()
    await first.getByLabel('Why the reason is gone').fill('the boat is gone')
    await first.getByRole('button', { name: 'Lift it' }).click()
    await first.getByRole('alert').waitFor() // a watch stander says STOP and does not lift it
    for (const s of JSON.parse(node.cli('channel', 'list', 'watch', '--profile', 'heron-watch.toml', '--json')).desk.stops) {
      node.cli('channel', 'resume', s.id, 'the boat is gone', '--profile', 'heron-manager.toml')
    }
    await heron.page.getByRole('article', { name: 'STOP of ours' }).first().waitFor({ state: 'hidden' })
    await part(kite, 'Inbox')
    await kite.page.getByRole('article', { name: /RESUMED/ }).first().waitFor()
  })
})

const form = (seat) => seat.page.getByRole('region', { name: 'Role keys of this browser' })

describe('a role key', () => {
  test('made here signs once the record has it', async () => {
    await part(kite, 'Watch and keys')
    await form(kite).getByText('The node vouches for what you say').waitFor()
    await form(kite).getByRole('button', { name: 'Make a key for watch' }).click()
    await form(kite).getByText('not enrolled').waitFor()
    writeFileSync(join(node.dir, 'kite-new.json'), await form(kite).getByLabel('kite.json').inputValue())
    node.cli('party', 'change', 'kite-new.json', '--profile', 'kite-owner.toml')
    await form(kite).getByText('enrolled, k2, level watch').waitFor()
    const key = await form(kite).locator('.value').innerText()
    assert.ok(record('kite').roles.find((r) => r.name === 'watch').holders.some((h) => h.key === key))
    await kite.accessible()
    await kite.picture('keys')
  })

  test('signs what is said from then on', async () => {
    const id = /id ([0-9a-f-]{36})/.exec(node.cli('channel', 'send', 'kite/watch', 'WARN', '--precedence', 'IMMEDIATE', '--text', 'Kites "high" above the reef: 200 m, Ü < & >.', '--profile', 'heron-watch.toml'))[1]
    await part(kite, 'Inbox')
    const message = kite.page.getByRole('article', { name: /IMMEDIATE WARN/ })
    await message.getByRole('button', { name: 'Open' }).click()
    await message.getByLabel('Reason or remark').fill('Seen, "thanks" <ö> \u20ac \ud83d\ude81')
    await message.getByRole('button', { name: 'ROGER' }).click()
    await kite.page.getByText('The last act was signed.').waitFor()
    await message.waitFor({ state: 'hidden' })
    assert.match(node.cli('channel', 'show', id, '--profile', 'heron-watch.toml'), /closed/)
  })

  test('cannot be taken out of the browser', async () => {
    const out = await kite.page.evaluate(async () => {
      const db = await new Promise((done) => { const r = indexedDB.open('deconflict', 1); r.onsuccess = () => done(r.result) })
      const [key] = await new Promise((done) => { const r = db.transaction('keys').objectStore('keys').getAll(); r.onsuccess = () => done(r.result) })
      return crypto.subtle.exportKey('pkcs8', key.privateKey).then(() => 'exported', (e) => e.name)
    })
    assert.equal(out, 'InvalidAccessError')
  })
})

describe('an offer', () => {
  let survey
  let delivery

  before(async () => {
    survey = node.declare('survey.geojson', 'heron-watch.toml')
    delivery = node.declare('delivery.geojson', 'kite-watch.toml', '--read', survey)
  })

  const offer = (later) => {
    writeFileSync(join(node.dir, 'offer.json'), JSON.stringify({
      to: 'kite', mine: { intent: survey, version: 1 }, theirs: { intent: delivery, version: 1 },
      undertakings: [{ by: 'heron', kind: 'time_shift', intent: survey, not_before: `2031-05-05T${later}:00Z` }],
    }))
    node.cli('offer', 'make', '--body', 'offer.json', '--profile', 'heron-watch.toml')
  }

  test('is countered with other times', async () => {
    await kite.page.getByRole('button', { name: 'Seen' }).click()
    offer('09:40')
    await part(kite, 'Offers')
    const view = kite.page.getByRole('article', { name: 'Offer of Heron Survey to Kite Deliveries' })
    await view.getByText('not before 2031-05-05 09:40:00Z').waitFor()
    await view.getByText('Offer other times instead').click()
    await view.getByLabel('Who moves').selectOption(delivery)
    await view.getByLabel('Not before (UTC)').fill('2031-05-05T10:00')
    await view.getByLabel('Not after (UTC)').fill('2031-05-05T11:00')
    await kite.accessible()
    await kite.picture('offer')
    await view.getByRole('button', { name: 'Send the counter-offer' }).click()
    await view.getByText('countered').waitFor()
    await heron.page.getByRole('button', { name: 'Offers (1)' }).click()
    const theirs = heron.page.getByRole('article', { name: 'Offer of Kite Deliveries to Heron Survey' })
    assert.ok(await theirs.getByRole('button', { name: 'Accept' }).isDisabled(), 'accepting takes a key')
    await theirs.getByLabel('Reason, of a no').fill('we need the morning')
    await theirs.getByRole('button', { name: 'Reject' }).click()
    await theirs.getByText('rejected: we need the morning').waitFor()
  })

  test('is accepted by the key of the role', async () => {
    offer('09:50')
    const view = kite.page.getByRole('article', { name: 'Offer of Heron Survey to Kite Deliveries' }).filter({ hasText: '09:50' })
    await view.getByRole('button', { name: 'Accept' }).click()
    await view.getByText('accepted').waitFor()
  })
})

describe('a party without a record', () => {
  test('enrols with the key of its browser, and is heard', async () => {
    const gull = await Seat.open(browser, node.url)
    await gull.enter(node.token('gull'))
    await gull.page.getByRole('button', { name: 'Channel', exact: true }).click()
    await gull.page.getByText('gull is not enrolled at this node yet').waitFor()
    await form(gull).getByRole('button', { name: 'Make a key for owner' }).click()
    await form(gull).getByLabel('Name of the party').fill('Gull Air')
    await form(gull).getByLabel('Alias of who holds it').fill('g1')
    await gull.accessible()
    await form(gull).getByRole('button', { name: 'Enrol gull' }).click()
    await gull.page.getByText('Nothing waits for watch.').waitFor()
    await gull.page.getByText('You speak as g1, owner.').waitFor()
    node.cli('channel', 'send', 'gull/watch', 'PROPOSE', '--precedence', 'ROUTINE', '--text', 'Come a mile south.', '--profile', 'heron-watch.toml')
    const message = gull.page.getByRole('article', { name: /ROUTINE PROPOSE/ })
    await message.getByRole('button', { name: 'Open' }).click()
    await message.getByRole('button', { name: 'STANDBY' }).click()
    await message.getByText('STANDBY, still open').waitFor()
    await message.getByRole('button', { name: 'WILCO' }).click()
    await gull.page.getByText('Nothing waits for watch.').waitFor()
    await gull.close()
  })
})
