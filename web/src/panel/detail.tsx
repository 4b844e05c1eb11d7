// What is selected: the verdict in words, what it rests on, and ways out.
import { signal } from '@preact/signals'
import { forward } from 'mgrs'
import { enters } from '../alarm.ts'
import { now } from '../clock.ts'
import { boxOf, nameOf } from '../map/features.ts'
import { act } from '../node.ts'
import { items, over, phase, want, type Item } from '../picture.ts'
import { goTo, selection, session } from '../state.ts'
import { altitude, degrees, window_ } from '../units.ts'
import { blocks, errorWords, sentence, shownIn, stateWords } from '../words.ts'
import { Options } from './options.tsx'

const failed = signal('')

/** callOf is what something is called here, by its id. */
export const callOf = (id: string): string => {
  const i = items.value.get(id)
  return i ? nameOf(i) : id
}

export function Detail() {
  const i = selection.value === null ? undefined : items.value.get(selection.value)
  if (!i) {
    return selection.value === null ? null : (
      <section class="detail" aria-label="Selection">
        <p>{selection.value}: nothing of it is shown to you, or it is over.</p>
      </section>
    )
  }
  const box = boxOf([i])
  const centre: [number, number] | null = box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
  return (
    <section class="detail" aria-labelledby="detail-title">
      <div class="title">
        <h2 id="detail-title">{nameOf(i)}</h2>
        {box && <button type="button" onClick={() => (goTo.value = box)}>Look there</button>}
        <button type="button" onClick={() => (selection.value = null)} aria-label="Close the selection">Close</button>
      </div>
      <p class="sum">{i.party}{i.own ? ' (us)' : ''}, {stateWords(i)}, {window_(Date.parse(i.start), Date.parse(i.end), now.value)}, {altitudes(i)}</p>
      {i.under_review && <p class="error">Under review: its verdicts rest on what no longer holds.</p>}
      {i.own && i.kind === 'intent' && <Own i={i} />}
      {i.own && i.kind === 'zone' && <Entered zone={i} />}
      {!i.own && i.kind === 'intent' && <Others i={i} />}
      {!i.own && i.shown === 'withheld' && (
        <p class="quiet">{i.native ? `${nameOf(i)} is not released to you: ask ${i.party} over the channel, or settle in an agreement what each shows.` : `Where it is its USS tells whom it concerns: subscribe, or ask ${i.party} at its uss_base_url.`}</p>
      )}
      <h3>Details</h3>
      <dl>
        {i.version && <><dt>Version</dt><dd>{i.version}</dd></>}
        {centre && <><dt>Middle</dt><dd>{degrees(...centre)} · {mgrsOf(centre)}</dd></>}
        <dt>Place</dt><dd>{shownIn(i)}</dd>
        {i.grade && <><dt>Assurance</dt><dd>{i.grade}</dd></>}
        {i.notice && <><dt>Notice</dt><dd>{i.notice}</dd></>}
        <dt>Id</dt><dd class="id">{i.id}</dd>
      </dl>
    </section>
  )
}

/** Entered says who is declared to enter a zone of ours. */
function Entered({ zone }: { zone: Item }) {
  const list = [...items.value.values()].flatMap((i) => (i.enters ?? []).filter((e) => e.zone === zone.id || e.zone === zone.name).map((e) => ({ i, e })))
  return (
    <>
      <h3>Who enters it</h3>
      {list.length === 0 && <p>No flight that is shown to you is known to enter it. Of others’ flights that are not shown to you, and of those declared by F3548-21, you are not told.</p>}
      <ul class="verdicts">
        {list.map(({ i, e }) => (
          <li key={i.id}>{enters(i, e)}<button type="button" class="link" onClick={() => (selection.value = i.id)}>Show</button></li>
        ))}
      </ul>
    </>
  )
}

/** Others says how another's flight stands to what is ours, as far as the node
 * judged that. That nothing was judged never reads as clear. */
