// How good the clocks are: the node's, by which everything goes, and this
// computer's, which shows it.
import { effect, signal } from '@preact/signals'
import { get, type Basis } from './node.ts'
import { keep, session, stored } from './state.ts'
import { clock, span } from './units.ts'

/** Quality is what the node says of its clock. */
export interface Quality {
  source: 'system' | 'rehearsal'
  /** synchronised: something keeps it to the time of others; absent: unknown. */
  synchronised?: boolean
  /** error_ms is how far it is off at most; absent: unknown. */
  error_ms?: number
}

/** quality is null until the node was asked. */
export const quality = signal<Quality | null>(null)

/** aheadMS is how far this computer's clock is ahead of the node's at least,
 * negative when it is behind; 0 when an answer takes longer than they differ. */
export const aheadMS = signal(0)

/** comparedMS is when somebody last compared the node's clock with a watch. */
const comparedMS = signal<{ node: string; at: number } | null>(readCompared())

// An answer says which second it was; a watch tells no more.
const tellMS = 2000
const poorMS = 1000

// A clock that nothing keeps goes wrong by up to 100 parts in a million, a second
// in about three hours. Then it is compared again.
const holdsMS = 3 * 3600_000

/** between is how far a clock is ahead of another that answered with its time:
 * asked and answered are the instants before and after, by the first. */
export function between(asked: number, answered: number, other: number): number {
  if (asked > other) return asked - other
  if (answered < other) return answered - other
  return 0
}

/** poor says what is wrong with a node's clock; empty: nothing. */
export function poor(q: Quality): string {
  if (q.source !== 'system') return '' // set by hand, as another banner says
  if (q.synchronised === undefined) return 'It is not known whether anything keeps the node’s clock.'
  if (!q.synchronised) return 'Nothing keeps the node’s clock.'
  return (q.error_ms ?? 0) > poorMS ? `The node’s clock may be off by ${span(Math.ceil(q.error_ms! / 1000))}.` : ''
}

/** keptWords is how good a node's clock is, in a few words. */
export function keptWords(q: Quality): string {
  if (q.synchronised === undefined) return 'kept or not: unknown'
  if (!q.synchronised) return 'not kept by anything'
  if (q.error_ms === undefined) return 'kept'
  return `kept, ±${q.error_ms < 1000 ? `${q.error_ms} ms` : span(Math.ceil(q.error_ms / 1000))}`
}

/** apartWords is how far this computer's clock is from the node's, where a person
 * would notice; else empty. */
export const apartWords = (ms: number): string => (Math.abs(ms) > tellMS ? `${span(ms / 1000)} ${ms > 0 ? 'ahead of' : 'behind'}` : '')

/** comparedAt is when the clock was compared, as long as that says something. */
export function comparedAt(nowMS: number): number | null {
  const c = comparedMS.value
  return c && c.node === session.value?.node && c.at <= nowMS && nowMS - c.at < holdsMS ? c.at : null
}

/** compared: somebody says that the node's clock is right. */
export function compared(nowMS: number): void {
  const c = { node: session.value!.node, at: nowMS }
  comparedMS.value = c
  keep('compared', JSON.stringify(c))
}

function readCompared(): { node: string; at: number } | null {
  try {
    const c = JSON.parse(stored('compared') ?? 'null') as { node: string; at: number } | null
    return typeof c?.node === 'string' && typeof c.at === 'number' ? c : null
  } catch {
    return null // not what this page wrote
  }
}

async function ask(): Promise<void> {
  const asked = Date.now()
  const answer = await get<{ clock: Quality; basis: Basis }>('/v1/status')
  quality.value = answer.clock
  aheadMS.value = answer.clock.source === 'system' ? between(asked, Date.now(), Date.parse(answer.basis.node_time)) : 0
}

/** keepTime asks the node once a minute how good its clock is. */
export function keepTime(): void {
  const again = (): void => {
    // Who cannot ask has a banner already.
    if (session.peek()?.mode === 'node') void ask().catch(() => undefined)
  }
  effect(() => {
    if (session.value) return again()
    quality.value = null
    aheadMS.value = 0
  })
  setInterval(again, 60_000)
}

/** comparedWords says since when the clock counts as right. */
export const comparedWords = (at: number): string => `compared at ${clock(at)}`
