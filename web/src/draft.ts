// A plan that is being made: its form in the words of the page, and as a node
// reads it. Lengths are in metres, times in Unix ms.
import { computed, effect, signal } from '@preact/signals'
import { now } from './clock.ts'
import { post, type Basis } from './node.ts'
import { items, type LngLat, type Path, type Verdict, type Volume } from './picture.ts'
import { session } from './state.ts'
import { errorWords } from './words.ts'

export type Form = 'circle' | 'polygon' | 'corridor' | 'file'

export interface Draft {
  what: 'intent' | 'zone'
  name: string
  form: Form
  /** points are the middle of a circle, the corners of an area, or the line of a corridor. */
  points: LngLat[]
  /** reach_m is the radius of a circle, or half the width of a corridor. */
  reach_m: number
  /** inner_m is the radius of a second, inner zone of the same middle. */
  inner_m: number | null
  lower_m: number
  upper_m: number
  datum: 'AMSL' | 'W84'
  start: number
  end: number
  aircraft: 'unmanned' | 'manned' | 'other'
  rank: string
  contact: string
  zone: 'no_entry' | 'entry_with_contact' | 'call_first' | 'advisory'
  frequency: string
  /** error_m and error_s are how far the craft may be from what is declared. */
  error_m: number
  error_s: number
  /** stack is several layers over each other, each a plan of its own; null: one
   * plan. The floor, the ceiling and the aircraft's kind are of all of it. */
  stack: Stack | null
  /** of a file: what was read, as the node says it. */
  file: FileDraft | null
  /** replaces is the id of an own intent that this changes, with its token. */
  replaces: { id: string; token: string } | null
}

export interface Layer { name: string; lower_m: number; upper_m: number }

export interface Stack {
  layers: Layer[]
  /** step_m is from floor to floor, of which gap_m is left between two layers. */
  step_m: number
  gap_m: number
}

export interface FileDraft {
  name: string
  shape: Shape
  volumes: Volume[]
  paths: Path[]
  suppositions: string[]
}

interface Altitude { mm: number; reference: string }
interface Point { lat_e9: number; lng_e9: number }
interface DeclaredVolume {
  footprint: { circle?: { centre: Point; radius_mm: number }; polygon?: Point[]; corridor?: { line: Point[]; half_width_mm: number } }
  lower: Altitude
  upper: Altitude
  start: string
  end: string
  h_error_mm: number
  v_error_mm: number
  t_error_ns: number
}
export interface Shape {
  volumes?: { h_error_mm?: number; t_error_ns?: number; [member: string]: unknown }[]
  trajectories?: { half_width_mm?: number; t_error_ns?: number; [member: string]: unknown }[]
}

export const draft = signal<Draft | null>(null)

/** drawing: a press on the map adds a point. */
export const drawing = signal(false)

/** fresh is an empty draft. A flight begins in a few minutes; a zone holds from
 * the minute that has begun, as it is needed now. */
export function fresh(what: Draft['what'], form: Form): Draft {
  const start = what === 'zone' ? Math.floor(now.peek() / 60_000) * 60_000 : Math.ceil((now.peek() + 5 * 60_000) / 60_000) * 60_000
  return {
    what, form, name: '', points: [], reach_m: form === 'corridor' ? 100 : 500, inner_m: null, lower_m: 0, upper_m: 120, datum: 'AMSL', start, end: start + 30 * 60_000,
    aircraft: 'unmanned', rank: 'other', contact: 'watch', zone: 'no_entry', frequency: '', error_m: 10, error_s: 1, stack: null, file: null, replaces: null,
  }
}

/** template is what people in the field set up by point and radius. */
export interface Template {
  name: string
  about: string
  /** ground_m is how high the ground is there above mean sea level: the program
   * knows no terrain. */
  make: (at: LngLat, ground_m: number) => Draft
}

const mileM = 1852
const footM = 0.3048

/** mostLayers is how many plans one stack makes. */
export const mostLayers = 12

/** layered cuts what is between a floor and a ceiling into layers, from the floor
 * up, as many as the step leaves room for. */
export function layered(lower_m: number, upper_m: number, step_m: number, gap_m: number, names: string[]): Stack {
  const room = Math.floor((upper_m - lower_m + gap_m) / step_m + 1e-6)
  const n = Math.max(1, Math.min(mostLayers, Number.isFinite(room) ? room : 1))
  return {
    step_m, gap_m,
    layers: Array.from({ length: n }, (_, k) => ({ name: names[k] ?? `Layer ${k + 1}`, lower_m: lower_m + k * step_m, upper_m: lower_m + (k + 1) * step_m - gap_m })),
  }
}

