// The node's interface. The session is a cookie that no script can read; the
// header names which one is meant, and keeps other sites from using any.
import { now } from './clock.ts'
import { person, signer } from './keys.ts'
import { seat } from './seat.ts'
import { instant, sign, type Statement } from './sign.ts'
import { lapsed, session } from './state.ts'

/** Problem is an answer that refuses (RFC 9457). */
export class Problem extends Error {
  readonly status: number
  readonly kind: string
  readonly details: unknown

  constructor(status: number, body: { type?: string; title?: string; detail?: string; details?: unknown }) {
    super(body.detail || body.title || `the node answered ${status}`)
    this.status = status
    this.kind = (body.type ?? '').split(':').pop() ?? ''
    this.details = body.details
  }
}

/** Unreachable is that no answer came. */
export class Unreachable extends Error {}

export const headers = (more: Record<string, string> = {}): Record<string, string> => ({ 'Deconflict-Seat': seat, ...more })

async function ask(path: string, init: RequestInit): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' })
  } catch (e) {
    if (init.signal?.aborted) throw e
    throw new Unreachable('the node cannot be reached')
  }
  if (answer.ok) return answer
  let body = {}
  try {
    body = await answer.json()
  } catch {
    // not the node's own words: the status says it
  }
  if (answer.status === 401) signedOut()
  throw new Problem(answer.status, body)
}

/** signedOut asks for signing in anew when the session that there was is over. */
export function signedOut(): void {
  if (!session.value) return
  lapsed.value = true
  session.value = null
}

/** get reads from the node. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, signal ? { headers: headers(), signal } : { headers: headers() })
  return (await answer.json()) as T
}

/** post sends to the node. */
export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = {
    method: 'POST',
    headers: headers({ 'Content-Type': 'application/json' }),
    body: body instanceof Blob ? body : JSON.stringify(body),
  }
  if (signal) init.signal = signal
  const answer = await ask(path, init)
  return (answer.status === 204 ? undefined : await answer.json()) as T
}

/** remove deletes at the node. */
export async function remove(path: string): Promise<void> {
  await ask(path, { method: 'DELETE', headers: headers() })
}

/** Basis is what an answer rests on. */
export interface Basis {
  node: string
  node_time: string
  journal_size: number
  journal_root: string
}

/** Taken is the answer to an act. */
export interface Taken {
  id: string
  index: number
  custody?: Custody
  missing?: string[]
  events: { index: number; fields: Record<string, unknown> }[]
}

/** madeBy is the id of what an act made or changed; the act has one of its own. */
export function madeBy(t: Taken): string | null {
  const id = t.events.find((e) => e.fields['type'] !== 'act.taken' && typeof e.fields['id'] === 'string')?.fields['id']
  return typeof id === 'string' ? id : null
}

/** Custody says who stands for an act: the role's own key, or the node. */
export type Custody = 'held' | 'node'

/** act does something under the session's party: signed by the key of its role
 * where this browser has one that the party's record names, else the node
 * vouches for it. */
export async function act(kind: string, body: unknown): Promise<Taken> {
  const s = session.value
  const by = signer.value
  if (s && by) {
    const statement: Statement = {
      act: kind, at: instant(now.value), body, id: crypto.randomUUID(), node: s.node, party: s.party, person: by.as.person, role: by.as.role,
    }
    try {
      return await post('/v1/acts', { statement, signatures: [await sign(by.key.privateKey, by.key.publicKey, statement)] })
    } catch (e) {
      // Nothing keeps a STOP from being said, least of all a key; sent again under
      // its id it is said once.
      if (kind !== 'channel.stop' || e instanceof Unreachable) throw e
      return post('/v1/acts', { statement: { act: kind, id: statement.id, body } })
    }
  }
  // A session that names nobody leaves it to who sits here to say so.
  const said = person.value && !s?.person ? { person: person.value, role: s?.role || 'watch' } : {}
  return post('/v1/acts', { statement: { act: kind, body, ...said } })
}
