// The picture: all that the party may see, as things to draw, kept up to date by
// the node's event stream.
import { batch, computed, signal } from '@preact/signals'
import { asNodeSays, now } from './clock.ts'
import { get, type Basis, Problem, signedOut, Unreachable } from './node.ts'
import { session } from './state.ts'
import { follow, type Frame } from './stream.ts'

export type LngLat = [number, number]

export interface Volume {
  ring: LngLat[]
  holes?: LngLat[][]
  circle?: { centre: LngLat; radius_m: number }
  lower_m: number | null
  upper_m: number | null
  datum: 'W84' | 'AMSL'
  start: string
  end: string
}

export interface Path {
  /** lng, lat, altitude in metres, Unix time in ms */
  points: [number, number, number, number][]
  half_width_m: number
  datum: 'W84' | 'AMSL'
}

export type Kind = 'intent' | 'zone' | 'constraint' | 'site' | 'report'

export interface Verdict {
  against: 'intent' | 'zone' | 'line' | 'site' | 'report' | 'foreign'
  id: string
  version?: number
  party?: string
  outcome: string
  source?: { agreement?: string; clause?: string; version?: number }
  required?: { lateral_mm: number; vertical_mm: number; time_ns: number; percent: number }
  from?: string
  to?: string
  measure?: {
    at?: string
    horizontal_tenth_mm?: number
    centre_tenth_mm?: number
    vertical_mm?: number
    lateral_shortfall_tenth_mm?: number
    vertical_shortfall_mm?: number
    place?: { lat_e9: number; lng_e9: number }
    within_tolerance?: boolean
    suppositions?: string[]
    digest?: string
  }
}

/** Entry is that another's intent enters a zone of ours, as the node judged it. */
export interface Entry {
  /** zone is its id, or the name of one that stands in an agreement alone. */
  zone: string
  zone_version?: number
  outcome: string
  from?: string
  to?: string
}

export interface Item {
  id: string
  kind: Kind
  party: string
  own: boolean
  native: boolean
  state: string
  name?: string
  version?: number
  token?: string
  /** read_set is what activating has to name */
  read_set?: string[]
  type?: string
  rank?: string
  aircraft_kind?: string
  start: string
  end: string
  since?: string
  shown: 'exact' | 'coarse' | 'outline' | 'withheld'
  volumes: Volume[]
  paths: Path[]
  grade?: string
  under_review?: boolean
  notice?: string
  verdicts?: Verdict[]
  /** more_verdicts is how many are not listed. */
  more_verdicts?: number
  enters?: Entry[]
  /** enters_partly: not all zones could be judged. */
  enters_partly?: boolean
}

/** phase is an item's state, one word for native intents and those of F3548. */
export const phase = (i: Item): string => i.state.toLowerCase()

/** over: nobody flies it any more. */
export const over = (i: Item): boolean => ['ended', 'withdrawn'].includes(phase(i))

const windows = new WeakMap<Item, [number, number]>()

/** windowOf is an item's start and end in ms, read once: reading times is slow. */
export function windowOf(i: Item): [number, number] {
  let w = windows.get(i)
  if (!w) windows.set(i, (w = [Date.parse(i.start), Date.parse(i.end)]))
  return w
}

interface Answer {
  items: Item[]
  gone?: string[]
  basis: Basis
}

/** Track is where a craft is said to be. */
export interface Track {
  id: string
  party?: string
  label: string
  at: LngLat
  alt_m: number
  course_deg: number
  speed_mps: number
  intent?: string
}

/** items are by id. The map is replaced, not changed, when anything changes. */
export const items = signal<ReadonlyMap<string, Item>>(new Map())
export const loaded = signal(false)
export const basis = signal<Basis | null>(null)

/** changed are the ids that differ from the picture before; null: all. */
export const changed = signal<ReadonlySet<string> | null>(null)

export const tracks = signal<{ list: Track[]; simulated: boolean; heardMS: number }>({ list: [], simulated: false, heardMS: 0 })

/** Stream is how the picture is kept: cut, it grows old. */
export interface Stream {
  state: 'opening' | 'live' | 'cut' | 'refused'
  /** heardMS is when the node was last heard of, by this computer's clock. */
  heardMS: number
  why: string
}
export const stream = signal<Stream>({ state: 'opening', heardMS: 0, why: '' })

/** ageS is how old the picture is. */
export const ageS = computed(() => {
  void now.value
  return stream.value.heardMS ? Math.max(0, Math.round((Date.now() - stream.value.heardMS) / 1000)) : 0
})

/** stale: nothing may be drawn as live. */
export const stale = computed(() => stream.value.state !== 'live')

/** diverged is that the node's digest of the picture is not the page's although
 * the page has just read it. */
export const diverged = signal(false)

/** mended is when a difference was last found and read anew, and how many entries
 * had gone unheard of: not everything that changes for others is told by an event. */
export const mended = signal<{ atMS: number; entries: number } | null>(null)

type Listener = (f: Frame, fields: Record<string, unknown>) => void
const listeners = new Set<Listener>()

/** onEvent hears every event of the stream. */
export function onEvent(l: Listener): () => void {
  listeners.add(l)
  return () => listeners.delete(l)
}

