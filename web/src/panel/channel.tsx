// The channel: what others say to this position and what is said to them. Each
// message has a number, a precedence and a time in which a person deals with it.
import { signal, useSignal } from '@preact/signals'
import { now } from '../clock.ts'
import { alias, person, signer } from '../keys.ts'
import { session } from '../state.ts'
import { clock, window_ } from '../units.ts'
import { errorWords } from '../words.ts'
import { Agreements } from './agreements.tsx'
import './channel.css'
import { Compose } from './channelcompose.tsx'
import { closed, custody, desk, failing, level, me, nameOfParty, parties, pick, position, say, type Watch } from './channeldesk.ts'
import { Incidents } from './channelincident.tsx'
import { leftWords, MessageView } from './channelmessage.tsx'
import { Offers, openOffers } from './channeloffer.tsx'
import { TestCalls } from './channeltest.tsx'
import { Invite } from './invite.tsx'
import { Keys } from './keys.tsx'
import { Standing } from './stop.tsx'

type Part = 'inbox' | 'sent' | 'write' | 'offers' | 'incidents' | 'agreements' | 'watch'

/** part is what of the channel is shown. */
export const part = signal<Part>('inbox')

export function Channel() {
  const s = session.value
  if (s?.mode === 'files') return <section class="channel"><p>These are files on this computer: nobody is there to talk to. Start a node: <code>deconflict serve</code>.</p></section>
  return (
    <section class="channel" aria-labelledby="channel-title">
      <h2 id="channel-title">Channel</h2>
      {failing.value && <p class="error" role="alert">{failing.value}</p>}
      {me.value ? <Desk /> : parties.value.size > 0 || !failing.value ? <NotEnrolled /> : null}
    </section>
  )
}

function NotEnrolled() {
  return (
    <>
      <p>{session.value?.party} is not enrolled at this node yet: others cannot reach it, and it can only say STOP.</p>
      <Keys />
    </>
  )
}

function Desk() {
  const d = desk.value
  const names = me.value?.positions ?? []
  const parts: [Part, string][] = [
    ['inbox', `Inbox (${(d?.inbox.length ?? 0) + (d?.tests.length ?? 0)})`], ['sent', `Sent (${d?.outbox.length ?? 0})`], ['write', 'Write'],
    ['offers', `Offers (${openOffers.value})`], ['incidents', 'Incidents'], ['agreements', 'Agreements'], ['watch', 'Watch and keys'],
  ]
  return (
    <>
      <div class="desk">
        <label>Position
          <select value={position.value} onChange={(e) => pick(e.currentTarget.value)}>
            {names.map((p) => <option key={p.name} value={p.name}>{p.name}</option>)}
          </select>
        </label>
        <Speaker />
      </div>
      <nav class="parts" aria-label="Parts of the channel">
        {parts.map(([k, words]) => <button type="button" key={k} aria-current={part.value === k ? 'page' : undefined} onClick={() => (part.value = k)}>{words}</button>)}
      </nav>
      {part.value === 'inbox' && <Inbox />}
      {part.value === 'sent' && <Sent />}
      {part.value === 'write' && <Compose sent={() => (part.value = 'sent')} />}
      {part.value === 'offers' && <Offers />}
      {part.value === 'incidents' && <Incidents />}
      {part.value === 'agreements' && <Agreements />}
      {part.value === 'watch' && <><WatchList /><Invite /><Keys /></>}
    </>
  )
}

/** Speaker says under whose name acts go out, and who stands for that. */
function Speaker() {
  const s = session.value
  return (
    <div class="speaker">
      {s?.person || signer.value ? (
        <p>You speak as <strong>{alias.value}</strong>{s?.role || signer.value ? `, ${signer.value?.as.role ?? s?.role}` : ''}.</p>
      ) : (
        <label>Your alias (no real name)
          <input value={person.value} maxLength={40} autocomplete="off" spellcheck={false} onInput={(e) => (person.value = e.currentTarget.value.trim())} />
        </label>
      )}
      <p class="quiet">{custodyWords(signer.value ? 'held' : 'node')}{custody.value === 'held' && ' The last act was signed.'}</p>
    </div>
  )
}

/** custodyWords says who stands for what is said. */
export const custodyWords = (c: 'held' | 'node'): string =>
  c === 'held' ? '● Signed by the key that this browser holds.' : '○ Vouched for by the node: this browser holds no enrolled key.'

