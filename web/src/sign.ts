// What a role signs: the canonical form of a statement (RFC 8785, JSON
// Canonicalization Scheme, without floating point numbers), under a line of its
// own (docs/API.md, Acts).

/** Statement is what a party says to a node. */
export interface Statement {
  act: string
  /** RFC 3339 with nine decimals, as instant makes it */
  at: string
  body: unknown
  id: string
  /** origin of the journal that it is meant for */
  node: string
  party: string
  person?: string
  role?: string
}

export interface Signature {
  key: string
  signature: string
}

/** prefix keeps a signature over a statement from counting as one over anything else. */
const prefix = 'deconflict statement v1\n'

/** maxInteger is the largest magnitude of a number in a canonical form, 2^53. */
const maxInteger = 2 ** 53

/** canonical is the canonical form of a value. Members that are undefined are
 * left out. It throws at what has no canonical form: fractions, numbers above
 * 2^53, lone surrogates. */
export function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || Math.abs(value) > maxInteger) throw new Error(`found the number ${value}, expected a whole one of at most 2^53`)
    return String(value === 0 ? 0 : value) // -0 is 0
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object') throw new Error(`found a ${typeof value}, expected what JSON has`)
  // The order is by UTF-16 code units, as JavaScript compares strings.
  const members = Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([k, v]) => `${text(k)}:${canonical(v)}`).join(',')}}`
}

/** text is a canonical string: JSON.stringify writes it so where it is well formed. */
function text(s: string): string {
  if (/\p{Surrogate}/u.test(s)) throw new Error('found half a character, expected whole ones')
  return JSON.stringify(s)
}

/** instant is a time in ms since 1970 as statements have it. */
export const instant = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000Z')

/** base64url is without padding. */
export function base64url(bytes: Uint8Array): string {
  let binary = ''
  for (const b of bytes) binary += String.fromCharCode(b)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** sign signs a statement with an Ed25519 key (RFC 8032), whose public form is
 * given as the party's record has it. */
export async function sign(key: CryptoKey, publicKey: string, s: Statement): Promise<Signature> {
  const bytes = new TextEncoder().encode(prefix + canonical(s))
  const made = await crypto.subtle.sign({ name: 'Ed25519' }, key, bytes)
  return { key: publicKey, signature: base64url(new Uint8Array(made)) }
}
