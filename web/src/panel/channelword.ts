// The check word of a message: two words that both ends of a telephone compare.
// It is made of the spoken form and has to be the same, bit for bit, as that of
// the program (internal/channel, CheckWord).

const words = [
  'amber', 'anchor', 'apple', 'basket', 'beacon', 'bottle', 'bridge', 'butter',
  'candle', 'carpet', 'cherry', 'copper', 'cotton', 'dragon', 'eagle', 'engine',
  'family', 'feather', 'flower', 'forest', 'garden', 'ginger', 'guitar', 'hammer',
  'harbour', 'island', 'jacket', 'jungle', 'kettle', 'kitchen', 'ladder', 'lantern',
  'lemon', 'marble', 'meadow', 'mirror', 'monkey', 'needle', 'nickel', 'orange',
  'palace', 'pepper', 'pillow', 'planet', 'pocket', 'rabbit', 'ribbon', 'river',
  'saddle', 'silver', 'spider', 'sugar', 'summer', 'table', 'thunder', 'tiger',
  'tunnel', 'turtle', 'valley', 'velvet', 'violin', 'window', 'winter', 'yellow',
]

/** checkWord is that of a message with fields by name and spoken form. */
export function checkWord(from: string, to: string, number: number, type: string, fields: { name: string; spoken: string }[]): string {
  let text = `deconflict check word\n${quoted(from)} ${quoted(to)} ${number} ${type}\n`
  for (const f of fields) text += `${quoted(f.name)} ${quoted(lower(f.spoken))}\n`
  const h = sha256(new TextEncoder().encode(text))
  const n = h[0]! * 256 + h[1]!
  return `${words[(n >> 6) & 63]} ${words[n & 63]}`
}

/** lower makes each character lower case by itself, whatever stands beside it. */
const lower = (s: string): string => [...s].map((c) => (c === 'İ' ? 'i' : c.toLowerCase())).join('')

const escapes: Record<string, string> = { '\\': '\\\\', '"': '\\"', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' }

/** quoted is a string as the program quotes it (Go, strconv.Quote). */
function quoted(s: string): string {
  let out = '"'
  for (const c of s) {
    const code = c.codePointAt(0)!
    if (escapes[c]) out += escapes[c]
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) out += c
    else if (code < 0x80) out += '\\x' + code.toString(16).padStart(2, '0')
    else out += code < 0x10000 ? '\\u' + code.toString(16).padStart(4, '0') : '\\U' + code.toString(16).padStart(8, '0')
  }
  return out + '"'
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64
 * primes (FIPS 180-4, section 4.2.2), and of the square roots of the first 8
 * (section 5.3.3). */
const [k, h0] = ((): [Uint32Array, Uint32Array] => {
  const primes: number[] = []
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n)
  const part = (root: number): number => Math.floor((root - Math.floor(root)) * 2 ** 32)
  return [Uint32Array.from(primes, (p) => part(Math.cbrt(p))), Uint32Array.from(primes.slice(0, 8), (p) => part(Math.sqrt(p)))]
})()

/** sha256 is the digest of FIPS 180-4. The browser has it too, but only on pages
 * that came by https, and telephones are for when things are not as they should be. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, bytes.length << 3)
  const rotate = (x: number, n: number): number => (x >>> n) | (x << (32 - n))
  const h = h0.slice()
  const w = new Uint32Array(64)
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i)
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15]!
      const b = w[i - 2]!
      w[i] = w[i - 16]! + w[i - 7]! + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) + (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10))
    }
    const s = h.slice()
    for (let i = 0; i < 64; i++) {
      const e = s[4]!
      const a = s[0]!
      const t1 = s[7]! + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]!) ^ (~e & s[6]!)) + k[i]! + w[i]!
      const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]!) ^ (a & s[2]!) ^ (s[1]! & s[2]!))
      s.copyWithin(1, 0, 7)
      s[4] = s[4]! + t1
      s[0] = t1 + t2
    }
    for (let i = 0; i < 8; i++) h[i] = h[i]! + s[i]!
  }
  const out = new DataView(new ArrayBuffer(32))
  h.forEach((v, i) => out.setUint32(4 * i, v))
  return new Uint8Array(out.buffer)
}
