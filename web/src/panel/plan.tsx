// Making a plan: draw it or drop a file, see at once whether it conflicts, take
// a way out, declare.
import { signal, useSignal } from '@preact/signals'
import { now } from '../clock.ts'
import { bad, checked, checkFailed, checkMS, complete, draft, drawing, fresh, layered, layersOf, mostLayers, planOf, readFile, stepFor, templates, zonesOf, type Checked, type Draft, type FileDraft, type Form, type Layer } from '../draft.ts'
import { act, madeBy, Problem, type Taken } from '../node.ts'
import { want, type LngLat } from '../picture.ts'
import { boxAround, placeOf } from '../place.ts'
import { goTo, panel, selection, session, tell, units, view } from '../state.ts'
import { altitude, clock, day, span } from '../units.ts'
import { blocks, errorWords, sentence } from '../words.ts'
import { part } from './channel.tsx'
import { me, partiesRead } from './channeldesk.ts'
import { callOf } from './detail.tsx'
import { Options } from './options.tsx'

const busy = signal(false)
const failed = signal('')

/** said is what came of the last declaration. */
const said = signal('')

/** ground_m is how high the ground is there above mean sea level. */
const ground_m = signal(0)

/** where is the place that templates are put at, as it was typed. */
const where = signal('')

const read = signal<{ drafts: FileDraft[]; notes: string[] } | null>(null)

const set = (part: Partial<Draft>): void => {
  if (draft.value) draft.value = { ...draft.value, ...part }
}

export function Plan() {
  if (session.value?.mode === 'files') return <section class="plan"><p>These are files on this computer. To declare a plan, start a node: <code>deconflict serve</code>.</p></section>
  const d = draft.value
  return (
    <section class="plan" aria-labelledby="plan-title">
      <h2 id="plan-title">{d ? (d.what === 'zone' ? 'A zone' : d.replaces ? 'A change' : 'A plan') : 'Make a plan'}</h2>
      {!d && <Begin />}
      {d && <Edit d={d} />}
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
    </section>
  )
}

function middle(): LngLat {
  const v = view.value
  return v ? [v.lng, v.lat] : [0, 0]
}

function Begin() {
  const begin = (what: Draft['what'], form: Form): void => {
    failed.value = ''
    said.value = ''
    draft.value = fresh(what, form)
    drawing.value = true
    tell.value = 'Press on the map to place points, or type a position.'
  }
  const at = where.value.trim() ? placeOf(where.value) : middle()
  const put = (make: (at: LngLat, ground_m: number) => Draft): void => {
    failed.value = ''
    said.value = ''
    if (!at) return
    const d = (draft.value = make(at, ground_m.value))
    where.value = ''
    goTo.value = boxAround(at, d.reach_m)
  }
  return (
    <>
      {said.value && <p class="note">{said.value} <button type="button" onClick={() => { part.value = 'agreements'; panel.value = 'channel' }}>Who sees it?</button></p>}
      {!session.value?.scopes.includes('deconflict.act') && <p class="note">This token may look, not declare: it lacks the scope <code>deconflict.act</code>. A USS declares by F3548-21 with its own program, and sees it here.</p>}
      {partiesRead.value && !me.value && (
        <p class="note">
          {session.value?.party} is not enrolled at this node: what you draw can be checked, and nothing declared yet. <button type="button" onClick={() => (panel.value = 'channel')}>Enrol it</button>
        </p>
      )}
      <div class="acts">
        <button type="button" class="main" onClick={() => begin('intent', 'circle')}>Draw a circle</button>
        <button type="button" onClick={() => begin('intent', 'polygon')}>Draw an area</button>
        <button type="button" onClick={() => begin('intent', 'corridor')}>Draw a corridor</button>
        <button type="button" onClick={() => begin('zone', 'polygon')}>Draw a zone</button>
      </div>
      <h3>From a file</h3>
      <label class="drop" onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); void take(e.dataTransfer?.files[0]) }}>
        <span>Drop a file here, or choose one: .plan, KML or KMZ, GeoJSON, GPX, waypoints</span>
        <input type="file" accept=".plan,.kml,.kmz,.geojson,.json,.gpx,.waypoints,.txt" onChange={(e) => void take(e.currentTarget.files?.[0])} />
      </label>
      {read.value && (
        <ul>
          {read.value.drafts.map((f, k) => <li key={k}><button type="button" onClick={() => use(f)}>{f.name || `Plan ${k + 1}`}</button></li>)}
          {read.value.notes.map((n) => <li key={n} class="quiet">{n}</li>)}
        </ul>
      )}
      <h3>By point and radius</h3>
      <label>Where <input value={where.value} size={28} autocomplete="off" spellcheck={false} placeholder="empty: the middle of the map" aria-invalid={!at} onInput={(e) => (where.value = e.currentTarget.value)} /></label>
      <p class="ground-height"><Length height label="The ground there is above mean sea level by" value={ground_m.value} onValue={(m) => (ground_m.value = m)} /> <span class="quiet">This page knows no terrain.</span></p>
      {!at && <p class="quiet">Not read as a place yet. Write it as 47.4,8.55, as 47 24.000 N 8 33.000 E, or as a square of the military grid: 32T MT 66 49.</p>}
      <ul class="templates">
        {templates.map((t) => (
          <li key={t.name}><button type="button" disabled={!at} onClick={() => put(t.make)}>{t.name}</button> <span class="quiet">{t.about}</span></li>
        ))}
      </ul>
    </>
  )
}

