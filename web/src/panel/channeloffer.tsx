// Offers: who does what about a conflict. Yes is said to exactly what was
// offered, by the role's own key; silence is never yes.
import { computed, effect, signal, untracked, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { signer } from '../keys.ts'
import { get } from '../node.ts'
import { items } from '../picture.ts'
import { selection, session } from '../state.ts'
import { altitude, clock, day } from '../units.ts'
import { errorWords, sentence } from '../words.ts'
import { changes, desk, nameOfParty, say, type Conflict } from './channeldesk.ts'
import { leftWords } from './channelmessage.tsx'
import { callOf } from './detail.tsx'

interface Undertaking {
  by: string
  kind: 'time_shift' | 'level' | 'reroute' | 'split' | 'hold_mine' | 'other'
  intent: string
  not_before?: string
  not_after?: string
  floor?: { mm: number; reference: string }
  ceiling?: { mm: number; reference: string }
  volumes?: unknown
  text?: string
}

interface Offer {
  offer: string
  from: string
  to: string
  answers?: string
  conflict: Conflict
  undertakings: Undertaking[]
  answer_by: string
  text?: string
  digest: string
  status: string
  since: string
  comply_by: string
  reason?: string
}

const offers = signal<Offer[]>([])
const failing = signal('')

/** openOffers are those that wait for this party. */
export const openOffers = computed(() => offers.value.filter((o) => o.status === 'open' && o.to === session.value?.party).length)

effect(() => {
  void changes.value.offers
  const s = session.value
  untracked(() => {
    if (s?.mode === 'node') void load()
    else offers.value = []
  })
})

async function load(): Promise<void> {
  try {
    offers.value = (await get<{ offers: Offer[] }>('/v1/offers')).offers
    failing.value = ''
  } catch (e) {
    failing.value = errorWords(e)
  }
}

export function Offers() {
  useEffect(() => void load(), [])
  const settled = new Set(offers.value.filter((o) => o.status === 'open').map((o) => sidesOf(o.conflict)))
  const loose = (desk.value?.conflicts ?? []).filter((c) => !c.settled && !settled.has(sidesOf(c)))
  return (
    <>
      {failing.value && <p class="error" role="alert">{failing.value}</p>}
      {offers.value.length === 0 && loose.length === 0 && <p>No offers, and no conflict that waits for one.</p>}
      {loose.length > 0 && <h3>Conflicts without an offer</h3>}
      {loose.map((c) => <article key={sidesOf(c)} class="message"><Sides c={c} /><p>Goes up the ladder at {clock(Date.parse(c.escalate_at))}{c.escalated ? ' (it has)' : ''}.</p></article>)}
      {offers.value.map((o) => <OfferView key={o.offer} o={o} />)}
    </>
  )
}

const sidesOf = (c: Conflict): string => c.sides.map((s) => s.intent).join(' ')

/** Sides are the two intents, and the verdict where one is the own. */
function Sides({ c }: { c: Conflict }) {
  const own = session.value?.party ?? ''
  const [a, b] = c.sides
  const mine = a.owner === own ? a : b
  const theirs = a.owner === own ? b : a
  const v = items.value.get(mine.intent)?.verdicts?.find((v) => v.id === theirs.intent)
  return (
    <>
      <p>
        {[mine, theirs].map((s, k) => (
          <span key={s.intent}>{k > 0 && ' and '}{items.value.has(s.intent) ? <button type="button" class="link" onClick={() => (selection.value = s.intent)}>{callOf(s.intent)}</button> : callOf(s.intent)} of {nameOfParty(s.owner)}, version {s.version}</span>
        ))}
      </p>
      {v && <p>⚠ {sentence(v, own, callOf)}</p>}
    </>
  )
}

/** undertakingWords says what somebody would do. */
function undertakingWords(u: Undertaking): string {
  const when = (at: string): string => `${day(Date.parse(at))} ${clock(Date.parse(at))}`
  const parts: string[] = []
  if (u.not_before) parts.push(`not before ${when(u.not_before)}`)
  if (u.not_after) parts.push(`not after ${when(u.not_after)}`)
  if (u.floor) parts.push(`not below ${altitude(u.floor.mm / 1000, u.floor.reference)}`)
  if (u.ceiling) parts.push(`not above ${altitude(u.ceiling.mm / 1000, u.ceiling.reference)}`)
  const what = { time_shift: 'flies', level: 'flies', reroute: 'flies elsewhere', split: 'flies in parts', hold_mine: 'holds its flight', other: '' }[u.kind]
  return `${nameOfParty(u.by)} ${[what, parts.join(' and '), u.text].filter(Boolean).join(' ')} (${callOf(u.intent)})`
}

function OfferView({ o }: { o: Offer }) {
  const open = o.status === 'open'
  const mine = o.to === session.value?.party
  return (
    <article class="message" aria-label={`Offer of ${nameOfParty(o.from)} to ${nameOfParty(o.to)}`}>
      <header><strong>OFFER</strong> of {nameOfParty(o.from)} to {nameOfParty(o.to)}{open && <span class="left">{leftWords(o.answer_by)}</span>}</header>
      <p class="state">{open ? (mine ? 'Waits for your answer.' : 'Waits for their answer.') : `${o.status}${o.reason ? `: ${o.reason.replaceAll('_', ' ')}` : ''}`} Silence is not yes.</p>
      <Sides c={o.conflict} />
      <ul>{o.undertakings.map((u, k) => <li key={k}>{undertakingWords(u)}</li>)}</ul>
      {o.text && <p>{o.text}</p>}
      {open && mine && <Answer o={o} />}
    </article>
  )
}

function Answer({ o }: { o: Offer }) {
  const failed = useSignal('')
  const busy = useSignal(false)
  const reason = useSignal('')
  const go = async (kind: string, body: unknown): Promise<void> => {
    busy.value = true
    failed.value = ''
    try {
      await say(kind, body)
      await load()
    } catch (e) {
      failed.value = errorWords(e)
    } finally {
      busy.value = false
    }
  }
  return (
    <>
      {!signer.value && (
        <p class="note">Accepting binds: it takes the role’s own key, and this browser holds none that is enrolled (Watch and keys). From a terminal with the key:
          <code>deconflict offer accept offer={o.offer} digest={o.digest} --profile FILE</code></p>
      )}
      <label>Reason, of a no<input value={reason.value} maxLength={4000} onInput={(e) => (reason.value = e.currentTarget.value)} /></label>
      <div class="acts">
        <button type="button" class="main" disabled={busy.value || !signer.value} onClick={() => void go('offer.accept', { offer: o.offer, digest: o.digest })}>Accept</button>
        <button type="button" class="danger" disabled={busy.value} onClick={() => void go('offer.reject', { offer: o.offer, ...(reason.value ? { reason: reason.value } : {}) })}>Reject</button>
      </div>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      <CounterForm o={o} busy={busy.value} go={go} />
    </>
  )
}

/** CounterForm offers other times instead: who flies when. */
function CounterForm({ o, busy, go }: { o: Offer; busy: boolean; go: (kind: string, body: unknown) => Promise<void> }) {
  const own = session.value?.party
  const [a, b] = o.conflict.sides
  const side = useSignal(a.owner === own ? a.intent : b.intent)
  const from = useSignal('')
  const to = useSignal('')
  const text = useSignal('')
  const at = (local: string): string | undefined => (local ? new Date(local + 'Z').toISOString().replace('.000Z', 'Z') : undefined)
  const submit = (e: SubmitEvent): void => {
    e.preventDefault()
    const by = [a, b].find((s) => s.intent === side.value)!
    const u = { by: by.owner, kind: 'time_shift', intent: by.intent, not_before: at(from.value), not_after: at(to.value) }
    void go('offer.counter', { offer: o.offer, undertakings: [u], ...(text.value ? { text: text.value } : {}) })
  }
  const mine = [a, b].find((s) => s.intent === side.value)?.owner === own
  return (
    <details>
      <summary>Offer other times instead</summary>
      <form onSubmit={submit} aria-label="Counter-offer">
        <label>Who moves
          <select value={side.value} onChange={(e) => (side.value = e.currentTarget.value)}>
            {[a, b].map((s) => <option key={s.intent} value={s.intent}>{nameOfParty(s.owner)}: {callOf(s.intent)}</option>)}
          </select>
        </label>
        <label>Not before (UTC)<input type="datetime-local" value={from.value} required={!to.value} onInput={(e) => (from.value = e.currentTarget.value)} /></label>
        <label>Not after (UTC)<input type="datetime-local" value={to.value} onInput={(e) => (to.value = e.currentTarget.value)} /></label>
        <label>Text<input value={text.value} maxLength={4000} onInput={(e) => (text.value = e.currentTarget.value)} /></label>
        {mine && !signer.value && <p class="note">What you undertake yourself takes the role’s own key; asking the other side to move does not.</p>}
        <button disabled={busy || (mine && !signer.value)}>Send the counter-offer</button>
      </form>
    </details>
  )
}
