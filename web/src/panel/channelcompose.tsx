// Writing a message: what it is, to whom, how urgent, its fields, and a text
// with its translation. Numbers and places go into fields, which have no language.
import { signal } from '@preact/signals'
import { boxOf } from '../map/features.ts'
import { items } from '../picture.ts'
import { selection, session, view } from '../state.ts'
import { degrees } from '../units.ts'
import { errorWords } from '../words.ts'
import { nameOfParty, parties, position, say, type Precedence } from './channeldesk.ts'
import { kinds, parse, type Field, type Kind } from './channelfield.ts'
import { phrases, precedences, types } from './channelphrase.ts'

interface Row {
  name: string
  kind: Kind
  value: string
}

interface Letter {
  party: string
  position: string
  type: string
  precedence: Precedence
  rows: Row[]
  phrase: string
  text: string
  language: string
  translated: string
  translatedLanguage: string
  readBack: boolean
}

const empty = (): Letter => ({ party: '', position: 'watch', type: 'WARN', precedence: 'PRIORITY', rows: [], phrase: '', text: '', language: 'en', translated: '', translatedLanguage: '', readBack: false })

/** letter survives a change of panels, and the end of a session. */
const letter = signal<Letter>(empty())
const failed = signal('')
const busy = signal(false)

const set = (part: Partial<Letter>): void => {
  letter.value = { ...letter.value, ...part }
}

const names: Partial<Record<Kind, string>> = { position: 'where', at: 'when', level: 'level', frequency_hz: 'frequency', length_mm: 'distance', count: 'count', yes: 'cancelled', text: 'call_sign', pressure_pa: 'pressure' }

/** setType brings the fields that the type cannot do without. */
function setType(type: string): void {
  const l = letter.value
  const needs = types[type]!.needs.filter((k) => !l.rows.some((r) => r.kind === k))
  const highest = types[type]!.highest
  set({
    type, rows: [...l.rows, ...needs.map((kind) => ({ name: names[kind]!, kind, value: '' }))],
    precedence: precedences.indexOf(l.precedence) > precedences.indexOf(highest) ? highest : l.precedence,
  })
}

/** place is the middle of what is selected, else of the map. */
export function place(): string {
  const i = selection.value ? items.value.get(selection.value) : undefined
  const box = i && boxOf([i])
  const v = view.value
  if (!box && !v) return ''
  const [lng, lat] = box ? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] : [v!.lng, v!.lat]
  return degrees(lng, lat).replaceAll('°', ' ').replaceAll('′', ' ')
}

async function send(e: SubmitEvent, sent: () => void): Promise<void> {
  e.preventDefault()
  const l = letter.value
  const fields = l.rows.map((r) => parse(r.name.trim(), r.kind, r.value))
  const bad = fields.findIndex((f) => !f)
  failed.value = bad < 0 ? '' : `${l.rows[bad]!.name || 'A field'}: not read as a ${kinds[l.rows[bad]!.kind].words}. Write it as ${kinds[l.rows[bad]!.kind].how}.`
  if (bad >= 0) return
  busy.value = true
  try {
    await say('channel.send', bodyOf(l, fields as Field[]))
    letter.value = { ...empty(), party: l.party, position: l.position }
    sent()
  } catch (err) {
    failed.value = errorWords(err)
  } finally {
    busy.value = false
  }
}

function bodyOf(l: Letter, fields: Field[]): unknown {
  const text = l.text.trim()
  return {
    to: { party: l.party, position: l.position }, type: l.type, precedence: l.precedence,
    from: position.value,
    ...(fields.length ? { fields } : {}),
    ...(l.phrase ? { phrases: [l.phrase] } : {}),
    ...(text ? { text, language: l.language } : {}),
    ...(text && l.translated.trim() ? { translation: { text: l.translated.trim(), language: l.translatedLanguage, by: session.value?.person || position.value, machine: false } } : {}),
    ...(l.readBack ? { response: 'read_back' } : {}),
  }
}

