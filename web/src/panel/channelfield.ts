// The fields of messages: their spoken form, as it is read out over a telephone,
// and what people type. Neither has a language (internal/channel, phone.go).

export interface Point {
  lat_e9: number
  lng_e9: number
}

export interface Level {
  mm: number
  reference: string
}

/** Field is one named value of a message: exactly one of the members is there. */
export interface Field {
  name: string
  position?: Point
  level?: Level
  at?: string
  frequency_hz?: number
  pressure_pa?: number
  length_mm?: number
  count?: number
  yes?: boolean
  text?: string
}

export type Kind = Exclude<keyof Field, 'name'>

/** kinds say how the value of each kind is written. */
export const kinds: Record<Kind, { words: string; how: string; critical: boolean }> = {
  position: { words: 'position', how: '12 21.600 N 29 55.800 W, or 12.36,-29.93', critical: true },
  level: { words: 'level', how: '10000 ft AMSL, or 3050 m W84', critical: true },
  at: { words: 'time', how: '2031-05-07 09:26:00Z', critical: true },
  frequency_hz: { words: 'frequency', how: '123.450 MHz', critical: true },
  pressure_pa: { words: 'altimeter setting', how: '1013.25 hPa', critical: true },
  length_mm: { words: 'length', how: '9260 m, 300 ft, or 5 NM', critical: true },
  count: { words: 'number', how: '3', critical: false },
  yes: { words: 'cancelled', how: 'yes or no', critical: true },
  text: { words: 'text', how: 'a few words', critical: false },
}

/** kindOf is the kind of a field; undefined where its value is withheld. */
export const kindOf = (f: Field): Kind | undefined => (Object.keys(kinds) as Kind[]).find((k) => f[k] !== undefined)

/** critical fields are those that are read back. */
export const critical = (f: Field): boolean => kinds[kindOf(f) ?? 'text'].critical

/** spoken is a value as it is read out. */
export function spoken(f: Field): string {
  switch (kindOf(f)) {
    case 'position': return `${angle(f.position!.lat_e9, 'N', 'S')} ${angle(f.position!.lng_e9, 'E', 'W')}`
    case 'level': return `${length(f.level!.mm)} ${f.level!.reference}`
    case 'at': return time(f.at!)
    case 'frequency_hz': return `${decimals(f.frequency_hz!, 6, 3)} MHz`
    case 'pressure_pa': return `${decimals(f.pressure_pa!, 2, 0)} hPa`
    case 'length_mm': return length(f.length_mm!)
    case 'count': return String(f.count)
    case 'yes': return f.yes ? 'yes' : 'no'
    case 'text': return f.text!.split(space).filter(Boolean).join(' ')
  }
  return 'not given'
}

/** space is what the program takes for white space: JavaScript's \s has U+FEFF too. */
const space = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

/** A thousandth of a minute of arc is 50,000/3 of 1e-9 degree. */
const e9PerMilliminute3 = 50_000

function angle(e9: number, positive: string, negative: string): string {
  const n = Math.floor((Math.abs(e9) * 3 + e9PerMilliminute3 / 2) / e9PerMilliminute3)
  const minutes = `${String(Math.floor(n / 1000) % 60).padStart(2, '0')}.${String(n % 1000).padStart(3, '0')}`
  return `${Math.floor(n / 60_000)} ${minutes} ${e9 < 0 && n > 0 ? negative : positive}`
}

/** length is in feet where it is whole feet, in metres elsewhere. */
function length(mm: number): string {
  return (mm * 10) % 3048 === 0 && mm !== 0 ? `${(mm * 10) / 3048} ft` : `${decimals(mm, 3, 0)} m`
}

/** decimals is n times 10 to the power of -places, with no more zeros at the end
 * than least places take. */
function decimals(n: number, places: number, least: number): string {
  const digits = String(Math.abs(n)).padStart(places + 1, '0')
  let part = digits.slice(-places)
  while (part.length > least && part.endsWith('0')) part = part.slice(0, -1)
  return `${n < 0 ? '-' : ''}${digits.slice(0, -places)}${part && '.'}${part}`
}

/** time is to the nearest second; a time that no Date holds exactly is one of
 * the node's own, with nine decimals. */