let taken: File | null = null

async function take(file: File | undefined): Promise<void> {
  if (!file) return
  failed.value = ''
  said.value = ''
  try {
    const start = Math.ceil((now.value + 5 * 60_000) / 60_000) * 60_000
    const answer = await readFile(file, start)
    taken = file
    read.value = answer
    if (answer.drafts.length === 1) use(answer.drafts[0]!)
    else if (answer.drafts.length === 0) failed.value = `${file.name}: nothing in it says where somebody flies.`
  } catch (e) {
    failed.value = errorWords(e)
  }
}

/** restart reads the file again for another start, where it has no clock. */
async function restart(start: number): Promise<void> {
  const d = draft.value
  if (!taken || !d?.file) return
  try {
    const at = read.value?.drafts.indexOf(d.file) ?? -1
    const answer = await readFile(taken, start)
    const file = answer.drafts[at]
    read.value = answer
    if (file) set({ file, start, end: d.end + start - d.start })
  } catch (e) {
    failed.value = errorWords(e)
  }
}

function use(f: FileDraft): void {
  said.value = ''
  const times = [...f.volumes.flatMap((v) => [Date.parse(v.start), Date.parse(v.end)]), ...f.paths.flatMap((p) => p.points.map((q) => q[3]))]
  const base = fresh('intent', 'file')
  draft.value = { ...base, name: f.name.slice(0, 60), file: f, start: times.length ? Math.min(...times) : base.start, end: times.length ? Math.max(...times) : base.end }
  const places = [...f.volumes.flatMap((v) => v.ring), ...f.paths.flatMap((p) => p.points.map((q): LngLat => [q[0], q[1]]))]
  if (places.length) goTo.value = [Math.min(...places.map((p) => p[0])), Math.min(...places.map((p) => p[1])), Math.max(...places.map((p) => p[0])), Math.max(...places.map((p) => p[1]))]
}

const footM = 0.3048
const mileM = 1852

/** Length is a number in the units chosen; inside it is metres. */
function Length({ label, value, onValue, height = false }: { label: string; value: number; onValue: (m: number) => void; height?: boolean }) {
  // What is being typed stays, whatever else changes meanwhile.
  const typed = useSignal<string | null>(null)
  const [unit, per, digits] = units.value === 'metric' ? ['m', 1, 0] : height || value < 0.5 * mileM ? ['ft', footM, 0] : ['NM', mileM, 2]
  return (
    <label>{label} ({unit})
      <input type="number" step="any" required value={typed.value ?? Number((value / per).toFixed(digits))} onInput={(e) => (typed.value = e.currentTarget.value)} onBlur={() => (typed.value = null)} onChange={(e) => { const v = e.currentTarget.valueAsNumber; if (Number.isFinite(v)) onValue(v * per) }} />
    </label>
  )
}

/** instantOf reads a time as people write it: 0805, 08:05, 08:05:30, with or
 * without a date before it; without, it is on the day that was there. */
export function instantOf(text: string, before: number, zulu: boolean): number | null {
  const m = /^(?:(\d{4}-\d\d-\d\d)[ T])?(\d\d):?(\d\d)(?::?(\d\d))?Z?$/i.exec(text.trim())
  if (!m) return null
  const at = Date.parse(`${m[1] ?? day(before)}T${m[2]}:${m[3]}:${m[4] ?? '00'}${zulu ? 'Z' : ''}`)
  return Number.isNaN(at) ? null : at
}