/** stepFor is the step with which so many layers fill what is there. */
export const stepFor = (lower_m: number, upper_m: number, gap_m: number, n: number): number => (upper_m - lower_m + gap_m) / n

/** layersOf are the drafts that a stack stands for, the lowest first; a plan of
 * one layer is its only one. */
export const layersOf = (d: Draft): Draft[] =>
  d.stack ? d.stack.layers.map((l) => ({ ...d, stack: null, name: `${d.name} ${l.name}`.trim(), lower_m: l.lower_m, upper_m: l.upper_m })) : [d]

const lasting = (hours: number, d: Draft): Draft => ({ ...d, end: d.start + hours * 3_600_000 })

export const templates: Template[] = [
  {
    name: 'Fire traffic area 12/7 NM',
    about: 'an outer ring of 12 NM, to be called before it is entered, and an inner one of 7 NM that nobody enters without contact, up to 8,000 ft AMSL for 4 h',
    make: (at) => lasting(4, { ...fresh('zone', 'circle'), name: 'FTA', points: [at], reach_m: 12 * mileM, inner_m: 7 * mileM, upper_m: 8000 * footM, zone: 'call_first' }),
  },
  {
    name: 'Temporary restriction 5 NM',
    about: 'no entry, to 3,000 ft above the ground, 2 h',
    make: (at, ground_m) => lasting(2, { ...fresh('zone', 'circle'), name: 'Restriction', points: [at], reach_m: 5 * mileM, upper_m: ground_m + 3000 * footM, zone: 'no_entry' }),
  },
  {
    name: 'Altitude stack',
    about: 'four layers of 1,000 ft with 500 ft between them, from 500 ft above the ground, within 5 NM for 4 h: helicopters, tankers, lead plane, media; each is a plan of its own',
    make: (at, ground_m) => {
      const lower_m = ground_m + 500 * footM
      const upper_m = ground_m + 6000 * footM
      return lasting(4, {
        ...fresh('intent', 'circle'), name: 'Stack', points: [at], reach_m: 5 * mileM, lower_m, upper_m, aircraft: 'manned',
        stack: layered(lower_m, upper_m, 1500 * footM, 500 * footM, ['Helicopters', 'Tankers', 'Lead plane', 'Media']),
      })
    },
  },
  {
    name: 'Circle for a drone',
    about: '500 m around a point, to 400 ft above the ground, half an hour',
    make: (at, ground_m) => ({ ...fresh('intent', 'circle'), name: '', points: [at], reach_m: 500, upper_m: ground_m + 400 * footM }),
  },
]

const e9 = (v: number): number => Math.round(v * 1e9)
const wrapped = (lng: number): number => ((((lng + 180) % 360) + 360) % 360) - 180
const pointOf = ([lng, lat]: LngLat): Point => ({ lat_e9: e9(lat), lng_e9: e9(wrapped(lng)) })
const instant = (ms: number): string => new Date(ms).toISOString()
const mm = (m: number): number => Math.round(m * 1000)

/** complete: there are points enough for a shape. */
export const complete = (d: Draft): boolean =>
  d.form === 'file' ? d.file !== null : d.points.length >= (d.form === 'circle' ? 1 : d.form === 'corridor' ? 2 : 3)

function volumeOf(d: Draft, reach_m: number): DeclaredVolume {
  const points = d.points.map(pointOf)
  return {
    footprint: d.form === 'circle' ? { circle: { centre: points[0]!, radius_mm: mm(reach_m) } } : d.form === 'corridor' ? { corridor: { line: points, half_width_mm: mm(reach_m) } } : { polygon: points },
    lower: { mm: mm(d.lower_m), reference: d.datum }, upper: { mm: mm(d.upper_m), reference: d.datum },
    start: instant(d.start), end: instant(d.end),
    // A zone is where it is; a craft may be off by what its owner says.
    h_error_mm: d.what === 'zone' ? 0 : mm(d.error_m), v_error_mm: 0, t_error_ns: d.what === 'zone' ? 0 : d.error_s * 1e9,
  }
}

/** grown is the shape of a file with the errors that the draft states: a file
 * says where the craft shall be, not how far from there it may be. */
