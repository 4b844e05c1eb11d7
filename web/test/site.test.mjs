// A site without internet, as people set it up: `deconflict serve --site`, a first
// laptop by the code on the terminal, a second device by a QR code, over HTTPS with
// the site's own certificate.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { freePort, program } from './node.mjs'
import { launch, Seat } from './page.mjs'
import { scan } from './qr.mjs'

const sample = new URL('../../testdata/missions/qgroundcontrol_sample.plan', import.meta.url).pathname
const overThere = '#v=8.5455,47.3977,13' // where the file flies

/** Site is the program with its terminal. */
class Site {
  static async start() {
    const s = new Site()
    s.dir = mkdtempSync(join(tmpdir(), 'deconflict-site-'))
    s.port = await freePort()
    await s.run()
    return s
  }

  async run() {
    this.process = spawn(program, ['serve', '--site', 'ember', '--listen', `:${this.port}`, '--log-level', 'error'], { cwd: this.dir })
    this.ended = new Promise((done) => this.process.once('exit', done))
    let said = ''
    let wrong = ''
    this.process.stderr.on('data', (d) => (wrong += d))
    await new Promise((done, failed) => {
      this.process.stdout.on('data', (d) => {
        said += d
        if (/^Clock: .*\n/m.test(said)) done()
      })
      this.process.once('exit', (code) => failed(new Error(`the site ended with ${code}: ${said}${wrong}`)))
    })
    const one = (pattern) => pattern.exec(said)?.[1] ?? assert.fail(`found no ${pattern} in\n${said}`)
    this.url = one(/^ {2}(https:\S+)\/$/m)
    this.code = one(/^Join code.*: (\S+)$/m)
    this.fingerprint = one(/^ {2}((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/m)
    this.clock = one(/^Clock: (.*)$/m)
  }

  async halt(signal) {
    this.process.kill(signal)
    await this.ended
  }

  async close() {
    await this.halt('SIGTERM')
    rmSync(this.dir, { recursive: true })
  }
}

let browser
let site
let tower
let crew
let invitation
const seats = []

const tablet = { viewport: { width: 820, height: 1180 }, hasTouch: true, isMobile: true }

async function device(options = {}) {
  const s = await Seat.open(browser, site.url, { ignoreHTTPSErrors: true, ...options })
  seats.push(s)
  return s
}

const signedIn = (s, who) => s.page.locator('header .who', { hasText: new RegExp(`^${who}`) }).waitFor()
const refused = (s, words) => s.page.getByRole('alert').filter({ hasText: words }).waitFor()

async function type(s, code) {
  await s.page.getByRole('textbox', { name: 'Join code' }).fill(code)
  await s.page.getByRole('button', { name: 'Join' }).click()
}

/** invite makes a join code as the chief does, and reads its picture as a phone. */
async function invite(whom) {
  await tower.page.getByRole('button', { name: 'Channel', exact: true }).click()
  await tower.page.getByRole('button', { name: 'Watch and keys' }).click()
  await tower.page.getByLabel(/^Callsign of a party that is new/).fill(whom)
  await tower.page.getByRole('button', { name: 'Make a join code' }).click()
  const made = tower.page.getByRole('status').filter({ hasText: `For ${whom}, once, until` })
  await made.locator('.qr').scrollIntoViewIfNeeded()
  return { made, code: await made.locator('.joincode').innerText(), link: await scan(tower.page, made.locator('.qr')) }
}

/** declare declares what is drawn or was read. */
async function declare(s, name) {
  await s.page.getByLabel('Name that crews use').fill(name)
  await s.page.getByText(/^No conflict with what is declared|^None declared near|^It would be accepted/).waitFor()
  await s.page.getByRole('button', { name: 'Declare', exact: true }).click()
  await s.page.getByRole('heading', { name: 'Make a plan' }).waitFor()
}

/** row is a line of the table by its flight's name. */
const row = (s, name) => s.page.locator('.row', { hasText: name })
const table = (s) => s.page.getByRole('button', { name: 'Table', exact: true }).click()

before(async () => {
  site = await Site.start()
  browser = await launch()
  tower = await device()
})

after(async () => {
  for (const s of seats) await s.close()
  await browser?.close()
  await site?.close()
})

describe('the first laptop', () => {
  test('is warned of the certificate, which is the one that the terminal says', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await assert.rejects(page.goto(site.url), /net::ERR_CERT_AUTHORITY_INVALID/)
    await context.close()
    const { hostname, port } = new URL(site.url)
    const shown = await new Promise((done, failed) => {
      const s = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        done(s.getPeerCertificate().fingerprint256)
        s.destroy()
      })
      s.on('error', failed)
    })
    assert.equal(shown, site.fingerprint)
  })