function Instant({ label, value, onValue }: { label: string; value: number; onValue: (ms: number) => void }) {
  const zulu = units.value === 'aviation'
  const typed = useSignal<string | null>(null)
  return (
    <label>{label} ({zulu ? 'Zulu' : 'local'})
      <input
        required autocomplete="off" spellcheck={false} placeholder="08:05" value={typed.value ?? `${day(value)} ${clock(value).replace('Z', '')}`}
        onInput={(e) => (typed.value = e.currentTarget.value)} onBlur={() => (typed.value = null)}
        onChange={(e) => {
          const at = instantOf(e.currentTarget.value, value, zulu)
          e.currentTarget.setCustomValidity(at === null ? 'expected a time such as 08:05, or 2031-05-05 08:05:00' : '')
          if (at === null) e.currentTarget.reportValidity()
          else onValue(at)
        }}
      />
    </label>
  )
}

const forms: Record<Form, string> = { circle: 'Press on the map where its middle is.', polygon: 'Press on the map at each corner.', corridor: 'Press on the map along the line.', file: '' }

function Edit({ d }: { d: Draft }) {
  const zone = d.what === 'zone'
  return (
    <form class="edit" onSubmit={(e) => { e.preventDefault(); void declare(d) }}>
      {d.form !== 'file' && (
        <div class="acts">
          <button type="button" aria-pressed={drawing.value} onClick={() => (drawing.value = !drawing.value)}>{drawing.value ? 'Done placing points' : 'Place points'}</button>
          {d.points.length > 0 && d.form !== 'circle' && <button type="button" onClick={() => set({ points: d.points.slice(0, -1) })}>Take the last point back</button>}
          {drawing.value && <span class="quiet">{forms[d.form]}</span>}
        </div>
      )}
      {d.form !== 'file' && <Typed d={d} />}
      <label>Name that crews use<input value={d.name} maxLength={d.stack ? 30 : 60} onInput={(e) => set({ name: e.currentTarget.value })} /></label>
      {zone && (
        <label>Kind
          <select value={d.zone} onChange={(e) => set({ zone: e.currentTarget.value as Draft['zone'] })}>
            <option value="no_entry">no entry</option>
            <option value="entry_with_contact">entry with contact</option>
            <option value="call_first">call first</option>
            <option value="advisory">advisory</option>
          </select>
        </label>
      )}
      {d.form === 'circle' && <Length label="Radius" value={d.reach_m} onValue={(m) => set({ reach_m: m })} />}
      {d.inner_m !== null && <Length label="Inner radius" value={d.inner_m} onValue={(m) => set({ inner_m: m })} />}
      {d.form === 'corridor' && <Length label="Half its width" value={d.reach_m} onValue={(m) => set({ reach_m: m })} />}
      {d.form !== 'file' && (
        <>
          <Length height label="Floor" value={d.lower_m} onValue={(m) => (d.stack ? restack({ lower_m: m }) : set({ lower_m: m }))} />
          <Length height label="Ceiling" value={d.upper_m} onValue={(m) => (d.stack ? restack({ upper_m: m }) : set({ upper_m: m }))} />
          {d.stack && <StackFields d={d} />}
          <label>Altitudes above
            <select value={d.datum} onChange={(e) => set({ datum: e.currentTarget.value as Draft['datum'] })}>
              <option value="AMSL">mean sea level (EGM96)</option>
              <option value="W84">the ellipsoid (WGS84)</option>
            </select>
          </label>
          <Instant label="From" value={d.start} onValue={(ms) => set({ start: ms, end: d.end + ms - d.start })} />
          <Instant label="Until" value={d.end} onValue={(ms) => set({ end: ms })} />
        </>
      )}
      {d.file && (d.file.suppositions.some((t) => t.startsWith('start '))
        ? <Instant label="From" value={d.start} onValue={(ms) => void restart(ms)} />
        : <p>From {clock(d.start)}, as the file says.</p>)}
      {d.file && <p>Until {clock(d.end)}, {heights(d.file)}.</p>}
      {!zone && (
        <label>Craft
          <select value={d.aircraft} onChange={(e) => set({ aircraft: e.currentTarget.value as Draft['aircraft'] })}>
            <option value="unmanned">unmanned</option>
            <option value="manned">manned</option>
            <option value="other">other</option>
          </select>
        </label>
      )}
      <details>
        <summary>More</summary>
        {!zone && (
          <label>Rank
            <select value={d.rank} onChange={(e) => set({ rank: e.currentTarget.value })}>
              {['other', 'scheduled', 'state', 'humanitarian', 'fire', 'rescue', 'medical', 'emergency'].map((r) => <option key={r}>{r}</option>)}
            </select>
          </label>
        )}
        <label>Who answers for it (position)<input value={d.contact} required onInput={(e) => set({ contact: e.currentTarget.value })} /></label>
        {zone && <label>Frequency<input value={d.frequency} onInput={(e) => set({ frequency: e.currentTarget.value })} /></label>}
        {!zone && <Length height label="The craft may be off by" value={d.error_m} onValue={(m) => set({ error_m: Math.max(0.001, m) })} />}
      </details>
      {d.file && d.file.suppositions.length > 0 && <details open><summary>What the file leaves open is supposed</summary><ul>{d.file.suppositions.map((s) => <li key={s}>{s}</li>)}</ul></details>}
      {zone ? wrongOf(d) && <p class="error">{wrongOf(d)}</p> : <Verdicts d={d} />}
      <div class="acts">
        <button class="main" disabled={busy.value || !complete(d) || bad.value || wrongOf(d) !== ''}>{zone ? 'Declare and put in force' : d.stack ? `Declare ${d.stack.layers.length === 1 ? 'the layer' : `the ${d.stack.layers.length} layers`}` : d.replaces ? 'Declare the change' : 'Declare'}</button>
        <button type="button" onClick={drop}>Discard</button>
      </div>
      {d.stack && checked.value?.layers?.map((c, k) => c.blocked && layersOf(d)[k] && (
        <div key={JSON.stringify(planOf(layersOf(d)[k]!))}>
          <p class="quiet">For {d.stack!.layers[k]!.name}:</p>
          <Options ask={{ plan: planOf(layersOf(d)[k]!) }} act="intent.declare" taken={() => without(k)} />
        </div>
      ))}
      {!zone && !d.stack && bad.value && (
        <Options key={JSON.stringify(planOf(d))} ask={{ plan: planOf(d), ...(d.replaces ? { replaces: d.replaces.id } : {}) }} act={d.replaces ? 'intent.change' : 'intent.declare'} taken={drop} />
      )}
    </form>
  )
}