function Others({ i }: { i: Item }) {
  const own = session.value?.party ?? ''
  const ours = [...items.value.values()].filter((o) => o.own && o.kind === 'intent' && !over(o))
  const met = ours.flatMap((o) => (o.verdicts ?? []).filter((v) => v.id === i.id).map((v) => ({ o, v })))
  const more = ours.some((o) => o.more_verdicts)
  const byF3548 = ours.filter((o) => !o.native).length
  const zones = i.enters ?? []
  return (
    <>
      <h3>How it stands to ours</h3>
      <ul class="verdicts">
        {met.map(({ o, v }, k) => (
          <li key={k} class={blocks(v) ? 'bad' : ''}>
            {blocks(v) ? '⚠ ' : ''}{nameOf(o)}: {sentence(v, own, callOf)}<button type="button" class="link" onClick={() => (selection.value = o.id)}>Show</button>
          </li>
        ))}
        {zones.map((e, k) => <li key={`zone ${k}`}>{enters(i, e)}</li>)}
      </ul>
      {i.enters_partly && <p>It may enter more of our zones: not all could be judged.</p>}
      {!i.native
        ? !met.some(({ v }) => v.against === 'intent') && <p>Not judged here: it is a reference of F3548-21, and the USS of {i.party} judges it. That nothing more is said does not say that it is clear of ours.</p>
        : (
          <>
            {met.length === 0 && phase(i) === 'proposed' && <p>Not accepted yet: it is judged when it is declared to be.</p>}
            {met.length === 0 && phase(i) !== 'proposed' && ours.length > byF3548 && <p>No conflict with a flight of ours is known{more ? ', but not all that ours meet is listed' : ''}.</p>}
            {byF3548 > 0 && <p>With {byF3548 === 1 ? 'the flight' : `the ${byF3548} flights`} that we declared by F3548-21 it is not judged here: each USS judges its own.</p>}
            {i.shown === 'withheld' && <p>Whether it enters a zone of ours is not told, as where it is is not shown to us.</p>}
          </>
        )}
    </>
  )
}

function Own({ i }: { i: Item }) {
  const list = i.verdicts ?? []
  const held = list.filter(blocks)
  const suppositions = [...new Set(list.flatMap((v) => v.measure?.suppositions ?? []))]
  const at = phase(i)
  const go = async (kind: string, body: unknown): Promise<void> => {
    failed.value = ''
    try {
      await act(kind, body)
      want(i.id)
    } catch (e) {
      failed.value = errorWords(e)
    }
  }
  return (
    <>
      <h3>How it stands to others</h3>
      {at === 'displaced' && <p class="error">⚠ It had to give way to a flight that ranks higher or was there first, and is not accepted any more. Change it so that it is clear, or withdraw it.</p>}
      {list.length === 0 && at !== 'displaced' && (i.native
        ? <p>No conflict with what is declared to this node and shown to you. That does not say that nobody is there.</p>
        : <p>Declared by F3548-21: it was compared, by outline, when it was PUT, and the answer named what is in its way. No verdict is kept here; the details are with each USS.</p>)}
      <ul class="verdicts">
        {list.map((v, k) => (
          <li key={k} class={blocks(v) ? 'bad' : ''}>
            {blocks(v) ? '⚠ ' : ''}{sentence(v, session.value?.party ?? '', callOf)}
            {items.value.has(v.id) && <button type="button" class="link" onClick={() => (selection.value = v.id)}>Show</button>}
          </li>
        ))}
      </ul>
      {i.more_verdicts && <p>And {i.more_verdicts} more that are not listed.</p>}
      {suppositions.length > 0 && (
        <details><summary>What this supposes ({suppositions.length})</summary><ul>{suppositions.map((s) => <li key={s}>{s}</li>)}</ul></details>
      )}
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      {i.native && !over(i) && (
        <div class="acts">
          {at === 'accepted' && <button type="button" onClick={() => void go('intent.activate', { id: i.id, token: i.token, read_set: i.read_set ?? [] })}>Activate</button>}
          {['activated', 'nonconforming', 'contingent'].includes(at) && <button type="button" onClick={() => void go('intent.end', { id: i.id })}>End</button>}
          {['accepted', 'proposed', 'displaced'].includes(at) && <button type="button" onClick={() => void go('intent.withdraw', { id: i.id })}>Withdraw</button>}
          {at === 'activated' && <button type="button" class="danger" onClick={() => void go('intent.nonconforming', { id: i.id })}>Not where declared</button>}
        </div>
      )}
      {i.native && !over(i) && (held.length > 0 || list.length > 0 || at === 'displaced') && <Options key={`${i.id} ${i.version}`} ask={{ intent: i.id }} act="intent.change" taken={() => want(i.id)} />}
    </>
  )
}

/** altitudes are from where to where an item reaches, for each of its parts. */
export function altitudes(i: Item): string {
  if (i.shown === 'withheld') return 'not shown to you'
  const all = [
    ...i.volumes.map((v) => `${v.lower_m === null ? 'ground' : altitude(v.lower_m, v.datum)} – ${altitude(v.upper_m, v.upper_m === null ? '' : v.datum)}`),
    ...i.paths.map((p) => {
      const h = p.points.map((q) => q[2])
      return `${altitude(Math.min(...h), p.datum)} – ${altitude(Math.max(...h), p.datum)}`
    }),
  ]
  return [...new Set(all)].slice(0, 4).join('; ') || '–'
}

/** mgrsOf is a position on the military grid, to 10 m. */
export function mgrsOf([lng, lat]: [number, number]): string {
  if (lat > 84 || lat < -80) return 'no MGRS here'
  return forward([((((lng + 180) % 360) + 360) % 360) - 180, lat], 4).replace(/^(\d+\w)(\w\w)(\d{4})(\d{4})$/, '$1 $2 $3 $4')
}