  test('refuses a wrong code, and takes the one on the terminal', async () => {
    await tower.page.goto(`${site.url}/${overThere}`)
    await type(tower, '00000-00000')
    await refused(tower, 'Not accepted: found no such join code')
    await tower.page.getByText('No code, or it is not accepted').click()
    await tower.accessible()
    await tower.picture('site-login')
    await type(tower, site.code.toLowerCase().replace('-', ' ')) // as people type
    await signedIn(tower, 'ember, chief')
    await tower.page.getByText('● live').waitFor()
    const [cookie] = await tower.context.cookies()
    assert.ok(cookie.secure && cookie.httpOnly && cookie.sameSite === 'Strict', JSON.stringify(cookie))
  })

  test('says what the clock is worth, as the terminal does', async () => {
    const kept = site.clock.startsWith('synchronised')
    const alarm = tower.page.locator('.banner').filter({ hasText: 'Compare the time above with a watch that is right' })
    await tower.page.getByText(kept ? /^node’s clock: kept/ : /node’s clock: (not kept by anything|kept or not: unknown)/).waitFor()
    assert.equal(await alarm.count(), kept ? 0 : 1, site.clock)
    await tower.accessible()
    await tower.picture('site-clock')
    if (kept) return
    await alarm.getByRole('button', { name: 'It is right' }).click()
    await alarm.waitFor({ state: 'detached' })
    await tower.page.getByText(/node’s clock: (not kept by anything|kept or not: unknown); compared at \d\d:\d\d:\d\dZ/).waitFor()
  })
})

describe('the second device', () => {
  test('is invited by a code, a QR code that says the same, and the fingerprint', async () => {
    invitation = await invite('kestrel')
    assert.equal(invitation.link, `${site.url}/#join=${invitation.code}`)
    const said = await invitation.made.locator('.fingerprint').innerText()
    assert.equal(said.replaceAll(/\s/g, ''), site.fingerprint)
    await tower.accessible()
    await invitation.made.locator('.fingerprint').scrollIntoViewIfNeeded()
    await tower.picture('site-invite')
  })

  test('joins by the link, on a tablet', async () => {
    crew = await device(tablet)
    const begun = performance.now()
    await crew.page.goto(invitation.link)
    await signedIn(crew, 'kestrel')
    await crew.page.getByText('● live').waitFor()
    await crew.page.getByText(/^None declared to this node/).first().waitFor()
    await crew.idle()
    console.log(`a tablet has joined ${(performance.now() - begun).toFixed(0)} ms after the link was opened: signed in, live, and its map drawn`)
    assert.ok(!crew.page.url().includes(invitation.code), 'the code is not left in the address')
    await crew.accessible()
    await crew.picture('site-tablet')
  })

  test('joins by hand on a laptop, in less than a person needs', async () => {
    const begun = performance.now()
    const { code } = await invite('harrier')
    const laptop = await device()
    await laptop.page.goto(site.url)
    await type(laptop, code)
    await signedIn(laptop, 'harrier')
    await laptop.page.getByText('● live').waitFor()
    console.log(`a laptop has joined ${(performance.now() - begun).toFixed(0)} ms after the chief began to invite, by a code that was typed`)
  })

  test('declares its own, and each sees the other’s exactly', async () => {
    await tower.page.getByRole('button', { name: 'Plan', exact: true }).click()
    await tower.page.getByRole('button', { name: 'Draw a circle' }).click()
    await tower.idle()
    await tower.press(8.556, 47.402)
    await declare(tower, 'HELCO 3')
    await crew.page.getByRole('button', { name: 'Plan', exact: true }).tap()
    await crew.page.locator('input[type=file]').setInputFiles(sample)
    await declare(crew, 'K-1')
    for (const [s, own, other, party] of [[tower, 'HELCO 3', 'K-1', 'kestrel'], [crew, 'K-1', 'HELCO 3', 'ember']]) {
      await table(s)
      await row(s, own).waitFor()
      await row(s, other).click()
      assert.match(await s.page.locator('.detail').innerText(), new RegExp(`${other}[\\s\\S]*${party}[\\s\\S]*exact`))
      const id = await row(s, other).getAttribute('data-id')
      await s.drawn((ids) => ids.includes(id), ['areas', 'paths-planned'])
      await s.picture(`site-${party}-seen`)
      await s.page.getByRole('button', { name: 'Close the selection' }).click()
    }
  })
})