/** restack lays the layers anew, as many as before unless their number or the step
 * is what changes; their names stay, from the lowest up. */
function restack(to: { lower_m?: number; upper_m?: number; step_m?: number; gap_m?: number; count?: number }): void {
  const d = draft.value
  if (!d?.stack) return
  const lower_m = to.lower_m ?? d.lower_m
  const upper_m = to.upper_m ?? d.upper_m
  const gap_m = to.gap_m ?? d.stack.gap_m
  const step_m = to.step_m ?? stepFor(lower_m, upper_m, gap_m, to.count ?? d.stack.layers.length)
  set({ lower_m, upper_m, stack: layered(lower_m, upper_m, step_m, gap_m, d.stack.layers.map((l) => l.name)) })
}

/** without takes a layer out of the stack; the last takes the draft with it. */
function without(k: number): void {
  const d = draft.value
  if (!d?.stack) return
  const layers = d.stack.layers.filter((_, j) => j !== k)
  if (layers.length === 0) drop()
  else set({ stack: { ...d.stack, layers } })
}

function StackFields({ d }: { d: Draft }) {
  const s = d.stack!
  const change = (k: number, part: Partial<Layer>): void => {
    const stack = draft.value?.stack // as it stands: it may have changed since this was drawn
    if (stack) set({ stack: { ...stack, layers: stack.layers.map((l, j) => (j === k ? { ...l, ...part } : l)) } })
  }
  return (
    <>
      <label>Layers<input type="number" min={1} max={mostLayers} required value={s.layers.length} onChange={(e) => { const n = e.currentTarget.valueAsNumber; if (n >= 1 && n <= mostLayers) restack({ count: Math.floor(n) }) }} /></label>
      <Length height label="One every" value={s.step_m} onValue={(m) => restack({ step_m: m })} />
      <Length height label="Buffer between" value={s.gap_m} onValue={(m) => restack({ gap_m: Math.max(0, m) })} />
      <p class="quiet about-stack">Each layer is a plan of its own, declared from the lowest up. If one is refused the others stand, and it stays here to be changed. The node does not compare our own flights with each other: the buffer is what keeps them apart.</p>
      {s.layers.map((l, k) => (
        <fieldset class="layer" key={k}>
          <label>Layer {k + 1}<input value={l.name} maxLength={28} required onInput={(e) => change(k, { name: e.currentTarget.value })} /></label>
          <Length height label="from" value={l.lower_m} onValue={(m) => change(k, { lower_m: m })} />
          <Length height label="to" value={l.upper_m} onValue={(m) => change(k, { upper_m: m })} />
          <button type="button" aria-label={`Leave out ${l.name}`} onClick={() => without(k)}>✕</button>
        </fieldset>
      ))}
    </>
  )
}

