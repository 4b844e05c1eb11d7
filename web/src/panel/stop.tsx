// STOP: asks everybody to hold their own flights at a place. To send one takes
// two presses, one that opens and one that sends; one that comes in takes the
// screen until somebody answers it or puts it aside.
import { computed, signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { boxOf, nameOf } from '../map/features.ts'
import { items } from '../picture.ts'
import { goTo, selection, session, sound } from '../state.ts'
import { clock, degrees } from '../units.ts'
import { errorWords } from '../words.ts'
import './channel.css'
import { place } from './channelcompose.tsx'
import { calls, desk, log, me, nameOfParty, parties, position, say, type StopCall } from './channeldesk.ts'
import { parse, spoken } from './channelfield.ts'

const asking = signal(false)
const sent = signal<string | null>(null)
const aside = signal<ReadonlySet<string>>(new Set())

/** pressing are the STOPs that take the screen. */
const pressing = computed(() => calls.value.filter((s) => !aside.value.has(s.id)))

/** StopButton stands in the header, whatever else is on the screen. */
export function StopButton() {
  if (session.value?.mode !== 'node') return null
  return (
    <>
      <button type="button" class="stop" onClick={() => (asking.value = true)} aria-haspopup="dialog">STOP</button>
      {calls.value.length > pressing.value.length && (
        <button type="button" class="stop aside" onClick={() => (aside.value = new Set())}>⚠ {calls.value.length - pressing.value.length} STOP not answered</button>
      )}
      <StopForm />
      <Incoming />
    </>
  )
}

interface Call {
  where: string
  point: string
  radiusM: number
  risk: 'people' | 'aircraft'
  callback: string
  to: string[]
}

/** prefilled is what the screen knows: the selection, else the middle of the map. */
function prefilled(): Call {
  const i = selection.value ? items.value.get(selection.value) : undefined
  const box = i && boxOf([i])
  // Half the diagonal of the selection's box; 111,320 m is a degree of latitude.
  const across = box ? Math.hypot((box[2] - box[0]) * Math.cos(((box[1] + box[3]) * Math.PI) / 360), box[3] - box[1]) * 111_320 : 0
  const line = me.value?.positions?.find((p) => p.name === position.value)?.bearers.find((b) => b.address)?.address
  return {
    where: i ? nameOf(i) : '', point: place(), radiusM: Math.max(500, Math.ceil(across / 2 / 100) * 100), risk: 'people',
    callback: line ?? `over this node, ${session.value?.party} ${position.value || 'watch'}`, to: [],
  }
}

function StopForm() {
  const dialog = useRef<HTMLDialogElement>(null)
  const where = useRef<HTMLInputElement>(null)
  const call = useSignal<Call>(prefilled())
  useEffect(() => {
    if (!asking.value) return dialog.current?.close()
    if (!sent.value) call.value = prefilled()
    dialog.current?.showModal()
    where.current?.focus()
  }, [asking.value])
  return (
    <dialog ref={dialog} class="stopform" aria-labelledby="stop-title" onClose={() => { asking.value = false; sent.value = null }}>
      <h2 id="stop-title">STOP</h2>
      {sent.value ? <Delivery id={sent.value} /> : <Ask call={call} first={where} />}
    </dialog>
  )
}

function Ask({ call, first }: { call: { value: Call }; first: { current: HTMLInputElement | null } }) {
  const failed = useSignal('')
  const busy = useSignal(false)
  const c = call.value
  const set = (part: Partial<Call>): void => {
    call.value = { ...call.value, ...part }
  }
  const send = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault()
    const at = parse('where', 'position', c.point)?.position
    // A place that cannot be read does not keep a STOP: it goes as words.
    const text = [c.where.trim(), at ? '' : c.point.trim()].filter(Boolean).join(', ')
    failed.value = ''
    if (!at && !text) {
      failed.value = 'Say where: a place in words or a position.'
      first.current?.focus()
      return
    }
    busy.value = true
    try {
      const taken = await say('channel.stop', {
        where: { ...(at ? { point: at, radius_mm: Math.round(c.radiusM * 1000) } : {}), ...(text ? { text } : {}) },
        at_risk: c.risk, callback: c.callback.trim() || `over this node, ${session.value?.party}`, ...(c.to.length ? { to: c.to } : {}),
      })
      sent.value = String(taken.events.find((ev) => ev.fields['type'] === 'channel.stopped')?.fields['stop'] ?? taken.id)
    } catch (err) {
      failed.value = errorWords(err)
    } finally {
      busy.value = false
    }
  }
  const others = [...parties.value.values()].filter((p) => p.id !== session.value?.party && p.kind !== 'witness')
  return (
    <form onSubmit={(e) => void send(e)} noValidate>
      <p>Asks everybody to hold their own flights there. It needs no reason now: whether it was right is looked at afterwards.</p>
      <label>Where, and what is at risk<input ref={first} value={c.where} maxLength={300} autocomplete="off" onInput={(e) => set({ where: e.currentTarget.value })} /></label>
      <div class="field">
        <label class="grow">Position<input value={c.point} autocomplete="off" spellcheck={false} onInput={(e) => set({ point: e.currentTarget.value })} /></label>
        <label>Radius, m<input type="number" min={0} step={100} value={c.radiusM} onInput={(e) => set({ radiusM: Math.max(0, e.currentTarget.valueAsNumber || 0) })} /></label>
      </div>
      <fieldset class="choice">
        <legend>At risk</legend>
        {(['people', 'aircraft'] as const).map((r) => <label key={r}><input type="radio" name="risk" checked={c.risk === r} onChange={() => set({ risk: r })} />{r}</label>)}
      </fieldset>
      <label>Call back<input value={c.callback} maxLength={200} onInput={(e) => set({ callback: e.currentTarget.value })} /></label>
      <details>
        <summary>To: {c.to.length ? c.to.map(nameOfParty).join(', ') : 'everyone concerned'}</summary>
        <fieldset class="choice">
          <legend class="quiet">None chosen: everyone</legend>
          {others.map((p) => (
            <label key={p.id}><input type="checkbox" checked={c.to.includes(p.id)} onChange={(e) => set({ to: e.currentTarget.checked ? [...c.to, p.id] : c.to.filter((x) => x !== p.id) })} />{nameOfParty(p.id)}</label>
          ))}
        </fieldset>
      </details>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      <div class="acts">
        <button class="stop send" disabled={busy.value}>SEND STOP</button>
        <button type="button" class="big" onClick={() => (asking.value = false)}>Not now</button>
      </div>
    </form>
  )
}

