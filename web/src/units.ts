// Numbers as people in the field say them: feet, nautical miles and Zulu, or
// metres, kilometres and the local time. Chosen once, for the whole screen.
import { units, type Units } from './state.ts'

const footM = 0.3048
const mileM = 1852

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** altitude is a height in metres; null is none that bounds. */
export function altitude(m: number | null, datum = '', u: Units = units.value): string {
  if (m === null) return 'unlimited'
  const text = u === 'aviation' ? `${grouped.format(Math.round(m / footM))} ft` : `${grouped.format(Math.round(m))} m`
  return datum ? `${text} ${datum === 'W84' ? 'WGS84' : datum}` : text
}

/** distance is a length along the ground, rounded down: nobody is told to be
 * farther than they are. */
export function distance(m: number, u: Units = units.value): string {
  if (u === 'aviation') {
    if (m < 0.1 * mileM) return `${grouped.format(Math.floor(m / footM))} ft`
    return `${(Math.floor((m / mileM) * 100) / 100).toFixed(2)} NM`
  }
  if (m < 1000) return `${grouped.format(Math.floor(m))} m`
  return `${(Math.floor(m / 10) / 100).toFixed(2)} km`
}

const two = (n: number): string => String(n).padStart(2, '0')

/** clock is an instant as hours, minutes and seconds. */
export function clock(ms: number, u: Units = units.value): string {
  const d = new Date(ms)
  if (u === 'aviation') return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}Z`
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
}

/** day is an instant's date. */
export function day(ms: number, u: Units = units.value): string {
  const d = new Date(ms)
  if (u === 'aviation') return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
}

/** forGood: it has neither a beginning nor an end that anybody set; the node's
 * times run from 1872 to 2067. */
export const forGood = (startMS: number, endMS: number): boolean => startMS < -3e12 && endMS > 3e12

/** window is from when to when, with the date where it is not today's. */
export function window_(startMS: number, endMS: number, todayMS: number, u: Units = units.value): string {
  if (forGood(startMS, endMS)) return 'at all times'
  const short = (ms: number): string => clock(ms, u).replace(/:00(Z?)$/, '$1')
  const dated = day(startMS, u) === day(todayMS, u) ? '' : day(startMS, u) + ' '
  if (day(endMS, u) === day(startMS + 86_400_000, u)) return `${dated}${short(startMS)}–${short(endMS)} next day`
  const endDay = day(endMS, u) === day(startMS, u) ? '' : day(endMS, u) + ' '
  return `${dated}${short(startMS)}–${endDay}${short(endMS)}`
}

/** span is a duration. */
export function span(s: number): string {
  const whole = Math.round(Math.abs(s))
  if (whole < 120) return `${whole} s`
  if (whole < 7200) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

/** speed is over the ground. */
export function speed(mps: number, u: Units = units.value): string {
  return u === 'aviation' ? `${Math.round((mps * 3600) / mileM)} kt` : `${Math.round(mps * 3.6)} km/h`
}

/** degrees is a position as degrees and decimal minutes. */
export function degrees(lng: number, lat: number): string {
  const part = (v: number, pos: string, neg: string, width: number): string => {
    const a = Math.abs(v)
    let d = Math.floor(a)
    let m = Math.round((a - d) * 60_000) / 1000
    if (m >= 60) {
      d++
      m = 0
    }
    return `${String(d).padStart(width, '0')}°${m.toFixed(3).padStart(6, '0')}′${v < 0 ? neg : pos}`
  }
  const wrapped = ((((lng + 180) % 360) + 360) % 360) - 180
  return `${part(lat, 'N', 'S', 2)} ${part(wrapped, 'E', 'W', 3)}`
}