/** heights are the lowest and the highest of a file. */
function heights(f: FileDraft): string {
  const low = [...f.volumes.map((v) => v.lower_m), ...f.paths.flatMap((p) => p.points.map((q) => q[2]))]
  const high = [...f.volumes.map((v) => v.upper_m), ...f.paths.flatMap((p) => p.points.map((q) => q[2]))]
  const datum = f.volumes[0]?.datum ?? f.paths[0]?.datum ?? ''
  const from = low.includes(null) ? 'ground' : altitude(Math.min(...(low as number[])))
  return `${from} – ${high.includes(null) ? altitude(null) : altitude(Math.max(...(high as number[])), datum)}`
}

/** Typed is the same as drawing, for who does not point at maps. */
function Typed({ d }: { d: Draft }) {
  return (
    <details>
      <summary>Points as numbers ({d.points.length})</summary>
      {d.points.map(([lng, lat], k) => (
        <div class="point" key={k}>
          <label>Latitude {k + 1}<input type="number" step="any" min={-90} max={90} value={Number(lat.toFixed(6))} onChange={(e) => move(k, [lng, e.currentTarget.valueAsNumber])} /></label>
          <label>Longitude {k + 1}<input type="number" step="any" value={Number(lng.toFixed(6))} onChange={(e) => move(k, [e.currentTarget.valueAsNumber, lat])} /></label>
        </div>
      ))}
      {(d.form !== 'circle' || d.points.length === 0) && <button type="button" onClick={() => set({ points: [...d.points, middle()] })}>Add the middle of the map</button>}
    </details>
  )
}

function move(k: number, at: LngLat): void {
  if (draft.value && at.every(Number.isFinite)) set({ points: draft.value.points.map((p, j) => (j === k ? at : p)) })
}

/** wrongOf says in the page's own words what no node takes; empty: nothing. */
const wrongOf = (d: Draft): string =>
  d.form === 'file' ? '' : d.lower_m >= d.upper_m ? 'The floor has to be below the ceiling.' : d.end <= d.start ? 'It has to end after it begins.' : d.stack ? wrongLayer(d.stack.layers) : ''

/** wrongLayer: own flights are not judged against each other by the node, so layers
 * that overlap are kept back here. */
function wrongLayer(layers: Layer[]): string {
  for (const [k, l] of layers.entries()) {
    if (!l.name.trim()) return `Layer ${k + 1} needs a name.`
    if (l.lower_m >= l.upper_m) return `The floor of ${l.name} has to be below its ceiling: is the buffer less than the step?`
    const o = layers.slice(0, k).find((b) => b.name.trim() === l.name.trim() || (b.lower_m < l.upper_m && l.lower_m < b.upper_m))
    if (o) return o.name.trim() === l.name.trim() ? `Two layers are called ${l.name}.` : `${o.name} and ${l.name} overlap.`
  }
  return ''
}

function Verdicts({ d }: { d: Draft }) {
  const c = checked.value
  const own = session.value?.party ?? ''
  return (
    <div class="judged" role="status" aria-live="polite">
      {(wrongOf(d) || checkFailed.value) && <p class="error">{wrongOf(d) || checkFailed.value}</p>}
      {c?.blocked && <p class="error">⚠ Conflict: it would be refused as it stands.</p>}
      {c && !c.blocked && <p>{c.state === 'none declared' ? 'None declared near: that does not say that nobody is there.' : c.verdicts.length > 0 ? 'It would be accepted. What it meets:' : 'No conflict with what is declared and shown to you.'}</p>}
      {c && c.verdicts.length > 0 && (
        <ul class="verdicts">
          {(c.layers ?? [c]).flatMap((l, n) => l.verdicts.map((v, k) => (
            <li key={`${n} ${k}`} class={blocks(v) ? 'bad' : ''}>{d.stack?.layers[n] ? `${d.stack.layers[n].name}: ` : ''}{sentence(v, own, callOf)}</li>
          )))}
        </ul>
      )}
      {c && <p class="quiet">Judged by the node in {Math.round(checkMS.value)} ms, as of entry {c.basis.journal_size}.</p>}
    </div>
  )
}