function Inbox() {
  const d = desk.value
  if (!d) return <p role="status">Asking the node…</p>
  // The message of a STOP is answered with the STOP itself.
  const rest = d.inbox.filter((m) => m.message_type !== 'STOP')
  return (
    <>
      <Standing />
      <TestCalls tests={d.tests} />
      {d.watch.length === 0 && <p class="note"><strong>Nobody stands {position.value}.</strong> What comes in goes up the ladder at once, as if nobody answered. <button type="button" onClick={() => (part.value = 'watch')}>Take the watch</button></p>}
      {d.inbox.length === 0 && d.stops.length === 0 && <p>Nothing waits for {position.value}.</p>}
      <ol class="messages">{rest.map((m) => <li key={m.id}><MessageView m={m} /></li>)}</ol>
      {d.undertakings.length > 0 && (
        <>
          <h3>Undertaken on calls</h3>
          <ul>{d.undertakings.map((u) => <li key={u.id}>{nameOfParty(u.who)}: {u.what}, until {clock(Date.parse(u.until))}, {leftWords(u.until)}</li>)}</ul>
        </>
      )}
    </>
  )
}

function Sent() {
  const d = desk.value
  if (!d) return <p role="status">Asking the node…</p>
  return (
    <>
      {d.outbox.length === 0 && <p>Nothing that you sent is open.</p>}
      <ol class="messages">{d.outbox.map((m) => <li key={m.id}><MessageView m={m} /></li>)}</ol>
      {closed.value.length > 0 && (
        <>
          <h3>Dealt with since this page was opened</h3>
          <ol class="messages">{closed.value.map((m) => <li key={m.id}><MessageView m={m} /></li>)}</ol>
        </>
      )}
    </>
  )
}

const watchFailed = signal('')

/** TakeWatch puts who speaks here on the roster, after those who are on it. */
function TakeWatch({ watches }: { watches: Watch[] }) {
  const hours = useSignal(12)
  if (watches.some((w) => w.person === alias.value)) return null
  if (!alias.value || !level.value) return <p class="quiet">To stand it yourself, say under which alias: one that your party’s record has in a role.</p>
  const take = async (): Promise<void> => {
    watchFailed.value = ''
    const from = Math.floor(now.value / 1000) * 1000
    const own = {
      position: position.value, person: alias.value, level: level.value, languages: me.value?.languages ?? [], linguist: false,
      from: new Date(from).toISOString(), to: new Date(from + hours.value * 3_600_000).toISOString(),
    }
    try {
      await say('party.roster', { position: position.value, watches: [...watches, own] })
    } catch (e) {
      watchFailed.value = errorWords(e)
    }
  }
  return (
    <div class="acts">
      <button type="button" class={watches.length === 0 ? 'main' : ''} onClick={() => void take()}>Stand {position.value} as {alias.value}</button>
      <label>for <input type="number" min={1} max={24} value={hours.value} onInput={(e) => (hours.value = Math.min(24, Math.max(1, e.currentTarget.valueAsNumber || 1)))} /> h</label>
      <p class="quiet">That is the roster of {position.value} from now on: of those above and you. Shifts planned for later are to be entered again.</p>
      {watchFailed.value && <p class="error" role="alert">{watchFailed.value}</p>}
    </div>
  )
}

function WatchList() {
  const mine = desk.value?.watch ?? []
  const others = [...parties.value.values()].filter((p) => p.id !== session.value?.party && (p.desks?.length ?? 0) > 0)
  return (
    <>
      <h3>Who stands the position {position.value}</h3>
      {mine.length === 0 && <p><strong>Nobody.</strong> What comes in goes up the ladder at once.</p>}
      <TakeWatch watches={mine} />
      <ul>
        {mine.map((w) => (
          <li key={w.person + w.from}>
            {w.person}, {w.level}{w.languages?.length ? `, speaks ${w.languages.join(', ')}` : ''}{w.linguist ? ', linguist' : ''}, {window_(Date.parse(w.from), Date.parse(w.to), now.value)}
          </li>
        ))}
      </ul>
      <h3>At the others</h3>
      <ul>
        {others.map((p) => (
          <li key={p.id}>
            <strong>{nameOfParty(p.id)}</strong>: {p.desks!.map((d) => `${d.position} ${d.manned ? `● manned${d.level ? ` (${d.level})` : ''}` : '○ UNMANNED'}`).join('; ')}
          </li>
        ))}
      </ul>
    </>
  )
}
