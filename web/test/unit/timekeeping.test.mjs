// What the page says of the clocks, for each thing that a node may say of its own.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createServer } from 'vite'

let vite
let time

before(async () => {
  const every = globalThis.setInterval
  globalThis.setInterval = (...a) => every(...a).unref() // a page ticks as long as it is open
  globalThis.location ??= { search: '', hash: '' }
  globalThis.matchMedia ??= () => ({ matches: false, addEventListener: () => undefined })
  vite = await createServer({ root: new URL('../../', import.meta.url).pathname, appType: 'custom', server: { middlewareMode: true, hmr: false, ws: false, watch: null }, optimizeDeps: { noDiscovery: true }, logLevel: 'error' })
  time = await vite.ssrLoadModule('/src/timekeeping.ts')
})

after(() => vite?.close())

test('a clock is as good as the node says, and never better', () => {
  for (const [q, kept, poor] of [
    [{ source: 'system', synchronised: true, error_ms: 12 }, 'kept, ±12 ms', ''],
    [{ source: 'system', synchronised: true, error_ms: 1000 }, 'kept, ±1 s', ''],
    [{ source: 'system', synchronised: true, error_ms: 1001 }, 'kept, ±2 s', 'The node’s clock may be off by 2 s.'],
    [{ source: 'system', synchronised: true, error_ms: 16_000 }, 'kept, ±16 s', 'The node’s clock may be off by 16 s.'],
    [{ source: 'system', synchronised: true }, 'kept', ''],
    [{ source: 'system', synchronised: false }, 'not kept by anything', 'Nothing keeps the node’s clock.'],
    [{ source: 'system' }, 'kept or not: unknown', 'It is not known whether anything keeps the node’s clock.'],
  ]) {
    assert.equal(time.keptWords(q), kept)
    assert.equal(time.poor(q), poor, kept)
  }
  assert.equal(time.poor({ source: 'rehearsal' }), '')
})

test('two clocks are apart only when no delay explains it', () => {
  const asked = 1_000_000
  for (const [answered, node, ahead] of [
    [asked + 100, asked + 50, 0], [asked + 100, asked, 0], [asked + 100, asked + 100, 0],
    [asked + 9000, asked + 8000, 0], // a slow network, not a wrong clock
    [asked + 100, asked - 5000, 5000], [asked + 100, asked + 5100, -5000],
  ]) assert.equal(time.between(asked, answered, node), ahead)
})

test('what a person would not notice is not told', () => {
  for (const [ms, words] of [[0, ''], [2000, ''], [-2000, ''], [2001, '2 s ahead of'], [-90_000, '90 s behind'], [3_700_000, '61 min 40 s ahead of']]) assert.equal(time.apartWords(ms), words)
})