describe('a join code', () => {
  test('is good once, whether typed or by its link', async () => {
    const late = await device()
    await late.page.goto(invitation.link)
    await refused(late, 'Not accepted: found no such join code: wrong, used already')
    await type(late, invitation.code)
    await refused(late, 'Not accepted: found no such join code: wrong, used already')
    await type(late, site.code)
    await refused(late, 'Not accepted: found no such join code: wrong, used already')
  })

  test('is not good when its time is over', async () => {
    const made = await tower.page.evaluate(async () => {
      const ask = (life_s) => fetch('/v1/invitations', { method: 'POST', headers: { 'Deconflict-Seat': 'a', 'Content-Type': 'application/json' }, body: JSON.stringify({ party: 'merlin', life_s }) }).then((a) => a.json())
      return [await ask(1), await ask(60)]
    })
    const late = await device()
    await late.page.goto(site.url)
    await late.page.waitForFunction((end) => Date.now() > end, Date.parse(made[0].expires) + 1500) // expires is in whole seconds
    await type(late, made[0].code)
    await refused(late, 'too old')
    await type(late, made[1].code)
    await signedIn(late, 'merlin')
  })
})

describe('a computer whose clock is wrong', () => {
  test('is told so, and shows the node’s time', async () => {
    const off = await device()
    await off.context.addInitScript(() => {
      const right = Date.now.bind(Date)
      Date.now = () => right() + 90_000
    })
    const { link } = await invite('osprey')
    await off.page.goto(link)
    await signedIn(off, 'osprey')
    assert.match(await off.page.getByText(/^this computer’s: /).innerText(), /^this computer’s: (89|90) s ahead of it$/)
    const shown = await off.page.locator('header time').innerText()
    assert.ok(Math.abs(Date.parse(shown.replace(' ', 'T')) - Date.now()) < 5000, shown)
    assert.equal(await tower.page.getByText(/^this computer’s: /).count(), 0)
    await off.accessible()
    await off.picture('site-off')
  })
})

describe('a power cut', () => {
  test('signs nobody out who joined by a code', async () => {
    const unused = await invite('goshawk')
    await site.halt('SIGKILL')
    for (const s of [tower, crew]) await s.page.getByRole('alert').filter({ hasText: 'The picture is old.' }).waitFor()
    const before = site.fingerprint
    await site.run()
    assert.equal(site.fingerprint, before)
    for (const [s, who] of [[tower, 'ember, chief'], [crew, 'kestrel']]) {
      await s.page.getByText('● live').waitFor()
      await signedIn(s, who)
      await s.page.reload()
      await signedIn(s, who)
      assert.equal(await s.page.getByText('Your session has ended').count(), 0)
    }
    const late = await device()
    await late.page.goto(unused.link)
    await refused(late, 'made before the node was last started')
    const stored = readFileSync(join(site.dir, 'ember', 'sessions.json'), 'utf8')
    for (const { value } of await tower.context.cookies()) assert.ok(!stored.includes(value), 'the secret is in the file')
  })

  test('does not bring back who signed out', async () => {
    const cookies = await crew.context.cookies()
    await crew.page.getByRole('button', { name: 'Sign out' }).click()
    await crew.page.getByRole('heading', { name: 'deconflict' }).waitFor()
    assert.deepEqual(await crew.context.cookies(), [])
    await site.halt('SIGKILL')
    await site.run()
    await tower.page.getByText('● live').waitFor()
    await crew.context.addCookies(cookies) // as one who copied it
    await crew.page.reload()
    await crew.page.getByRole('textbox', { name: 'Join code' }).waitFor()
  })

  test('leaves a way in for a party of which nobody is signed in', async () => {
    const { link } = await invite('kestrel')
    await crew.page.goto(link)
    await crew.page.reload() // only the fragment was new
    await signedIn(crew, 'kestrel')
    await row(crew, 'K-1').waitFor()
  })
})