let stop: (() => void) | null = null
let wanted = new Set<string>()
let wantAll = false
let asking = false
let timer: ReturnType<typeof setTimeout> | undefined

/** begin loads the picture and keeps it. */
export async function begin(): Promise<void> {
  end()
  const after = await load()
  if (session.value?.mode === 'files') {
    stream.value = { state: 'live', heardMS: Date.now(), why: '' }
    return
  }
  stop = follow('/v1/events', after, { heard, frame: onFrame, ended })
}

/** end forgets the picture. */
export function end(): void {
  stop?.()
  stop = null
  items.value = new Map()
  loaded.value = false
  wanted = new Set()
  wantAll = false
}

async function load(): Promise<number> {
  const answer = await get<Answer>('/v1/picture')
  asNodeSays(answer.basis.node_time)
  changed.value = null
  items.value = new Map(answer.items.map((i) => [i.id, i]))
  basis.value = answer.basis
  loaded.value = true
  return answer.basis.journal_size - 1
}

function heard(): void {
  const before = stream.value
  stream.value = { state: 'live', heardMS: Date.now(), why: '' }
  if (before.state === 'cut') want(null) // what was missed is in the stream; the clock may have gone on
}

function ended(why: Error): void {
  if (why instanceof Problem && why.status === 401) {
    signedOut()
    stream.value = { ...stream.value, state: 'refused', why: why.message }
    return
  }
  stream.value = { ...stream.value, state: 'cut', why: why instanceof Unreachable ? why.message : 'the stream was cut' }
}

function onFrame(f: Frame): void {
  let data: { fields?: Record<string, unknown>; tracks?: Track[]; simulated?: boolean }
  try {
    data = JSON.parse(f.data) as typeof data
  } catch {
    return
  }
  if (f.event === 'tracks') {
    tracks.value = { list: data.tracks ?? [], simulated: data.simulated === true, heardMS: Date.now() }
    return
  }
  const fields = data.fields ?? {}
  if (/^(agreement|release|registry|party|bearer)\./.test(f.event)) want(null)
  else for (const name of ['id', 'intent', 'zone', 'of', 'by_intent', 'entity_id']) {
    const id = fields[name]
    if (typeof id === 'string') want(id)
  }
  for (const l of listeners) l(f, fields)
}

/** want asks for one thing anew, or for all. */
export function want(id: string | null): void {
  if (id === null) wantAll = true
  else wanted.add(id)
  timer ??= setTimeout(() => void refresh(), 200)
}

async function refresh(): Promise<void> {
  timer = undefined
  if (asking) {
    timer = setTimeout(() => void refresh(), 100)
    return
  }
  asking = true
  const ids = [...wanted].slice(0, 200)
  const all = wantAll || wanted.size > 1000
  try {
    if (all) {
      wanted.clear()
      wantAll = false
      await load()
    } else if (ids.length > 0) {
      for (const id of ids) wanted.delete(id)
      merge(await get<Answer>('/v1/picture?ids=' + ids.map(encodeURIComponent).join(',')), ids)
    }
  } catch (e) {
    if (e instanceof Problem && e.status === 401) ended(e)
    else {
      for (const id of ids) wanted.add(id)
      wantAll ||= all
      timer = setTimeout(() => void refresh(), 2000)
    }
  } finally {
    asking = false
  }
  if (wanted.size > 0 || wantAll) timer ??= setTimeout(() => void refresh(), 200)
}

function merge(answer: Answer, ids: string[]): void {
  asNodeSays(answer.basis.node_time)
  const next = new Map(items.value)
  for (const id of ids) next.delete(id)
  for (const i of answer.items) next.set(i.id, i)
  batch(() => {
    changed.value = new Set(ids)
    items.value = next
    basis.value = answer.basis
  })
}


/** digest is that of the node, recomputed from what the page holds. */
export async function digest(of: ReadonlyMap<string, Item>): Promise<string> {
  // A report is over with its end, of which no event tells.
  const standing = [...of.values()].filter((i) => i.kind !== 'report' || Date.parse(i.end) > now.value)
  const lines = standing.map((i) => `${i.id} ${i.version ?? 0} ${i.state}\n`).sort()
  const sum = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('')))
  return [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, '0')).join('')
}

/** compare asks the node for its digest. A picture that differs is read anew; one
 * that differs even then is an alarm. */
export async function compare(): Promise<void> {
  if (!loaded.value || stale.value || waiting()) return
  if (await same()) {
    diverged.value = false
    return
  }
  if (waiting()) return // went on meanwhile: no comparison
  const before = items.value
  await load()
  mended.value = { atMS: now.value, entries: differing(before, items.value) }
  diverged.value = !waiting() && !(await same()) && !waiting()
}

const waiting = (): boolean => wanted.size > 0 || wantAll || asking

async function same(): Promise<boolean> {
  const of = await digest(items.value)
  const theirs = await get<{ digest: string; basis: Basis }>('/v1/picture/digest')
  asNodeSays(theirs.basis.node_time)
  return theirs.digest === of
}

function differing(a: ReadonlyMap<string, Item>, b: ReadonlyMap<string, Item>): number {
  let n = 0
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const x = a.get(id)
    const y = b.get(id)
    if (x?.version !== y?.version || x?.state !== y?.state) n++
  }
  return n
}