const outcomes = { held: '■ HOLDING', not_mine: '○ none of theirs there', unable: '✗ UNABLE to hold' }

/** Delivery is how far a STOP of the own party came, with each recipient. */
function Delivery({ id }: { id: string }) {
  const s = desk.value?.stops.find((x) => x.id === id)
  return (
    <>
      <p role="status">Sent{s ? ` at ${clock(Date.parse(s.at))}` : ''}. What each does:</p>
      {s && <Recipients s={s} />}
      {s && <Lift s={s} />}
      {!s && desk.value && <p>It does not stand any more.</p>}
      <form method="dialog"><button class="big">Close</button></form>
    </>
  )
}

function Recipients({ s }: { s: StopCall }) {
  return (
    <ul class="recipients">
      {s.to.map((r) => {
        const m = desk.value?.outbox.find((x) => x.id === r.message)
        const called = (log.value.get(r.message) ?? []).findLast((l) => l.type === 'channel.attempt')
        const far = r.outcome ? outcomes[r.outcome] : m?.opened ? 'opened by a person' : m?.presented ? 'on their screen' : called ? `${String(called.fields['outcome']).replaceAll('_', ' ')} ${String(called.fields['position'])} by ${String(called.fields['bearer'])}` : 'delivered to their inbox'
        return <li key={r.party}><strong>{nameOfParty(r.party)}</strong>: {far}{r.outcome && r.last ? `, ${clock(Date.parse(r.last))}` : ''}</li>
      })}
    </ul>
  )
}

/** Lift says that the reason is gone: nothing else ends a STOP. */
function Lift({ s }: { s: StopCall }) {
  const reason = useSignal('')
  const failed = useSignal('')
  const lift = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault()
    failed.value = ''
    try {
      await say('channel.resume', { stop: s.id, reason: reason.value.trim() })
    } catch (err) {
      failed.value = errorWords(err)
    }
  }
  return (
    <form onSubmit={(e) => void lift(e)} class="lift" aria-label="Lift the STOP">
      <label>Why the reason is gone<input required maxLength={300} value={reason.value} onInput={(e) => (reason.value = e.currentTarget.value)} /></label>
      <button>Lift it</button>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
    </form>
  )
}

