// Role keys: a key that this browser holds signs what a role says, so that
// nobody else could have said it. Before it counts, the party's record has to
// name it.
import { signal, useSignal } from '@preact/signals'
import { now } from '../clock.ts'
import { enrolledAs, keys, makeKey, person, removeKey, signer, unavailable, type RoleKey } from '../keys.ts'
import { post, type Taken } from '../node.ts'
import { instant, sign, type Statement } from '../sign.ts'
import { session } from '../state.ts'
import { clock, day } from '../units.ts'
import { errorWords } from '../words.ts'
import { me, type PartyRecord } from './channeldesk.ts'

const failed = signal('')

export function Keys() {
  const s = session.value
  if (!s) return null
  const why = unavailable()
  const record = me.value
  return (
    <section class="keys" aria-labelledby="keys-title">
      <h3 id="keys-title">Role keys of this browser</h3>
      <p>{signer.value ? `● What you say as ${signer.value.as.role} is signed here: nobody else could have said it.` : '○ The node vouches for what you say: its word, not your signature, stands behind it.'}</p>
      {why && <p class="note">{why}</p>}
      {!why && keys.value.map((k) => <KeyView key={k.id} k={k} record={record} />)}
      {!why && <Make record={record} />}
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
    </section>
  )
}

async function attempt(what: () => Promise<unknown>): Promise<void> {
  failed.value = ''
  try {
    await what()
  } catch (e) {
    failed.value = errorWords(e)
  }
}

function Make({ record }: { record: PartyRecord | null }) {
  const names = record?.roles.map((r) => r.name) ?? [session.value?.role || 'owner']
  const role = useSignal(session.value?.role && names.includes(session.value.role) ? session.value.role : names[0] ?? 'owner')
  if (keys.value.some((k) => k.role === role.value) && names.length === 1) return null
  return (
    <form onSubmit={(e) => { e.preventDefault(); void attempt(() => makeKey(role.value)) }} aria-label="Make a role key">
      <label>Role
        <select value={role.value} disabled={Boolean(session.value?.role)} onChange={(e) => (role.value = e.currentTarget.value)}>
          {names.map((n) => <option key={n}>{n}</option>)}
        </select>
      </label>
      <button disabled={keys.value.some((k) => k.role === role.value)}>Make a key for {role.value}</button>
    </form>
  )
}

function KeyView({ k, record }: { k: RoleKey; record: PartyRecord | null }) {
  const as = record ? enrolledAs(k.publicKey, record.roles, k.role, now.value) : null
  const removing = useSignal(false)
  return (
    <article class="message" aria-label={`Key of the role ${k.role}`}>
      <header><strong>{k.role}</strong> {as ? `● enrolled, ${as.person}, level ${as.level}` : '○ not enrolled: nothing is signed with it yet'}</header>
      <p class="quiet">Held by this browser since {day(k.made)} {clock(k.made)}. It cannot be copied out of it.</p>
      <p>Public key: <span class="value">{k.publicKey}</span></p>
      {!as && <EnrolKey k={k} record={record} />}
      {removing.value ? (
        <p>Nobody else has it: it cannot be brought back. <button type="button" class="danger" onClick={() => void attempt(() => removeKey(k.id))}>Destroy the key</button> <button type="button" onClick={() => (removing.value = false)}>Keep it</button></p>
      ) : <button type="button" onClick={() => (removing.value = true)}>Remove</button>}
    </article>
  )
}

/** withKey is the record with the key given to a person in a role. */
function withKey(record: PartyRecord, role: string, holder: string, key: string): Record<string, unknown> {
  const { version: _v, desks: _d, ...rest } = record as PartyRecord & { since?: string; members?: unknown }
  delete (rest as { since?: string }).since
  delete (rest as { members?: unknown }).members
  return { ...rest, roles: rest.roles.map((r) => (r.name === role ? { ...r, holders: [...(r.holders ?? []), { person: holder, key }] } : r)) }
}

