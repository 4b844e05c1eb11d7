// What holds between the parties: the agreements that bind this one, the rules
// in force with each other, who is shown its flights, and its part of the record.
import { signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { now } from '../clock.ts'
import { get, headers, type Basis } from '../node.ts'
import { onEvent } from '../picture.ts'
import { session } from '../state.ts'
import { clock, day, span } from '../units.ts'
import { errorWords } from '../words.ts'
import { nameOfParty, parties, say } from './channeldesk.ts'
import { phrases } from './channelphrase.ts'

interface Summary {
  id: string
  title: Record<string, string>
  parties: string[]
  legal: { state: string; since?: string; by?: string; version?: number; blocked?: string[] }
  open?: number
}

interface Clause {
  id: string
  text: Record<string, string>
  status: string
  parameters?: Record<string, unknown>
}

interface Detail extends Summary {
  text?: { clauses?: Clause[]; from?: string; to?: string }
}

interface Source { agreement?: string; version?: number; clause?: string }

interface Rules {
  suspended: boolean
  minima?: { source: Source; lateral_mm: number; vertical_mm: number; kinds?: string[] }[] | null
  precedence?: { source: Source; stop_ns: number; flash_ns: number }
  ladder?: { source: Source; fallback?: string[] | null }
  radio?: { source: Source; language?: string; common?: string } | null
}

const list = signal<Summary[] | null>(null)
const rules = signal<ReadonlyMap<string, Rules>>(new Map())
const failed = signal('')

async function load(): Promise<void> {
  try {
    list.value = (await get<{ agreements: Summary[]; basis: Basis }>('/v1/agreements')).agreements
    const others = [...parties.value.keys()].filter((p) => p !== session.value?.party).slice(0, 50)
    rules.value = new Map(await Promise.all(others.map(async (p): Promise<[string, Rules]> => [p, (await get<{ rules: Rules }>(`/v1/rules/${encodeURIComponent(p)}`)).rules])))
    failed.value = ''
  } catch (e) {
    failed.value = errorWords(e)
  }
}

onEvent((f) => {
  if (f.event.startsWith('agreement.') && list.value) void load()
})

export function Agreements() {
  const known = parties.value
  useEffect(() => void load(), [known])
  const all = list.value
  return (
    <>
      <h3>Agreements</h3>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      {all?.length === 0 && <p>None binds {session.value?.party}, and none is on the table. What was declared is compared all the same; how far apart two must keep, no rule says. <code>deconflict agreement propose FILE</code> tables one.</p>}
      {all?.map((a) => <AgreementView key={a.id} a={a} />)}
      <h3>What holds with each other party</h3>
      {rules.value.size === 0 && <p>No other party is enrolled at this node.</p>}
      <ul>{[...rules.value].map(([p, r]) => <li key={p}><strong>{nameOfParty(p)}</strong>: {rulesWords(r)}</li>)}</ul>
      <Release />
      <Record />
    </>
  )
}

const states: Record<string, string> = {
  draft: '… on the table, not signed by all', signed: '◇ signed, not in force yet', in_force: '● in force', suspended: '▲ SUSPENDED', terminated: '○ terminated', expired: '○ expired',
}

function AgreementView({ a }: { a: Summary }) {
  const text = useSignal<Detail | null>(null)
  const read = async (): Promise<void> => {
    try {
      text.value = (await get<{ agreement: Detail }>(`/v1/agreements/${encodeURIComponent(a.id)}`)).agreement
    } catch (e) {
      failed.value = errorWords(e)
    }
  }
  const l = a.legal
  return (
    <article class="message" aria-label={`Agreement ${a.id}`}>
      <header><strong>{a.title['en'] ?? Object.values(a.title)[0] ?? a.id}</strong> <span>{states[l.state] ?? l.state}</span></header>
      <p class="quiet">
        {a.id}, of {a.parties.map(nameOfParty).join(', ')}{l.version ? `, version ${l.version}` : ''}{l.since ? `, since ${day(Date.parse(l.since))} ${clock(Date.parse(l.since))}` : ''}{l.by ? `, on the notice of ${nameOfParty(l.by)}` : ''}
      </p>
      {l.blocked && <p>Out of force because of: {l.blocked.join('; ')}.</p>}
      {a.open !== undefined && <p>Version {a.open} is on the table. <code>deconflict agreement show {a.id}</code></p>}
      <details onToggle={(e) => e.currentTarget.open && !text.value && void read()}>
        <summary>The text</summary>
        {text.value?.text?.from && <p>From {day(Date.parse(text.value.text.from))}{text.value.text.to ? ` until ${day(Date.parse(text.value.text.to))}` : ''}.</p>}
        <ol class="clauses">{text.value?.text?.clauses?.map((c) => <li key={c.id}>{c.id}. {filled(c)} <span class="quiet">[{c.status}]</span></li>)}</ol>
        <p class="quiet">Clauses are counted as they are signed; to sign, suspend or resume takes a role's key: <code>deconflict help agreement</code>.</p>
      </details>
    </article>
  )
}

/** filled is the prose of a clause with its numbers. Agreements are in SI, and are
 * shown as they were signed. */
function filled(c: Clause): string {
  const prose = c.text['en'] ?? Object.values(c.text)[0] ?? ''
  return prose.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (c.parameters && name in c.parameters ? valueWords(name, c.parameters[name]) : `${whole} (unset)`))
}

