// What people type for a place, and for what is low or near.
import { toPoint } from 'mgrs'
import { apartM } from './map/draw.ts'
import { parse } from './panel/channelfield.ts'
import type { LngLat } from './picture.ts'

/** placeOf reads 47.4,8.55, or 47 24.000 N 8 33.000 E, or a square of the
 * military grid; null when it is none. */
export function placeOf(text: string): LngLat | null {
  const p = parse('', 'position', text)?.position
  if (p) return [p.lng_e9 / 1e9, p.lat_e9 / 1e9]
  const grid = text.toUpperCase().replaceAll(/\s/g, '')
  if (!/^\d{1,2}[C-HJ-NP-X][A-HJ-NP-Z][A-HJ-NP-V](\d\d){1,5}$/.test(grid)) return null
  try {
    return toPoint(grid)
  } catch {
    return null // no such square in that zone
  }
}

/** boxAround holds a circle, for the eye. */
export function boxAround([lng, lat]: LngLat, m: number): [number, number, number, number] {
  const dy = m / 111_320 // a degree of latitude
  const dx = dy / Math.max(0.01, Math.cos((lat * Math.PI) / 180))
  return [lng - dx, Math.max(-89, lat - dy), lng + dx, Math.min(89, lat + dy)]
}

/** Bound is below a height (<), above one (>), or within a distance (<12NM). */
export interface Bound {
  kind: 'below' | 'above' | 'within'
  m: number
}

/** boundOf reads <5000ft, >300m, <12NM or <20km; null when it is none. */
export function boundOf(word: string): Bound | null {
  const m = /^([<>])(\d+(?:\.\d+)?)(ft|m|nm|km)$/i.exec(word)
  if (!m) return null
  const unit = m[3]!.toLowerCase() as 'ft' | 'm' | 'nm' | 'km'
  const metres = Number(m[2]) * { ft: 0.3048, m: 1, nm: 1852, km: 1000 }[unit]
  const far = unit === 'nm' || unit === 'km'
  if (far && m[1] === '>') return null
  return { kind: far ? 'within' : m[1] === '<' ? 'below' : 'above', m: metres }
}

/** nearM is how far a place is from a box, about, and never more than it is from
 * what the box holds. */
export function nearM(at: LngLat, [w, s, e, n]: [number, number, number, number]): number {
  // The same place may be a turn of the globe away from where the box is counted.
  const lng = at[0] + 360 * Math.round(((w + e) / 2 - at[0]) / 360)
  const x = Math.min(Math.max(lng, w), e)
  const y = Math.min(Math.max(at[1], s), n)
  // Meridians come together: beside a box the nearest place is not at the same
  // latitude. The bound holds a little more for that.
  return apartM([lng, at[1]], [x, y]) * 0.98
}