function drop(): void {
  draft.value = null
  drawing.value = false
  failed.value = ''
}

async function declare(d: Draft): Promise<void> {
  busy.value = true
  failed.value = ''
  try {
    const left = d.what === 'zone' ? await declareZones(d) : d.stack ? await declareStack(d, checked.value) : await declareOne(d)
    if (left) {
      failed.value = left
      return
    }
    const several = (d.stack?.layers.length ?? 1) > 1
    const name = d.stack ? d.stack.layers.map((l) => l.name).join(', ') : d.name || 'It'
    const done = `${name} ${several ? 'are' : 'is'} ${d.what !== 'zone' ? 'declared' : d.start <= now.value ? 'in force' : 'declared and comes into force by itself'}: from ${clock(d.start)}, for ${span((d.end - d.start) / 1000)}.`
    tell.value = done
    drop()
    said.value = done
  } catch (e) {
    failed.value = errorWords(e)
  } finally {
    busy.value = false
  }
}

/** proposed: the node took it and did not accept it, as something is in its way
 * that we may not be shown. */
const proposed = (done: Taken): boolean => done.events.some((e) => e.fields['type'] === 'intent.decided' && e.fields['state'] === 'proposed')

const notAccepted = 'not accepted, and kept as a proposal: something is in the way, which may be a flight that is not shown to us'

async function declareOne(d: Draft): Promise<string> {
  const done = await act(d.replaces ? 'intent.change' : 'intent.declare', { ...planOf(d), read_set: checked.value?.read_set ?? [], ...(d.replaces ?? {}) })
  const id = madeBy(done)
  if (id) {
    selection.value = id
    want(id)
  }
  if (!proposed(done)) return ''
  drop()
  return `${d.name || 'It'} is ${notAccepted}. Its details say how it stands to others.`
}

/** declareStack declares the layers from the lowest up. What is refused stays in
 * the draft, and is said; when the node cannot be reached the rest stays too. */
async function declareStack(d: Draft, judged: Checked | null): Promise<string> {
  const stack = d.stack!
  const made: string[] = []
  const refused: string[] = []
  const kept: string[] = []
  const left: Layer[] = []
  for (const [k, l] of layersOf(d).entries()) {
    const layer = stack.layers[k]!
    try {
      const done = await act('intent.declare', { ...planOf(l), read_set: judged?.layers?.[k]?.read_set ?? [] })
      const id = madeBy(done)
      if (id) want(id)
      ;(proposed(done) ? kept : made).push(layer.name)
    } catch (e) {
      left.push(layer)
      refused.push(`${layer.name}: ${errorWords(e)}`)
      if (e instanceof Problem && e.status !== 401) continue
      left.push(...stack.layers.slice(k + 1))
      break
    }
  }
  if (left.length + kept.length === 0) return ''
  if (left.length === 0) drop()
  else draft.value = { ...d, stack: { ...stack, layers: left } }
  const parts = [made.length > 0 ? `Declared: ${made.join(', ')}.` : 'None is accepted.']
  if (kept.length > 0) parts.push(`${kept.join(', ')}: ${notAccepted}.`)
  if (left.length > 0) parts.push(`Still here: ${left.map((l) => l.name).join(', ')}.`, ...refused)
  return parts.join(' ')
}

/** declareZones declares the zones and puts each in force, the outer one first.
 * What was not declared stays in the draft. */
async function declareZones(d: Draft): Promise<string> {
  const [outer, inner] = zonesOf(d)
  for (const z of inner ? [outer!, inner] : [outer!]) {
    let declared = false
    try {
      const done = await act('zone.declare', z)
      const made = done.events.map((e) => e.fields).find((f) => typeof f['id'] === 'string' && typeof f['token'] === 'string')
      declared = true
      if (!made) continue
      want(String(made['id']))
      await act('zone.activate', { id: made['id'], token: made['token'] })
    } catch (e) {
      const rest = z === outer ? inner : undefined
      if (z === outer && !declared) throw e
      if (declared && !rest) drop()
      // What is declared would be refused as one of the same name.
      else draft.value = { ...d, name: String(inner!['name']), zone: 'entry_with_contact', reach_m: d.inner_m!, inner_m: null }
      return `${declared ? `${String(z['name'])} is declared, and not in force: ` : `${String(outer!['name'])} is in force, ${String(z['name'])} is not declared: `}${errorWords(e)}`
    }
  }
  return ''
}
