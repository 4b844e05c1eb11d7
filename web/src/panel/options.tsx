// Ways out: the smallest changes that clear a plan, each one act away.
import { useSignal } from '@preact/signals'
import { act as say, madeBy, post } from '../node.ts'
import { want } from '../picture.ts'
import { selection } from '../state.ts'
import { altitude, clock, distance, span } from '../units.ts'
import { errorWords } from '../words.ts'
import { callOf } from './detail.tsx'

/** Change is a change of a plan, as the node says it. */
interface Change {
  delay_s?: number
  lift_m?: number
  sideways_m?: number
  bearing_deg?: number
  later_start_s?: number
  earlier_end_s?: number
  raise_floor_m?: number
  lower_ceiling_m?: number
}

export interface Option {
  kind: string
  words: string
  cost_s: number
  change: Change
  clears: { id: string; party: string; against: string }[]
  body: Record<string, unknown> & { id?: string }
}

interface Answer {
  state: string
  options: Option[]
  free_starts: { from: string; to: string }[]
  blocked: { kind: string; by: { id: string; party: string }[]; why?: string }[]
}

export interface Asked {
  /** ask is the body of the request; act the kind of act that takes an option. */
  ask: Record<string, unknown>
  act: 'intent.change' | 'intent.declare'
  taken: (option: Option) => void
}

export function Options({ ask, act, taken }: Asked) {
  const answer = useSignal<Answer | null>(null)
  const busy = useSignal(false)
  const failed = useSignal('')
  const search = async (): Promise<void> => {
    busy.value = true
    failed.value = ''
    try {
      answer.value = await post<Answer>('/v1/options', ask)
    } catch (e) {
      failed.value = errorWords(e)
    } finally {
      busy.value = false
    }
  }
  const take = async (o: Option): Promise<void> => {
    busy.value = true
    failed.value = ''
    try {
      const done = await say(act, o.body)
      const id = madeBy(done)
      if (id) {
        selection.value = id
        want(id)
      }
      answer.value = null
      taken(o)
    } catch (e) {
      failed.value = `${errorWords(e)} Look for ways out again: something has changed since.`
    } finally {
      busy.value = false
    }
  }
  const a = answer.value
  return (
    <div class="options">
      <h3>Ways out</h3>
      <button type="button" disabled={busy.value} onClick={() => void search()}>{a ? 'Look again' : 'What would clear it?'}</button>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      {a && a.options.length > 0 && (
        <ol>
          {a.options.map((o, k) => (
            <li key={k}>
              <span>{changeWords(o)}</span>
              <button type="button" class={k === 0 ? 'main' : ''} disabled={busy.value} onClick={() => void take(o)}>Take it</button>
            </li>
          ))}
        </ol>
      )}
      {a && a.options.length === 0 && a.state !== 'conflict' && <p>Nothing known is in the way: no change is needed.</p>}
      {a && a.options.length === 0 && a.state === 'conflict' && (
        <>
          <p><strong>Nothing within the limits clears it.</strong></p>
          <ul>{a.blocked.map((b, k) => <li key={k}>{b.kind}: {b.by.map((x) => `${callOf(x.id)} of ${x.party}`).join(', ') || b.why}</li>)}</ul>
        </>
      )}
      {a && a.free_starts.length > 0 && (
        <details><summary>Starts that are free</summary><ul>{a.free_starts.slice(0, 12).map((w, k) => <li key={k}>{clock(Date.parse(w.from))} to {clock(Date.parse(w.to))}</li>)}</ul></details>
      )}
    </div>
  )
}

/** changeWords says a change in the units that were chosen. */
export function changeWords(o: Option): string {
  const c = o.change
  const parts: string[] = []
  if (c.delay_s) parts.push(`${span(c.delay_s)} ${c.delay_s > 0 ? 'later' : 'earlier'}`)
  if (c.later_start_s) parts.push(`begin ${span(c.later_start_s)} later`)
  if (c.earlier_end_s) parts.push(`end ${span(c.earlier_end_s)} earlier`)
  if (c.lift_m) parts.push(`${altitude(Math.abs(c.lift_m))} ${c.lift_m > 0 ? 'higher' : 'lower'}`)
  if (c.raise_floor_m) parts.push(`floor ${altitude(c.raise_floor_m)} higher`)
  if (c.lower_ceiling_m) parts.push(`ceiling ${altitude(c.lower_ceiling_m)} lower`)
  if (c.sideways_m) parts.push(`${distance(c.sideways_m)} to the side, towards ${String(c.bearing_deg ?? 0).padStart(3, '0')}°`)
  return parts.join(', ') || o.words
}
