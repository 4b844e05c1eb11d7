// Items as features of the map. Decisions rest on exact shapes at the node;
// what is here is for the eye.
import type { Feature, LineString, Point, Polygon } from 'geojson'
import { phase, type Item, type Path } from '../picture.ts'

/** look is how an item is drawn: by what it is and in which state. */
export type Look = 'planned' | 'active' | 'alarm' | 'over' | 'bar' | 'advise'

export function lookOf(i: Item): Look {
  if (i.kind === 'zone' || i.kind === 'constraint') return i.type === 'advisory' ? 'advise' : 'bar'
  switch (phase(i)) {
    case 'activated':
      return 'active'
    case 'nonconforming':
    case 'contingent':
      return 'alarm'
    case 'ended':
    case 'withdrawn':
      return 'over'
  }
  return 'planned'
}

/** second is a time of the features, in whole seconds since 1970. */
export const second = (ms: number): number => Math.floor(ms / 1000)

export interface Drawn {
  id: string
  look: Look
  own: boolean
  label: string
  from: number
  to: number
  bad: boolean
  /** least is from which zoom on a name is written */
  least?: number
  [name: string]: unknown
}

export interface Features {
  areas: Feature<Polygon, Drawn>[]
  lines: Feature<LineString, Drawn>[]
  labels: Feature<Point, Drawn>[]
}

/** bad: it is in conflict, or under review, or had to give way. */
export const inTrouble = (i: Item): boolean =>
  i.under_review === true || (i.own && phase(i) === 'displaced') || (i.verdicts ?? []).some((v) => ['conflict', 'stands', 'no_entry', 'unacknowledged', 'not_judged', 'margin'].includes(v.outcome))

/** nameOf is what an item is called on the screen. */
export const nameOf = (i: Item): string => i.name || `${i.kind === 'intent' ? i.party : (i.type ?? i.kind).replaceAll('_', ' ')} ${i.id.slice(0, 4)}`

/** featuresOf draws an item. Their numbers begin at n, so that they can be
 * changed one by one. */
export function featuresOf(i: Item, n: number): Features {
  const out: Features = { areas: [], lines: [], labels: [] }
  const common = { id: i.id, look: lookOf(i), own: i.own, bad: inTrouble(i) }
  const drawn = (from: number, to: number, label = ''): Drawn => ({ ...common, label, from: second(from), to: second(to) })
  for (const v of i.volumes) {
    out.areas.push({ type: 'Feature', id: n++, properties: drawn(Date.parse(v.start), Date.parse(v.end)), geometry: { type: 'Polygon', coordinates: [v.ring, ...(v.holes ?? [])] } })
  }
  for (const p of i.paths) {
    const first = p.points[0]
    const last = p.points[p.points.length - 1]
    if (!first || !last) continue
    out.lines.push({
      type: 'Feature', id: n++, properties: drawn(first[3], last[3]),
      geometry: { type: 'LineString', coordinates: p.points.map((q) => [q[0], q[1]]) },
    })
  }
  const at = labelPlace(i)
  if (at) out.labels.push({ type: 'Feature', id: n, properties: drawn(Date.parse(i.start), Date.parse(i.end), nameOf(i)), geometry: { type: 'Point', coordinates: at } })
  return out
}

function labelPlace(i: Item): [number, number] | null {
  const ring = i.volumes[0]?.ring
  if (ring && ring.length > 1) {
    // The top of the shape: the label does not hide what is in it.
    let top = ring[0]!
    for (const p of ring) if (p[1] > top[1]) top = p
    return [top[0], top[1]]
  }
  const p = i.paths[0]?.points[0]
  return p ? [p[0], p[1]] : null
}

/** whereAt is where somebody on a path is declared to be at an instant; null
 * before its start and after its end. */
export function whereAt(p: Path, ms: number): { at: [number, number]; alt_m: number } | null {
  for (let k = 1; k < p.points.length; k++) {
    const a = p.points[k - 1]!
    const b = p.points[k]!
    if (ms < a[3] || ms > b[3]) continue
    const f = b[3] === a[3] ? 0 : (ms - a[3]) / (b[3] - a[3])
    return { at: [a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f], alt_m: a[2] + (b[2] - a[2]) * f }
  }
  return null
}

/** boxOf is what holds all of an item, or null. */
export function boxOf(all: Iterable<Item>): [number, number, number, number] | null {
  let w = Infinity
  let s = Infinity
  let e = -Infinity
  let n = -Infinity
  const take = (x: number, y: number): void => {
    w = Math.min(w, x)
    e = Math.max(e, x)
    s = Math.min(s, y)
    n = Math.max(n, y)
  }
  for (const i of all) {
    for (const v of i.volumes) for (const p of v.ring) take(p[0], p[1])
    for (const p of i.paths) for (const q of p.points) take(q[0], q[1])
  }
  return w > e ? null : [w, s, e, n]
}