/** Standing are the STOPs that stand, of both sides, for the inbox. */
export function Standing() {
  const own = session.value?.party
  const all = desk.value?.stops ?? []
  return (
    <>
      {all.map((s) => (
        <article key={s.id} class="message stop" aria-label={`STOP ${s.from === own ? 'of ours' : `of ${nameOfParty(s.from)}`}`}>
          <header><strong class="precedence">STOP</strong> {s.from === own ? 'of ours' : `of ${nameOfParty(s.from)}`}, {clock(Date.parse(s.at))}</header>
          <p>{whereWords(s)}. At risk: {s.at_risk}. Call back: {s.callback}.</p>
          {s.from === own ? <><Recipients s={s} /><Lift s={s} /></> : <Hold s={s} />}
        </article>
      ))}
    </>
  )
}

const whereWords = (s: StopCall): string =>
  [s.where.text, s.where.point && `${degrees(s.where.point.lng_e9 / 1e9, s.where.point.lat_e9 / 1e9)}${s.where.radius_mm ? `, within ${spoken({ name: 'radius', length_mm: s.where.radius_mm })}` : ''}`].filter(Boolean).join('; ')

/** Hold answers a STOP, by what the own party does. It may change its answer. */
function Hold({ s }: { s: StopCall }) {
  const note = useSignal('')
  const failed = useSignal('')
  const busy = useSignal(false)
  const given = s.to.find((r) => r.party === session.value?.party)?.outcome
  const answer = async (outcome: keyof typeof outcomes): Promise<void> => {
    busy.value = true
    failed.value = ''
    try {
      await say('channel.hold', { stop: s.id, outcome, position: position.value || 'watch', ...(note.value.trim() ? { note: note.value.trim() } : {}) })
    } catch (e) {
      failed.value = errorWords(e)
    } finally {
      busy.value = false
    }
  }
  return (
    <>
      {given && <p>We said: <strong>{{ held: '■ we hold', not_mine: '○ none of ours there', unable: '✗ unable' }[given]}</strong></p>}
      <label>Note, if any<input value={note.value} maxLength={300} onInput={(e) => (note.value = e.currentTarget.value)} /></label>
      <div class="acts">
        <button type="button" class="main big" disabled={busy.value} onClick={() => void answer('held')}>■ We hold ours</button>
        <button type="button" class="big" disabled={busy.value} onClick={() => void answer('not_mine')}>○ None of ours there</button>
        <button type="button" class="danger big" disabled={busy.value} onClick={() => void answer('unable')}>✗ Unable to hold</button>
      </div>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
    </>
  )
}

/** Incoming takes the screen with the oldest STOP that nobody here answered. */
function Incoming() {
  const dialog = useRef<HTMLDialogElement>(null)
  const title = useRef<HTMLHeadingElement>(null)
  const s = pressing.value[0]
  const id = s?.id
  useEffect(() => {
    if (!id) return dialog.current?.close()
    if (!dialog.current?.open) dialog.current?.showModal()
    title.current?.focus()
    const message = s?.to.find((r) => r.party === session.value?.party)?.message
    if (message) void say('channel.open', { message, step: 'presented', position: position.value || 'watch' }).catch(() => undefined) // another screen said so
    const before = document.title
    document.title = 'STOP'
    if (sound.value && 'speechSynthesis' in window) speechSynthesis.speak(new SpeechSynthesisUtterance(`STOP from ${nameOfParty(s?.from)}`))
    return () => {
      document.title = before
    }
  }, [id])
  const setAside = (): void => {
    if (id) aside.value = new Set([...aside.value, id])
  }
  const p = s?.where.point
  return (
    <dialog ref={dialog} class="incoming" role="alertdialog" aria-labelledby="incoming-title" aria-describedby="incoming-words" onCancel={(e) => { e.preventDefault(); setAside() }}>
      {s && (
        <>
          <h2 id="incoming-title" ref={title} tabIndex={-1}>STOP from {nameOfParty(s.from)}</h2>
          <div id="incoming-words" role="alert" aria-live="assertive" class="words">
            <p>Where: <strong>{whereWords(s)}</strong></p>
            <p>At risk: <strong>{s.at_risk}</strong>. Call back: <strong>{s.callback}</strong></p>
          </div>
          <p>Said at {clock(Date.parse(s.at))}. Hold your own flights there, then say what you do.{pressing.value.length > 1 ? ` ${pressing.value.length - 1} more after this one.` : ''}</p>
          <Hold key={s.id} s={s} />
          <div class="acts">
            {p && <button type="button" class="big" onClick={() => { goTo.value = [p.lng_e9 / 1e9 - 0.03, p.lat_e9 / 1e9 - 0.02, p.lng_e9 / 1e9 + 0.03, p.lat_e9 / 1e9 + 0.02]; setAside() }}>Look there, answer after</button>}
            <button type="button" class="big" onClick={setAside}>Put aside unanswered</button>
          </div>
        </>
      )}
    </dialog>
  )
}
