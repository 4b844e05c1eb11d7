// What a position has before it, kept up to date by the node's event stream; and
// what was said about each message, as the log of the channel has it.
import { computed, effect, signal, untracked } from '@preact/signals'
import { asNodeSays, now } from '../clock.ts'
import { alias, loadKeys, person, roles, signer, type Role } from '../keys.ts'
import { act, get, headers, Problem, type Basis, type Taken } from '../node.ts'
import { onEvent } from '../picture.ts'
import { keep, session, tell } from '../state.ts'
import type { Field, Point } from './channelfield.ts'
import { stateOf } from './channelphrase.ts'

export interface Message {
  id: string
  /** none: the node itself */
  from?: string
  to: string
  number: number
  from_position?: string
  from_level?: string
  person?: string
  to_position: string
  message_type: string
  precedence: Precedence
  min_level: Role['level']
  response: 'none' | 'roger' | 'wilco_unable' | 'reply' | 'read_back'
  ref?: string
  fields?: Field[]
  language?: string
  text?: string
  translation?: { language: string; text: string; by: string; machine: boolean }
  phrases?: string[]
  relay?: { origin: string; chain?: string[]; grade: string }
  queued: string
  respond_by: string
  unmanned?: boolean
  stop?: string
  sent?: string
  presented?: string
  opened?: string
  answered?: string
  answer?: string
  ended?: string
  ending?: string
  standby?: string
  passed_up?: string
  due?: string
  overdue?: string
  mismatches?: number
  mismatched?: string[]
  fell_back?: string
}

export type Precedence = 'ROUTINE' | 'PRIORITY' | 'IMMEDIATE' | 'FLASH' | 'STOP'

export interface StopCall {
  id: string
  from: string
  where: { point?: Point; radius_mm?: number; text?: string }
  at_risk: 'people' | 'aircraft'
  callback: string
  at: string
  to: { party: string; message: string; outcome?: 'held' | 'not_mine' | 'unable'; last?: string }[]
  resumed?: string
  reason?: string
}

export interface TestCall {
  from: string
  to: string
  bearer: string
  test: string
  challenge: string
  shown: boolean
  position?: string
  begun: string
  due: string
}

export interface Conflict {
  sides: [Side, Side]
  start: string
  escalate_at: string
  settled?: string
  escalated?: boolean
}

export interface Side {
  owner: string
  intent: string
  version: number
}

export interface Watch {
  position: string
  person: string
  level: string
  languages?: string[]
  linguist: boolean
  from: string
  to: string
}

export interface Undertaking {
  id: string
  who: string
  what: string
  until: string
  with: string
}

export interface Desk {
  inbox: Message[]
  outbox: Message[]
  stops: StopCall[]
  undertakings: Undertaking[]
  tests: TestCall[]
  watch: Watch[]
  conflicts: Conflict[]
}

export interface Position {
  name: string
  level: string
  bearers: { name: string; kind: string; address?: string }[]
}

export interface PartyRecord {
  id: string
  kind: string
  names: Record<string, string>
  languages?: string[]
  roles: Role[]
  policies: Record<string, { k: number; roles: string[] }>
  positions?: Position[]
  version: number
  desks?: { position: string; manned: boolean; level?: string; languages?: string[]; linguist: boolean }[]
}

/** Line is one thing that became of a message. */
export interface Line {
  index: number
  type: string
  fields: Record<string, unknown>
}

export const desk = signal<Desk | null>(null)

/** closed are messages of this party that were dealt with since the page was
 * opened, the newest first: who sent one has to see the answer. */
export const closed = signal<Message[]>([])

const mostClosed = 20

/** close keeps what left the outbox, as it ended. */
async function close(before: Message[], after: Message[]): Promise<void> {
  for (const m of before) {
    if (after.some((x) => x.id === m.id)) continue
    const ended = await get<{ message: Message }>(`/v1/messages/${encodeURIComponent(m.id)}`).then((a) => a.message, () => null) // then it is in the journal alone
    if (!ended) continue
    closed.value = [ended, ...closed.value.filter((x) => x.id !== m.id)].slice(0, mostClosed)
    tell.value = `${nameOfParty(ended.to)}: ${stateOf(ended)}, to ${ended.message_type} ${ended.number}.`
  }
}

/** parties are all that are enrolled, by id. */
export const parties = signal<ReadonlyMap<string, PartyRecord>>(new Map())

/** partiesRead: they were read since the session began. */
export const partiesRead = signal(false)

/** me is the own record; null where the party is not enrolled. */
export const me = computed(() => parties.value.get(session.value?.party ?? '') ?? null)

/** position is the desk that is looked at. */
export const position = signal('')

/** log is what was said about each message, by its id, as far as it was heard. */
export const log = signal<ReadonlyMap<string, Line[]>>(new Map())

/** changes counts what happened to offers and incidents. */
export const changes = signal({ offers: 0, incidents: 0 })

/** failing says why the desk is not what the node has. */
export const failing = signal('')

/** waiting are the messages of the desk that somebody here has to deal with. */
export const waiting = computed(() => desk.value?.inbox.length ?? 0)

/** calls are the STOPs of others that this party has not answered. */
export const calls = computed(() => {
  const own = session.value?.party
  return (desk.value?.stops ?? []).filter((s) => s.from !== own && !s.to.some((r) => r.party === own && r.outcome))
})

function remembered(party: string): string {
  try {
    return localStorage.getItem(`deconflict.position.${party}`) ?? ''
  } catch {
    return ''
  }
}

/** pick goes to another position of the own party. */
export function pick(name: string): void {
  position.value = name
  keep(`position.${session.value?.party}`, name)
  refresh()
}

