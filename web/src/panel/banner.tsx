// What is wrong with the picture, in the one place that cannot be overlooked.
import { ageS, diverged, loaded, mended, stream, tracks } from '../picture.ts'
import { chosen, held, now } from '../clock.ts'
import { alarm, panel, session } from '../state.ts'
import { clock, day, span } from '../units.ts'
import { part } from './channel.tsx'
import { desk, nameOfParty, position } from './channeldesk.ts'
import { Entries } from './entries.tsx'
import { Unkept } from './timekeeper.tsx'

export function Banner() {
  const s = stream.value
  void now.value // what is counted here goes on with it
  const left = session.value?.expires ? (Date.parse(session.value.expires) - Date.now()) / 1000 : Infinity
  return (
    <div class="banners">
      {alarm.value && (
        <div class="banner bad" role="alert">
          <p><strong>Conflict.</strong> {alarm.value}</p>
          <button type="button" onClick={() => (alarm.value = '')}>Seen</button>
        </div>
      )}
      <Entries />
      {loaded.value && s.state === 'cut' && (
        <p class="banner bad" role="alert">
          <strong>The picture is old.</strong> The node was last heard of {span(ageS.value)} ago ({s.why}). Nothing here is live. Trying again.
        </p>
      )}
      {diverged.value && (
        <p class="banner bad" role="alert"><strong>This picture differs from the node’s,</strong> although it was just read anew. Trust neither until somebody has found out why.</p>
      )}
      <Unkept />
      {panel.value !== 'channel' && <Waiting />}
      {mended.value && mended.value.entries > 0 && (
        <p class="banner note"><span>At {clock(mended.value.atMS)} the picture differed from the node’s in {mended.value.entries} {mended.value.entries === 1 ? 'entry' : 'entries'}, and was read anew.</span> <button type="button" onClick={() => (mended.value = null)}>Seen</button></p>
      )}
      {chosen.value !== null && (
        <p class="banner note"><strong>Not now:</strong> you look at {day(chosen.value)} {clock(chosen.value)}. <button type="button" onClick={() => (chosen.value = null)}>Back to now</button></p>
      )}
      {session.value?.mode === 'files'
        ? <p class="banner note"><strong>Files on this computer:</strong> nobody else’s flights are here. The time is that at which the first plan begins.</p>
        : held.value && <p class="banner note"><strong>A rehearsal:</strong> the node’s time is set by hand.</p>}
      {tracks.value.list.length > 0 && tracks.value.simulated && <p class="banner note"><strong>Simulated traffic.</strong> Craft that move here do not exist.</p>}
      {left < 1800 && left > 0 && <p class="banner note">Your session ends in {span(left)}. To go on you then need a new join code, or what you signed in with.</p>}
    </div>
  )
}

/** Waiting says what waits in the channel while somebody looks elsewhere. */
function Waiting() {
  const all = desk.value?.inbox.filter((m) => m.message_type !== 'STOP') ?? []
  const first = all[0]
  if (!first) return null
  const pressing = first.precedence === 'FLASH' || first.precedence === 'IMMEDIATE'
  return (
    <p class={`banner ${pressing ? 'bad' : 'note'}`} role={pressing ? 'alert' : 'status'}>
      <strong>{all.length} {all.length === 1 ? 'message waits' : 'messages wait'}</strong> for {position.value}; the first is {first.precedence} {first.message_type} {first.number} from {nameOfParty(first.from)}. <button type="button" onClick={() => { part.value = 'inbox'; panel.value = 'channel' }}>Read</button>
    </p>
  )
}
