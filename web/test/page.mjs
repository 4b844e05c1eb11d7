// A browser that looks at the page, and what tests ask of it.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const require = createRequire(import.meta.url)
const out = new URL('out/', import.meta.url).pathname

/** launch starts Debian's Chromium, drawing in software. */
export function launch(...more) {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
  if (!executablePath) throw new Error('Chromium is missing: apt-get install chromium')
  return chromium.launch({
    executablePath, headless: true, chromiumSandbox: false,
    args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run', '--use-gl=angle', '--use-angle=swiftshader', ...more],
  })
}

/** Seat is one browser context: a party that looks. */
export class Seat {
  constructor(context, page, url) {
    this.context = context
    this.page = page
    this.url = url
    this.errors = []
    this.foreign = []
    page.on('pageerror', (e) => this.errors.push(String(e)))
    page.on('console', (m) => {
      // What the server refused is the page's to say, and the browser's to note.
      if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) this.errors.push(m.text())
    })
    context.on('request', (r) => {
      const u = new URL(r.url())
      if (!['data:', 'blob:'].includes(u.protocol) && u.origin !== new URL(url).origin) this.foreign.push(r.url())
    })
  }

  static async open(browser, url, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, reducedMotion: 'reduce', ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    return new Seat(context, page, url)
  }

  /** enter signs in with a token. */
  async enter(token, address = '/') {
    await this.page.goto(this.url + address)
    await this.sign(token)
  }

  /** present gives a token to the page that asks for one. */
  async present(token) {
    await this.page.getByText('With a client id and secret, or a token').click()
    await this.page.getByRole('textbox', { name: 'Token' }).fill(token)
    await this.page.getByRole('button', { name: 'Use the token' }).click()
  }

  /** sign signs in where the page asks for it. */
  async sign(token) {
    await this.present(token)
    await this.page.getByRole('heading', { name: 'What is declared' }).waitFor()
  }

  /** idle waits until the map has drawn what it has. */
  async idle() {
    await this.page.waitForFunction(() => globalThis.deconflictMap?.loaded(), null, { timeout: 30_000 })
  }

  /** drawn are the ids of what is rendered in some layers, waiting until a test of
   * them holds. */
  async drawn(test, layers = ['areas']) {
    for (let n = 0; ; n++) {
      const ids = await this.page.evaluate((layers) => {
        const m = globalThis.deconflictMap
        if (!m?.loaded()) return null
        return [...new Set(m.queryRenderedFeatures({ layers }).map((f) => f.properties.id ?? f.properties.label))]
      }, layers)
      if (ids && test(ids)) return ids
      if (n > 150) assert.fail(`drawn: ${JSON.stringify(ids)}`)
      await new Promise((r) => setTimeout(r, 100))
    }
  }

  /** at is where a place is on the screen. */
  async at(lng, lat) {
    const box = await this.page.locator('.ground').boundingBox()
    const p = await this.page.evaluate(([lng, lat]) => globalThis.deconflictMap.project([lng, lat]), [lng, lat])
    return { x: box.x + p.x, y: box.y + p.y }
  }

  async press(lng, lat) {
    const p = await this.at(lng, lat)
    await this.page.mouse.click(p.x, p.y)
  }

  /** accessible runs axe's rules of WCAG 2.2 A and AA. */
  async accessible() {
    if (!(await this.page.evaluate(() => 'axe' in globalThis))) {
      // The page's policy takes no scripts from elsewhere; this one is put in by the debugger.
      const { readFileSync } = await import('node:fs')
      await this.page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'))
    }
    const found = await this.page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
    for (const v of found.violations) {
      // Points that are close on the ground are close on the map; the same is set by
      // numbers beside it, which is what WCAG asks of such targets (2.5.8, equivalent).
      if (v.id === 'target-size') v.nodes = v.nodes.filter((n) => !n.target.join(' ').includes('.handle'))
    }
    assert.deepEqual(found.violations.filter((v) => v.nodes.length > 0).map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), [])
  }

  /** features are what is rendered in some layers. */
  features(layers) {
    return this.page.evaluate((layers) => globalThis.deconflictMap.queryRenderedFeatures({ layers }).map((f) => ({ properties: f.properties, geometry: f.geometry })), layers)
  }

  /** until asks the page until a test of its answer holds; the answer is returned. */
  async until(ask, test, words = 'what was expected') {
    for (let n = 0; ; n++) {
      const answer = await ask()
      if (test(answer)) return answer
      if (n > 150) {
        await this.picture('until')
        assert.fail(`not ${words}: ${JSON.stringify(answer)}`)
      }
      await new Promise((r) => setTimeout(r, 100))
    }
  }

  /** focused is what has the focus, as it is called, and whether that is seen. */
  focused() {
    return this.page.evaluate(() => {
      const e = document.activeElement
      const box = e.getBoundingClientRect()
      const style = getComputedStyle(e)
      return {
        name: (e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText ?? '').trim(), tag: e.tagName, id: e.id,
        seen: e.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
        inside: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
      }
    })
  }

  /** tabTo presses Tab until something of that name has the focus; each that has it
   * on the way has to show it. */
  async tabTo(name, tabKey = 'Tab') {
    const passed = []
    while (passed.length < 90) {
      await this.page.keyboard.press(tabKey)
      const at = await this.focused()
      if (at.tag !== 'BODY' && at.tag !== 'IFRAME') assert.ok(at.seen && at.inside, `the focus is not seen on ${at.tag} ${at.name}`)
      if (name.test(at.name)) return
      passed.push((at.name || at.id || at.tag).split('\n')[0])
    }
    assert.fail(`Tab does not come to ${name}: ${passed.join(' | ')}`)
  }

  async picture(name) {
    mkdirSync(out, { recursive: true })
    await this.page.screenshot({ path: out + name + '.png' })
  }

  /** close checks that nothing went wrong unseen. */
  async close() {
    await this.context.close()
    assert.deepEqual(this.foreign, [], 'requests off the host')
    assert.deepEqual(this.errors, [], 'errors on the page')
  }
}