// A session begins and ends here, whatever is on the screen: a STOP comes at any
// time.
effect(() => {
  const s = session.value
  untracked(() => {
    desk.value = null
    parties.value = new Map()
    partiesRead.value = false
    log.value = new Map()
    closed.value = []
    roles.value = null
    position.value = ''
    failing.value = ''
    if (s && s.mode === 'node') void begin()
  })
})

async function begin(): Promise<void> {
  await Promise.all([loadParties(), loadKeys().catch(() => undefined), loadLog()]) // without keys the node vouches
  await load()
}

async function loadParties(): Promise<void> {
  const s = session.value
  if (!s) return
  try {
    const answer = await get<{ parties: PartyRecord[]; basis: Basis }>('/v1/parties')
    asNodeSays(answer.basis.node_time)
    parties.value = new Map(answer.parties.map((p) => [p.id, p]))
    partiesRead.value = true
    roles.value = me.value?.roles ?? []
    // Where the record knows one person only, it is who speaks until another says so.
    const people = new Set(me.value?.roles.flatMap((r) => (r.holders ?? []).map((h) => h.person)))
    if (!s.person && !person.value && people.size === 1) person.value = [...people][0]!
    const names = me.value?.positions?.map((p) => p.name) ?? []
    if (!names.includes(position.value)) {
      position.value = [remembered(s.party), s.role ?? '', 'watch', names[0] ?? ''].find((n) => names.includes(n)) ?? ''
    }
  } catch (e) {
    failing.value = e instanceof Problem && e.status === 403 ? 'Your token may look, not speak: it lacks the scope deconflict.act.' : String(e instanceof Error ? e.message : e)
  }
}

/** recent is how far back the log is read when the page opens, in entries. */
const recent = 5000

async function loadLog(): Promise<void> {
  const { basis } = await get<{ basis: Basis }>('/v1/status').catch(() => ({ basis: null }))
  const after = Math.max(-1, (basis?.journal_size ?? 0) - recent)
  const answer = await fetch(`/v1/inbox/all?after=${after}`, { headers: headers({ Accept: 'application/json' }), cache: 'no-store' }).catch(() => null)
  if (!answer?.ok) return // what became of messages is in themselves; this is how
  const news = (await answer.json()) as { entries: { index: number; fields: Record<string, unknown> }[] }
  note(news.entries.map(lineOf))
}

/** mostMessages is of how many messages the log is kept. */
const mostMessages = 2000

/** note keeps what is about messages in order, each entry once. */
function note(entries: Line[]): void {
  const next = new Map(log.value)
  for (const e of entries) {
    if (!e.type.startsWith('channel.')) continue
    const id = e.fields[e.type === 'channel.sent' ? 'id' : 'message']
    if (typeof id !== 'string') continue
    const lines = next.get(id) ?? []
    if (lines.some((l) => l.index === e.index)) continue
    next.set(id, [...lines, e].sort((x, y) => x.index - y.index))
  }
  for (const id of next.keys()) {
    if (next.size <= mostMessages) break
    next.delete(id)
  }
  log.value = next
}

const lineOf = (e: { index: number; fields: Record<string, unknown> }): Line => ({ ...e, type: String(e.fields['type'] ?? '') })

async function load(): Promise<void> {
  if (!position.value || session.value?.mode !== 'node') return
  const of = position.value
  try {
    const answer = await get<{ desk: Desk; basis: Basis }>(`/v1/desk/${encodeURIComponent(of)}`)
    asNodeSays(answer.basis.node_time)
    void close(desk.value?.outbox ?? [], answer.desk.outbox)
    if (of === position.value) desk.value = { ...answer.desk, watch: answer.desk.watch ?? [] }
    failing.value = ''
  } catch (e) {
    failing.value = e instanceof Error ? e.message : String(e)
    if (!(e instanceof Problem && e.status < 500)) setTimeout(refresh, 2000)
  }
}

let timer: ReturnType<typeof setTimeout> | undefined
let busy = false

/** refresh reads the desk anew, soon. */
export function refresh(): void {
  timer ??= setTimeout(() => {
    timer = undefined
    if (busy) return refresh()
    busy = true
    void load().finally(() => (busy = false))
  }, 60)
}

onEvent((f, fields) => {
  if (f.event.startsWith('channel.')) note([{ index: Number(f.id), type: f.event, fields }])
  if (/^(channel|bearer|offer)\./.test(f.event)) refresh()
  if (f.event.startsWith('offer.')) changes.value = { ...changes.value, offers: changes.value.offers + 1 }
  if (f.event.startsWith('incident.')) changes.value = { ...changes.value, incidents: changes.value.incidents + 1 }
  if (f.event.startsWith('party.')) void loadParties().then(refresh)
})

/** level is that at which whoever speaks here stands a position: of the key, or of
 * the person's role. */
export const level = computed<Role['level'] | null>(() => {
  if (signer.value) return signer.value.as.level
  const s = session.value
  return me.value?.roles.find((r) => (!s?.role || r.name === s.role) && r.holders?.some((h) => h.person === alias.value))?.level ?? null
})

/** custody is who stood for the last act; null before any. */
export const custody = signal<Taken['custody'] | null>(null)

/** say does an act, and reads the desk anew. */
export async function say(kind: string, body: unknown): Promise<Taken> {
  try {
    const taken = await act(kind, body)
    custody.value = taken.custody
    note(taken.events.map(lineOf))
    return taken
  } finally {
    refresh()
  }
}

/** nameOfParty is what a party is called here. */
export const nameOfParty = (id: string | undefined): string => {
  if (!id) return 'the node'
  const names = parties.value.get(id)?.names
  return names?.['en'] ?? Object.values(names ?? {})[0] ?? id
}

/** leftS is how many seconds are left until an instant; negative: it is over. */
export const leftS = (at: string): number => (Date.parse(at) - now.value) / 1000
