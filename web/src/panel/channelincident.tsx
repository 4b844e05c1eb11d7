// Incidents, to read: what happened, each side's account beside the other's.
import { effect, signal, untracked } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { get } from '../node.ts'
import { selection, session } from '../state.ts'
import { clock, day, degrees } from '../units.ts'
import { errorWords } from '../words.ts'
import { changes, nameOfParty } from './channeldesk.ts'
import { callOf } from './detail.tsx'

interface Incident {
  opening: {
    incident: string
    kind: string
    when: string
    parties: string[]
    place?: { lat_e9: number; lng_e9: number }
    subjects?: string[]
    text?: string
    reply_by: string
    rules?: { source: { agreement?: string; clause?: string }; verdict: string }[]
    horizontal_mm?: number
    vertical_mm?: number
  }
  opened_at: string
  index: number
  category: string
  accounts?: { party: string; at: string; account: { text: string; measures?: string; harm?: string } }[]
  sheet?: { number: number; kind: string; by: string; text: string }[]
  actions?: { number: number; owner: string; text: string; due: string; done?: string }[]
  agreed?: number[]
  disputed?: number[]
  over?: boolean
  left?: unknown[]
}

/** most is how many are read at once; the node lists them by id. */
const most = 100

const incidents = signal<Incident[]>([])
const more = signal(0)
const failing = signal('')
const chosen = signal('')
const wanted = signal(false)

effect(() => {
  void changes.value.incidents
  const s = session.value
  untracked(() => {
    if (!s) incidents.value = []
    else if (wanted.value) void load()
  })
})

async function load(): Promise<void> {
  try {
    const { ids } = await get<{ ids: string[] }>('/v1/incidents')
    const read = await Promise.all(ids.slice(0, most).map((id) => get<{ incident: Incident }>(`/v1/incidents/${encodeURIComponent(id)}`)))
    incidents.value = read.map((r) => r.incident).sort((a, b) => b.index - a.index)
    more.value = Math.max(0, ids.length - most)
    failing.value = ''
  } catch (e) {
    failing.value = errorWords(e)
  }
}

export function Incidents() {
  useEffect(() => {
    wanted.value = true
    void load()
    return () => {
      wanted.value = false
    }
  }, [])
  return (
    <>
      {failing.value && <p class="error" role="alert">{failing.value}</p>}
      {incidents.value.length === 0 && !failing.value && <p>No incidents that you are involved in.</p>}
      <ol class="messages">
        {incidents.value.map((i) => (
          <li key={i.opening.incident}>
            <article class="message" aria-label={`Incident: ${i.category}`}>
              <header><strong>{i.category.replaceAll('_', ' ').toUpperCase()}</strong> {day(Date.parse(i.opening.when))} {clock(Date.parse(i.opening.when))}</header>
              <p class="state">{i.over ? 'closed' : `open; accounts by ${day(Date.parse(i.opening.reply_by))} ${clock(Date.parse(i.opening.reply_by))}`}. {i.opening.parties.map(nameOfParty).join(', ')}.</p>
              <button type="button" aria-expanded={chosen.value === i.opening.incident} onClick={() => (chosen.value = chosen.value === i.opening.incident ? '' : i.opening.incident)}>{chosen.value === i.opening.incident ? 'Less' : 'More'}</button>
              {chosen.value === i.opening.incident && <More i={i} />}
            </article>
          </li>
        ))}
      </ol>
      {more.value > 0 && <p>{more.value} more were not read: <code>deconflict incident list</code>.</p>}
    </>
  )
}

function More({ i }: { i: Incident }) {
  const o = i.opening
  return (
    <>
      {o.place && <p>At {degrees(o.place.lng_e9 / 1e9, o.place.lat_e9 / 1e9)}</p>}
      {o.text && <p>{o.text}</p>}
      {(o.subjects?.length ?? 0) > 0 && <p>About {o.subjects!.map((s) => <button type="button" class="link" key={s} onClick={() => (selection.value = s)}>{callOf(s)}</button>)}</p>}
      {o.rules && <ul>{o.rules.map((r, k) => <li key={k}>{r.source.agreement ?? 'rule'}{r.source.clause ? `, clause ${r.source.clause}` : ''}: {r.verdict.replaceAll('_', ' ')}</li>)}</ul>}
      <h3>Accounts</h3>
      {o.parties.map((p) => {
        const a = i.accounts?.find((x) => x.party === p)
        return <p key={p}><strong>{nameOfParty(p)}:</strong> {a ? a.account.text : 'has given none yet.'}</p>
      })}
      {(i.sheet?.length ?? 0) > 0 && (
        <>
          <h3>Joint sheet</h3>
          <ol>{i.sheet!.map((x) => <li key={x.number}>{x.text} ({x.kind}, {i.agreed?.includes(x.number) ? 'agreed' : i.disputed?.includes(x.number) ? 'DISPUTED' : 'open'})</li>)}</ol>
        </>
      )}
      {(i.actions?.length ?? 0) > 0 && (
        <>
          <h3>Actions</h3>
          <ul>{i.actions!.map((x) => <li key={x.number}>{nameOfParty(x.owner)}: {x.text}, {x.done ? 'done' : `due ${day(Date.parse(x.due))}`}</li>)}</ul>
        </>
      )}
      <p class="quiet">Accounts, points and actions are given with <code>deconflict incident</code>. Id {o.incident}</p>
    </>
  )
}
