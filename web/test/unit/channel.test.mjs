// What the page says and signs is what the program says and would sign: its own
// code against files that the program wrote.
import assert from 'node:assert/strict'
import { createHash, createPrivateKey, createPublicKey, verify, webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { createServer } from 'vite'

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8')

let vite
let phrase
let field
let word
let signing

before(async () => {
  vite = await createServer({ root: new URL('../../', import.meta.url).pathname, appType: 'custom', server: { middlewareMode: true, hmr: false, ws: false, watch: null }, optimizeDeps: { noDiscovery: true }, logLevel: 'error' })
  const load = (name) => vite.ssrLoadModule('/src/' + name)
  ;[phrase, field, word, signing] = await Promise.all(['panel/channelphrase.ts', 'panel/channelfield.ts', 'panel/channelword.ts', 'sign.ts'].map(load))
})

after(() => vite?.close())

test('the spoken form and the check word are those of the program', () => {
  for (const { message, lines } of JSON.parse(read('spoken.json'))) {
    const said = phrase.telephone(message)
    assert.deepEqual([...said.lines, `Check word: ${said.check}.`], lines)
  }
})

test('what is said can be typed back', () => {
  let count = 0
  for (const { message } of JSON.parse(read('spoken.json'))) {
    for (const f of message.fields ?? []) {
      const kind = field.kindOf(f)
      const typed = field.parse(f.name, kind, field.spoken(f))
      assert.ok(typed, `${kind}: ${field.spoken(f)}`)
      assert.equal(field.spoken(typed), field.spoken(f))
      count++
    }
  }
  assert.ok(count > 300)
})

test('what is not a value is not taken for one', () => {
  const none = {
    position: ['', '12', '91 00.000 N 0 00.000 E', '12 60.000 N 0 00.000 E', '12 21.6 N', '91,0', '12 21.600 E 29 55.800 N'],
    level: ['', '55', '55 m', 'm AMSL', '55 m MSL', '1..2 m AMSL'], at: ['', '09:20', '2031-13-01 09:00:00Z', '2031-05-05 09:20:00'],
    frequency_hz: ['', '123', '123.45', '-1 MHz', '123.4500001 MHz'], pressure_pa: ['', '1013', '29.92 inHg'], length_mm: ['', '5', '-5 m', '5 miles'],
    count: ['', '-1', '1.5', 'three'], yes: ['', 'y', 'affirm'], text: ['', '  '],
  }
  for (const [kind, list] of Object.entries(none)) for (const said of list) assert.equal(field.parse('x', kind, said), null, `${kind}: ${said}`)
})

test('the digest is SHA-256, at each length around a block', () => {
  for (let n = 0; n < 200; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 7 + n) % 256)
    assert.equal(Buffer.from(word.sha256(bytes)).toString('hex'), createHash('sha256').update(bytes).digest('hex'))
  }
})

test('the canonical form is that of a statement of the program', () => {
  const text = read('statement.json').trim()
  const shuffled = Object.fromEntries(Object.entries(JSON.parse(text)).reverse())
  assert.equal(signing.canonical(shuffled), text)
})

test('the signature is that of the program', async () => {
  const statement = JSON.parse(read('statement.json'))
  const signature = JSON.parse(read('signature.json'))
  // Ed25519 has one signature for a key and a text (RFC 8032): the same key signs
  // here. It is the bytes 0 to 31 (PKCS #8, RFC 8410), and stands for nobody.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from([...Array(32).keys()])])
  const key = await webcrypto.subtle.importKey('pkcs8', der, { name: 'Ed25519' }, false, ['sign'])
  assert.deepEqual(await signing.sign(key, signature.key, statement), signature)
  const text = Buffer.from('deconflict statement v1\n' + signing.canonical(statement))
  assert.ok(verify(null, text, createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })), Buffer.from(signature.signature, 'base64url')))
})

test('what has no canonical form is refused', () => {
  for (const value of [1.5, 2 ** 53 + 2, NaN, Infinity, '\ud800', { a: '\udc00' }, { '\ud800': 1 }, () => 1, 1n]) assert.throws(() => signing.canonical(value))
  assert.equal(signing.canonical({ b: undefined, a: [-0, 2 ** 53, true, null], '\u20ac': '\u2028\x7f\b"', '\r': 'ö' }), '{"\\r":"ö","a":[0,9007199254740992,true,null],"€":"\u2028\x7f\\b\\""}')
})