function time(at: string): string {
  const [whole, fraction = ''] = at.replace('Z', '').split('.')
  const ms = Date.parse(whole + 'Z') + (fraction.padEnd(1, '0')[0]! >= '5' ? 1000 : 0)
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ') + 'Z'
}

/** parse reads what somebody typed for a value of a kind; null when it is none. */
export function parse(name: string, kind: Kind, said: string): Field | null {
  const s = said.trim().replace(/\s+/g, ' ')
  const upper = s.toUpperCase()
  switch (kind) {
    case 'position': {
      const position = parsePosition(upper)
      return position && { name, position }
    }
    case 'level': {
      const m = /^(.+?) ?\/? ?(AMSL|W84|WGS84)$/.exec(upper)
      const mm = m && parseLength(m[1]!)
      return m && mm !== null ? { name, level: { mm, reference: m[2] === 'AMSL' ? 'AMSL' : 'W84' } } : null
    }
    case 'at': {
      const m = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)? ?Z$/.exec(upper)
      const ms = m ? Date.parse(`${m[1]}T${m[2]}${m[3] ?? ':00'}Z`) : NaN
      return Number.isNaN(ms) ? null : { name, at: new Date(ms).toISOString().replace('.000Z', 'Z') }
    }
    case 'frequency_hz': {
      const n = parseDecimals(/^(.+?) ?MHZ$/.exec(upper)?.[1], 6)
      return n === null || n < 1 ? null : { name, frequency_hz: n }
    }
    case 'pressure_pa': {
      const n = parseDecimals(/^(.+?) ?HPA$/.exec(upper)?.[1], 2)
      return n === null ? null : { name, pressure_pa: n }
    }
    case 'length_mm': {
      const mm = parseLength(upper)
      return mm === null || mm < 0 ? null : { name, length_mm: mm }
    }
    case 'count': return /^\d{1,15}$/.test(s) ? { name, count: Number(s) } : null
    case 'yes': return upper === 'YES' || upper === 'NO' ? { name, yes: upper === 'YES' } : null
    case 'text': return s ? { name, text: s } : null
  }
}

function parsePosition(s: string): Point | null {
  const decimal = /^(-?\d{1,2}(?:\.\d{1,9})?) ?, ?(-?\d{1,3}(?:\.\d{1,9})?)$/.exec(s)
  const said = /^(\d{1,2})[ °]+(\d{1,2}(?:\.\d{1,3})?)[ ′']*([NS]) (\d{1,3})[ °]+(\d{1,2}(?:\.\d{1,3})?)[ ′']*([EW])$/.exec(s)
  let at: Point | null = null
  if (decimal) at = { lat_e9: Math.round(Number(decimal[1]) * 1e9), lng_e9: Math.round(Number(decimal[2]) * 1e9) }
  else if (said) {
    const part = (degrees: string, minutes: string, side: string): number => {
      const thousandths = parseDecimals(minutes, 3)!
      const e9 = Math.floor(((Number(degrees) * 60_000 + thousandths) * e9PerMilliminute3 + 1) / 3)
      return thousandths >= 60_000 ? NaN : side === 'S' || side === 'W' ? -e9 : e9
    }
    at = { lat_e9: part(said[1]!, said[2]!, said[3]!), lng_e9: part(said[4]!, said[5]!, said[6]!) }
  }
  return at && Math.abs(at.lat_e9) <= 90e9 && Math.abs(at.lng_e9) <= 180e9 ? at : null
}

/** parseLength reads a length into mm; null when it is none. */
function parseLength(s: string): number | null {
  const m = /^(-?[\d.]+) ?(FT|M|KM|NM)$/.exec(s)
  const n = parseDecimals(m?.[1], 3)
  if (!m || n === null) return null
  const mm = { FT: (n * 3048) / 10_000, M: n, KM: n * 1000, NM: n * 1852 }[m[2] as 'FT' | 'M' | 'KM' | 'NM']
  return Number.isSafeInteger(mm) ? mm : Math.round(mm)
}

/** parseDecimals reads a decimal number as an integer of the last of its places. */
function parseDecimals(s: string | undefined, places: number): number | null {
  const m = /^(-?)(\d{1,9})(?:\.(\d*))?$/.exec(s ?? '')
  if (!m || (m[3] ?? '').length > places) return null
  const n = Number(m[2]! + (m[3] ?? '').padEnd(places, '0'))
  return m[1] && n ? -n : n
}