/** firstRecord is that of a party whose one key this is. */
function firstRecord(party: string, name: string, holder: string, k: RoleKey): Record<string, unknown> {
  const holders = [{ person: holder, key: k.publicKey }]
  const roles = [...new Set([k.role, 'owner', 'duty', 'watch'])].map((r) => ({ name: r, level: r === k.role || r === 'owner' ? 'policy' : r, holders }))
  return {
    id: party, kind: 'signatory', names: { en: name }, languages: ['en'], roles,
    policies: { 'party.change': { k: 1, roles: ['owner'] }, 'agreement.sign': { k: 1, roles: ['owner'] } },
    positions: [{ name: 'watch', level: 'watch', bearers: [{ name: 'data', kind: 'data' }] }],
  }
}

/** signedWith does an act that needs a key of its own, whatever the session is. */
async function signedWith(k: RoleKey, as: { role: string; person: string }, kind: string, body: unknown): Promise<Taken> {
  const statement: Statement = {
    act: kind, at: instant(now.value), body, id: crypto.randomUUID(), node: k.node, party: k.party, person: as.person, role: as.role,
  }
  return post<Taken>('/v1/acts', { statement, signatures: [await sign(k.privateKey, k.publicKey, statement)] })
}

function EnrolKey({ k, record }: { k: RoleKey; record: PartyRecord | null }) {
  const holder = useSignal(session.value?.person || person.value)
  const name = useSignal(k.party)
  const said = useSignal('')
  const alias = (
    <label>Alias of who holds it (no real name)
      <input value={holder.value} required maxLength={40} autocomplete="off" spellcheck={false} readOnly={Boolean(session.value?.person)} onInput={(e) => (holder.value = e.currentTarget.value.trim())} />
    </label>
  )
  if (!record) {
    const enrol = (e: SubmitEvent): void => {
      e.preventDefault()
      void attempt(() => signedWith(k, { role: k.role, person: holder.value }, 'party.enrol', { party: firstRecord(k.party, name.value, holder.value, k) }))
    }
    return (
      <form onSubmit={enrol} aria-label="Enrol the party">
        <p>{k.party} has no record yet. Enrolled with this key, it has one person in the roles owner, duty and watch; more are added later.</p>
        <label>Name of the party, as others read it<input value={name.value} required maxLength={80} onInput={(e) => (name.value = e.currentTarget.value)} /></label>
        {alias}
        <button class="main">Enrol {k.party}</button>
      </form>
    )
  }
  // Who may change the record is its own policy; here it is a key of this browser.
  const policy = record.policies['party.change']
  const able = keys.value.map((o) => ({ k: o, as: enrolledAs(o.publicKey, record.roles, o.role, now.value) })).find((o) => o.as && policy?.roles.includes(o.as.role))
  const changed = withKey(record, k.role, holder.value || 'ALIAS', k.publicKey)
  const change = async (): Promise<void> => {
    const taken = await signedWith(able!.k, able!.as!, 'party.change', { party: changed, from: record.version })
    said.value = taken.missing?.length ? `Noted. It still needs ${taken.missing.join('; ')}.` : ''
  }
  return (
    <>
      {alias}
      {able
        ? <button type="button" class="main" disabled={!holder.value} onClick={() => void attempt(change)}>Enrol it, signed as {able.as!.role}</button>
        : (
          <>
            <p>To count, {policy?.k === 1 ? 'a signature' : `${policy?.k} signatures`} of {policy?.roles.join(', ')} must put it into the record. Who has such a key saves this as <code>{k.party}.json</code> and says:</p>
            <p><code>deconflict party change {k.party}.json --profile FILE</code></p>
            <label>{k.party}.json<textarea readOnly rows={6} value={JSON.stringify(changed, null, 1)} onFocus={(e) => e.currentTarget.select()} /></label>
            <button type="button" onClick={() => void attempt(() => navigator.clipboard.writeText(JSON.stringify(changed, null, 1)))}>Copy it</button>
          </>
        )}
      {said.value && <p role="status">{said.value}</p>}
    </>
  )
}
