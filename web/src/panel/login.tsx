// Who looks: a one-use join code, a client of the node's issuer, or a token.
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { begin } from '../picture.ts'
import { get, post, Problem, Unreachable } from '../node.ts'
import { seat } from '../seat.ts'
import { lapsed, session, type Session } from '../state.ts'
import { join } from '../url.ts'
import { errorWords } from '../words.ts'

const failed = signal('')
const busy = signal(false)

/** enter opens a session with what was given. */
export async function enter(credentials: Record<string, string>): Promise<void> {
  busy.value = true
  failed.value = ''
  try {
    session.value = await post<Session>('/v1/session', { seat, ...credentials })
    lapsed.value = false
    await begin()
  } catch (e) {
    session.value = null
    failed.value = e instanceof Problem && e.status === 401 ? `Not accepted: ${e.message}` : loginWords(e)
  } finally {
    busy.value = false
  }
}

/** resume takes up the session that this seat has, or the code that a link
 * brought. */
export async function resume(): Promise<void> {
  if (join) {
    history.replaceState(null, '', location.pathname + location.search) // a used code is nobody's business
    await enter({ code: join })
    if (session.value) return
  }
  try {
    session.value = await get<Session>('/v1/session')
    await begin()
  } catch (e) {
    session.value = null
    if (!(e instanceof Problem && e.status === 401)) failed.value = loginWords(e)
  }
}

/** loginWords is what went wrong, to somebody who sees nothing else. */
const loginWords = (e: unknown): string => (e instanceof Unreachable ? 'The node cannot be reached: it is not running, or the network is cut. Try again.' : errorWords(e))

export function Login() {
  const code = useRef<HTMLInputElement>(null)
  useEffect(() => code.current?.focus(), [])
  const given = (form: HTMLFormElement): Record<string, string> => Object.fromEntries([...new FormData(form)].map(([k, v]) => [k, String(v).trim()]))
  const submit = (e: SubmitEvent): void => {
    e.preventDefault()
    void enter(given(e.currentTarget as HTMLFormElement))
  }
  return (
    <main class="login">
      <h1>deconflict</h1>
      <p>Operators who share airspace but not a commander say here what they intend, and are told at once whether it conflicts with anyone’s plan.</p>
      {lapsed.value && <p class="note">Your session has ended. Sign in to go on.</p>}
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      <form onSubmit={submit} aria-label="Join with a code">
        <label>Join code<input ref={code} name="code" required autocomplete="off" autocapitalize="characters" spellcheck={false} placeholder="K7QM4-XW2PD" /></label>
        <button class="main" disabled={busy.value}>Join</button>
        <p class="quiet">Printed by the node where it was started, or shown by somebody who has joined. It works once.</p>
      </form>
      <details>
        <summary>No code, or it is not accepted</summary>
        <ul>
          <li>Who is signed in for your party makes another: Channel, Watch and keys, Invite.</li>
          <li>At a site its chief makes one in the same place, for a party that is new, and for one of which nobody is signed in any more.</li>
          <li>When nobody can, go to the machine that the node runs on and start the node again: it prints a new code. Nothing that was declared is lost, and who joined with a code stays signed in.</li>
        </ul>
        <p class="quiet">A session lasts 12 hours at most. A code that nobody used is void after a restart.</p>
      </details>
      <details>
        <summary>With a client id and secret, or a token</summary>
        <form onSubmit={submit} aria-label="Sign in as a client">
          <label>Client id<input name="client_id" required autocomplete="username" spellcheck={false} /></label>
          <label>Secret<input name="client_secret" type="password" required autocomplete="current-password" /></label>
          <button disabled={busy.value}>Sign in</button>
        </form>
        <form onSubmit={submit} aria-label="Sign in with a token">
          <label>Token<textarea name="token" required rows={3} spellcheck={false} autocomplete="off" /></label>
          <button disabled={busy.value}>Use the token</button>
        </form>
      </details>
    </main>
  )
}
