// A join code for somebody else: a colleague, or at a site a party that is new.
import { signal, useSignal } from '@preact/signals'
import { post } from '../node.ts'
import { session } from '../state.ts'
import { clock } from '../units.ts'
import { errorWords } from '../words.ts'
import { nameOfParty } from './channeldesk.ts'

interface Invitation {
  code: string
  expires: string
  url: string
  qr: string
  /** fingerprint is that of the node's certificate; without TLS there is none. */
  fingerprint?: string
}

const failed = signal('')

export function Invite() {
  const whom = useSignal('')
  const made = useSignal<(Invitation & { of: string }) | null>(null)
  const invite = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault()
    failed.value = ''
    made.value = null
    const party = whom.value.trim()
    try {
      made.value = { ...(await post<Invitation>('/v1/invitations', party ? { party } : {})), of: party || session.value!.party }
      whom.value = ''
    } catch (err) {
      failed.value = errorWords(err)
    }
  }
  const m = made.value
  return (
    <section aria-labelledby="invite-title">
      <h3 id="invite-title">Invite</h3>
      <form onSubmit={(e) => void invite(e)} aria-label="Invite somebody">
        <label>Callsign of a party that is new here; empty: one more of {nameOfParty(session.value?.party)}
          <input value={whom.value} maxLength={60} autocomplete="off" autocapitalize="none" spellcheck={false} placeholder="kestrel" onInput={(e) => (whom.value = e.currentTarget.value)} />
        </label>
        <button>Make a join code</button>
      </form>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      {m && (
        <div class="note" role="status">
          <p>For {m.of}, once, until {clock(Date.parse(m.expires))}: <strong class="joincode">{m.code}</strong></p>
          <p>At <span class="value">{m.url.split('#')[0]}</span>, or by this picture:</p>
          <img class="qr" alt={`QR code of ${m.url}`} src={`data:image/svg+xml,${encodeURIComponent(m.qr)}`} />
          {m.fingerprint && <Fingerprint of={m.fingerprint} />}
        </div>
      )}
    </section>
  )
}

/** Fingerprint is what keeps who joins from being deceived by somebody in between. */
function Fingerprint({ of }: { of: string }) {
  const lines = of.match(/(?:[0-9A-F]{2}:?){1,8}/g) ?? []
  return (
    <>
      <p>The other browser warns of the node’s certificate. Before going on let it show the certificate; its SHA-256 fingerprint has to be this one, with or without colons, in small letters or capitals. Another one: do not go on, somebody is in between.</p>
      <p><code class="fingerprint">{lines.map((l) => <span key={l}>{l}</span>)}</code></p>
    </>
  )
}