function grown(s: Shape, d: Draft): Shape {
  const least = (found: number | undefined, n: number): number => Math.max(found ?? 0, n)
  return {
    ...(s.volumes ? { volumes: s.volumes.map((v) => ({ ...v, h_error_mm: least(v.h_error_mm, mm(d.error_m)), t_error_ns: least(v.t_error_ns, d.error_s * 1e9) })) } : {}),
    ...(s.trajectories ? { trajectories: s.trajectories.map((t) => ({ ...t, half_width_mm: least(t.half_width_mm, mm(d.error_m)), t_error_ns: least(t.t_error_ns, d.error_s * 1e9) })) } : {}),
  }
}

/** planOf is the draft as intents are declared. */
export function planOf(d: Draft): Record<string, unknown> {
  const shape = d.form === 'file' && d.file ? grown(d.file.shape, d) : { volumes: [volumeOf(d, d.reach_m)] }
  return {
    ...(d.name ? { alias: d.name } : {}), aircraft_kind: d.aircraft, priority: { rank: d.rank }, contact: { position: d.contact },
    position: { method: 'gnss', datum: 'WGS84', error_mm: mm(d.error_m) }, time: { source: 'gnss', error_ns: d.error_s * 1e9 }, ...shape,
  }
}

/** zonesOf is the draft as zones are declared, the outer one first. */
export function zonesOf(d: Draft): Record<string, unknown>[] {
  const zone = (name: string, kind: string, reach_m: number): Record<string, unknown> => ({
    name, kind, contact: d.contact, volumes: [volumeOf(d, reach_m)], ...(d.frequency ? { primary: d.frequency } : {}), ...(kind === 'call_first' ? { lead_ns: 600e9 } : {}),
  })
  const name = d.name || 'zone'
  const outer = zone(d.inner_m ? `${name} outer` : name, d.zone, d.reach_m)
  return d.inner_m ? [outer, zone(`${name} inner`, 'entry_with_contact', d.inner_m)] : [outer]
}

export interface Checked {
  /** layers are what was said of each layer of a stack, by its place. */
  layers?: Checked[]
  state: string
  blocked: boolean
  verdicts: Verdict[]
  read_set: string[]
  basis: Basis
}

/** checked is what the node said of the draft as it stands; null while it is
 * not known. */
export const checked = signal<Checked | null>(null)
export const checkFailed = signal('')
export const checkMS = signal(0)

/** bad: the draft as it stands would be refused. */
export const bad = computed(() => checked.value?.blocked === true)

let asking: AbortController | null = null
let again = false

/** keepChecked has the node judge the draft whenever it changes: one question at
 * a time, always of the newest, so that dragging gets answers as quickly as they
 * come. */
export function keepChecked(): void {
  effect(() => {
    const d = draft.value
    void items.value // others may have changed
    if (!d || d.what !== 'intent' || !complete(d) || session.value?.mode !== 'node') {
      asking?.abort()
      checked.value = null
      checkFailed.value = ''
      return
    }
    if (asking) again = true
    else void check()
  })
}

async function check(): Promise<void> {
  asking = new AbortController()
  try {
    do {
      again = false
      const d = draft.peek()
      if (!d || !complete(d)) return
      const began = performance.now()
      try {
        const answers: Checked[] = []
        for (const l of layersOf(d)) answers.push(await post<Checked>('/v1/check', { plan: planOf(l), ...(d.replaces ? { replaces: d.replaces.id } : {}) }, asking.signal))
        checked.value = d.stack ? together(answers) : answers[0]!
        checkFailed.value = ''
        checkMS.value = performance.now() - began
      } catch (e) {
        if (asking.signal.aborted) return
        checked.value = null
        checkFailed.value = errorWords(e)
      }
    } while (again)
  } finally {
    asking = null
  }
}

/** together is what is said of a stack: of all its layers. */
function together(layers: Checked[]): Checked {
  return {
    layers, blocked: layers.some((l) => l.blocked), verdicts: layers.flatMap((l) => l.verdicts), read_set: layers.flatMap((l) => l.read_set),
    state: layers.find((l) => l.state !== 'none declared')?.state ?? 'none declared', basis: layers.at(-1)!.basis,
  }
}

/** readFile has the node read a plan file: .plan, KML, GeoJSON and others. */
export async function readFile(file: File, start: number): Promise<{ drafts: FileDraft[]; notes: string[] }> {
  const answer = await post<{ drafts: FileDraft[]; notes?: string[] }>(`/v1/plans?name=${encodeURIComponent(file.name)}&start=${encodeURIComponent(instant(start))}`, file)
  return { drafts: answer.drafts, notes: answer.notes ?? [] }
}