function valueWords(name: string, v: unknown): string {
  if (Array.isArray(v)) return v.map((x) => valueWords(name, x)).join(', ')
  if (typeof v === 'number' && name.endsWith('_mm')) return `${v / 1000} m`
  if (typeof v === 'number' && name.endsWith('_bytes')) return `${v} bytes`
  if (name === 'at_ns' && typeof v === 'number') return `${new Date(v / 1e6).toISOString().slice(11, 16)} UTC`
  if (typeof v === 'number' && name.endsWith('_ns')) return span(v / 1e9)
  if (typeof v === 'object' && v !== null) return Object.entries(v).map(([k, x]) => (k.endsWith('_ns') ? `for ${valueWords(k, x)}` : valueWords(k, x))).join(' ')
  return String(v)
}

const from = (s: Source | undefined): string => (s?.agreement ? ` (${s.agreement}, clause ${s.clause})` : ' (no clause: the default)')

function rulesWords(r: Rules): string {
  const parts = [r.suspended ? '▲ SUSPENDED; what stays is the safety floor' : '']
  for (const m of r.minima ?? []) parts.push(`${m.kinds?.length ? `${m.kinds.join(', ')}: ` : ''}keep ${m.lateral_mm / 1000} m apart or ${m.vertical_mm / 1000} m in height${from(m.source)}`)
  if (!r.minima?.length) parts.push('no rule says how far apart to keep')
  if (r.precedence) parts.push(`a person acknowledges a STOP in ${span(r.precedence.stop_ns / 1e9)}, a FLASH in ${span(r.precedence.flash_ns / 1e9)}${from(r.precedence.source)}`)
  if (r.ladder?.fallback?.length) parts.push(`if nobody answers each does on its own: ${r.ladder.fallback.map((f) => phrases[f] ?? f).join(' ').replace(/\.$/, '')}${from(r.ladder.source)}`)
  if (r.radio?.common) parts.push(`crews speak ${r.radio.language} on ${r.radio.common}${from(r.radio.source)}`)
  return parts.filter(Boolean).join('; ') + '.'
}

/** shownGroups are what others need of a flight to keep clear of it. */
const shownGroups = ['alias', 'contact', 'crossing', 'kind', 'off_nominal', 'priority', 'reference', 'volumes_exact']
const shownStates = ['accepted', 'activated', 'ended', 'off_nominal', 'proposed']

/** operating are the kinds of party that fly or are told who does. */
const operating = ['service', 'third', 'signatory', 'member', 'notifier']

/** Release shows own flights to all who are enrolled, or to nobody. */
function Release() {
  const asking = useSignal('')
  const said = useSignal('')
  const set = async (all: boolean): Promise<void> => {
    asking.value = ''
    said.value = ''
    const row = (kind: string): unknown => ({ to: { kind }, groups: shownGroups, states: shownStates, shown: true })
    try {
      const taken = await say('release.set', { purpose: 'safety', retention_ns: 0, rows: all ? operating.map(row) : [] })
      said.value = taken.missing?.length ? `Noted. It still needs ${taken.missing.join('; ')}.` : `Since ${clock(now.value)}: ${all ? 'what is declared is shown to all who operate at this node' : 'what is declared is shown to nobody beyond what always is'}.`
      failed.value = ''
    } catch (e) {
      failed.value = errorWords(e)
    }
  }
  return (
    <>
      <h3>Who sees our flights</h3>
      <p>Nobody sees where they are until it is released: others see that there is one, and whose. What is declared already stays shown as it was until it is changed. One that does not keep to its plan is shown to whom it endangers, always.</p>
      {asking.value ? (
        <p class="note">
          This takes the place of all that {session.value?.party} releases now. <button type="button" class="main" onClick={() => void set(asking.value === 'all')}>{asking.value === 'all' ? 'Show them to all' : 'Show them to nobody'}</button> <button type="button" onClick={() => (asking.value = '')}>Leave it</button>
        </p>
      ) : (
        <div class="acts">
          <button type="button" onClick={() => (asking.value = 'all')}>Show all who are enrolled here…</button>
          <button type="button" onClick={() => (asking.value = 'none')}>Show nobody…</button>
        </div>
      )}
      {said.value && <p role="status">{said.value}</p>}
      <p class="quiet">To show some parties some of it: <code>deconflict release set --body FILE</code>.</p>
    </>
  )
}

/** Record saves the party's part of the journal. */
function Record() {
  const busy = useSignal(false)
  const saved = useSignal('')
  const take = async (): Promise<void> => {
    busy.value = true
    saved.value = ''
    try {
      const answer = await fetch('/v1/packs', { headers: headers(), cache: 'no-store' })
      if (!answer.ok) throw new Error(`the node answered ${answer.status}`)
      const pack = await answer.blob()
      const link = document.createElement('a')
      link.href = URL.createObjectURL(pack)
      link.download = `${session.value?.party}.pack`
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
      saved.value = link.download
      failed.value = ''
    } catch (e) {
      failed.value = errorWords(e)
    } finally {
      busy.value = false
    }
  }
  return (
    <>
      <h3>The record</h3>
      <p>Every act has a receipt, the number of its entry in a journal that nobody can change unnoticed. What {session.value?.party} may see of it is yours to keep, and is verified without this node.</p>
      <button type="button" disabled={busy.value} onClick={() => void take()}>Take the record</button>
      {saved.value && <p role="status">Saved as {saved.value}. To verify it anywhere: <code>deconflict log verify {saved.value} --key KEY</code>, with the node’s key as you learned it elsewhere.</p>}
      <p class="quiet">That something was received does not say that anybody approved of it: this node approves nothing.</p>
    </>
  )
}