export function Compose({ sent }: { sent: () => void }) {
  const l = letter.value
  const others = [...parties.value.values()].filter((p) => p.id !== session.value?.party && (p.positions?.length ?? 0) > 0)
  const to = parties.value.get(l.party)
  const allowed = precedences.slice(0, precedences.indexOf(types[l.type]!.highest) + 1)
  const desk = to?.desks?.find((d) => d.position === l.position)
  return (
    <form class="compose" onSubmit={(e) => void send(e, sent)} aria-label="Write a message">
      <label>To
        <select required value={l.party} onChange={(e) => { const party = e.currentTarget.value; set({ party, position: parties.value.get(party)?.positions?.[0]?.name ?? '' }) }}>
          <option value="">choose a party</option>
          {others.map((p) => <option key={p.id} value={p.id}>{nameOfParty(p.id)}</option>)}
        </select>
      </label>
      <label>Position
        <select required value={l.position} onChange={(e) => set({ position: e.currentTarget.value })}>
          {(to?.positions ?? []).map((p) => <option key={p.name} value={p.name}>{p.name}</option>)}
        </select>
        {to && <span class="quiet">{desk?.manned ? '● manned' : '○ UNMANNED: it goes up the ladder at once'}</span>}
      </label>
      <label>Type
        <select value={l.type} onChange={(e) => setType(e.currentTarget.value)}>
          {Object.entries(types).map(([k, t]) => <option key={k} value={k}>{k}: {t.about}</option>)}
        </select>
      </label>
      <label>Precedence
        <select value={l.precedence} onChange={(e) => set({ precedence: e.currentTarget.value as Precedence })}>
          {allowed.map((p) => <option key={p}>{p}</option>)}
        </select>
      </label>
      <Fields rows={l.rows} />
      <label>Standard phrase
        <select value={l.phrase} onChange={(e) => set({ phrase: e.currentTarget.value })}>
          <option value="">none</option>
          {Object.entries(phrases).map(([id, words]) => <option key={id} value={id}>{words}</option>)}
        </select>
      </label>
      <Texts l={l} />
      {types[l.type]!.response !== 'read_back' && (
        <label class="check"><input type="checkbox" checked={l.readBack} onChange={(e) => set({ readBack: e.currentTarget.checked })} /> Ask for the fields to be read back</label>
      )}
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      <button class="main" disabled={busy.value}>Send</button>
    </form>
  )
}

function Fields({ rows }: { rows: Row[] }) {
  const change = (k: number, part: Partial<Row>): void => set({ rows: rows.map((r, i) => (i === k ? { ...r, ...part } : r)) })
  const add = (kind: Kind): void => set({ rows: [...rows, { name: names[kind]!, kind, value: '' }] })
  return (
    <fieldset class="fields">
      <legend>Fields</legend>
      {rows.map((r, k) => (
        <div key={k} class="field">
          <label><span class="quiet">Name</span><input value={r.name} required pattern="[a-z0-9_]{1,40}" size={9} spellcheck={false} onInput={(e) => change(k, { name: e.currentTarget.value })} /></label>
          <label class="grow"><span class="quiet">{kinds[r.kind].words}, as {kinds[r.kind].how}</span><input value={r.value} required spellcheck={false} onInput={(e) => change(k, { value: e.currentTarget.value })} /></label>
          {r.kind === 'position' && <button type="button" onClick={() => change(k, { value: place() })}>{selection.value ? 'The selection' : 'Middle of the map'}</button>}
          <button type="button" aria-label={`Leave out ${r.name}`} onClick={() => set({ rows: rows.filter((_, i) => i !== k) })}>✕</button>
        </div>
      ))}
      <label>Add
        <select value="" onChange={(e) => { add(e.currentTarget.value as Kind); e.currentTarget.value = '' }}>
          <option value="">a field…</option>
          {(Object.keys(kinds) as Kind[]).map((k) => <option key={k} value={k}>{kinds[k].words}{kinds[k].critical ? ' (can be read back)' : ''}</option>)}
        </select>
      </label>
    </fieldset>
  )
}

function Texts({ l }: { l: Letter }) {
  return (
    <>
      <label>Text<textarea rows={2} maxLength={4000} lang={l.language} value={l.text} onInput={(e) => set({ text: e.currentTarget.value })} /></label>
      {l.text && (
        <>
          <label>Its language<input size={4} required value={l.language} onInput={(e) => set({ language: e.currentTarget.value.trim() })} /></label>
          <label>Translation, by a person<textarea rows={2} maxLength={4000} value={l.translated} onInput={(e) => set({ translated: e.currentTarget.value })} /></label>
          {l.translated && <label>Language of the translation<input size={4} required value={l.translatedLanguage} onInput={(e) => set({ translatedLanguage: e.currentTarget.value.trim() })} /></label>}
        </>
      )}
    </>
  )
}
