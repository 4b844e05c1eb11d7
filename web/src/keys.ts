// Role keys of this browser: an Ed25519 key for each node, party and role, made
// here. No script can read the private half, the node never sees it.
import { computed, signal } from '@preact/signals'
import { now } from './clock.ts'
import { base64url } from './sign.ts'
import { session } from './state.ts'

/** RoleKey is one of them. */
export interface RoleKey {
  /** "node party role" */
  id: string
  node: string
  party: string
  role: string
  /** as the party's record names it: base64url without padding */
  publicKey: string
  privateKey: CryptoKey
  /** ms since 1970 */
  made: number
}

/** Holder is a person in a role, as a party's record has it. */
export interface Holder {
  person: string
  key?: string
  from?: string
  to?: string
  revoked?: string
}

export interface Role {
  name: string
  level: 'watch' | 'duty' | 'senior' | 'policy'
  holders?: Holder[]
}

/** Enrolled is a role that the party's record gives a key. */
export interface Enrolled {
  role: string
  person: string
  level: Role['level']
}

/** keys are those of this browser for the session's party. */
export const keys = signal<RoleKey[]>([])

/** roles are those of the party's record; null until it was read. */
export const roles = signal<Role[] | null>(null)

/** person is the alias that acts are said under where the session names nobody. */
export const person = signal('')

/** why keys cannot be had here; empty: they can. */
export const unavailable = (): string =>
  globalThis.crypto?.subtle && 'indexedDB' in globalThis ? '' : 'This page came over an unprotected connection, so the browser gives it no keys. Open it by https or on the node’s own computer.'

const holds = (h: Holder, nowMS: number): boolean =>
  (!h.from || Date.parse(h.from) <= nowMS) && (!h.to || nowMS < Date.parse(h.to)) && (!h.revoked || nowMS < Date.parse(h.revoked))

/** enrolledAs finds under which role and person of the record a key signs now. */
export function enrolledAs(publicKey: string, of: Role[], role: string, nowMS: number): Enrolled | null {
  for (const r of of) {
    if (role && r.name !== role) continue
    const h = r.holders?.find((h) => h.key === publicKey && holds(h, nowMS))
    if (h) return { role: r.name, person: h.person, level: r.level }
  }
  return null
}

/** signer is the key that acts of this session are signed with: that of its
 * role, once the party's record has it. null: the node vouches. */
export const signer = computed<{ key: RoleKey; as: Enrolled } | null>(() => {
  const s = session.value
  if (!s || !roles.value) return null
  for (const key of keys.value) {
    if (key.node !== s.node || key.party !== s.party || (s.role && key.role !== s.role)) continue
    const as = enrolledAs(key.publicKey, roles.value, key.role, now.value)
    if (as && (!s.person || s.person === as.person)) return { key, as }
  }
  return null
})

/** alias is who is said to act: of the key, the session or the person's own word. */
export const alias = computed(() => signer.value?.as.person ?? (session.value?.person || person.value))

function open(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const asked = indexedDB.open('deconflict', 1)
    asked.onupgradeneeded = () => asked.result.createObjectStore('keys', { keyPath: 'id' })
    asked.onsuccess = () => done(asked.result)
    asked.onerror = () => failed(asked.error)
  })
}

async function inStore<T>(mode: IDBTransactionMode, ask: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open()
  try {
    return await new Promise<T>((done, failed) => {
      const t = db.transaction('keys', mode)
      const asked = ask(t.objectStore('keys'))
      // A key counts as kept when it is written, not when it was asked for.
      t.oncomplete = () => done(asked.result)
      t.onerror = () => failed(t.error)
      t.onabort = () => failed(t.error)
    })
  } finally {
    db.close()
  }
}

/** loadKeys reads the keys of the session's party at this node. */
export async function loadKeys(): Promise<void> {
  const s = session.value
  if (!s || unavailable()) {
    keys.value = []
    return
  }
  const all = await inStore<RoleKey[]>('readonly', (st) => st.getAll())
  keys.value = all.filter((k) => k.node === s.node && k.party === s.party)
}

/** makeKey makes the key of a role, in the place of one that this browser had. */
export async function makeKey(role: string): Promise<RoleKey> {
  const s = session.value
  if (!s) throw new Error('nobody is signed in')
  const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify'])) as CryptoKeyPair
  const key: RoleKey = {
    id: `${s.node} ${s.party} ${role}`, node: s.node, party: s.party, role, made: Date.now(),
    publicKey: base64url(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))), privateKey: pair.privateKey,
  }
  await inStore('readwrite', (st) => st.put(key))
  await loadKeys()
  return key
}

/** removeKey forgets a key for good: nobody else has it. */
export async function removeKey(id: string): Promise<void> {
  await inStore('readwrite', (st) => st.delete(id))
  await loadKeys()
}
