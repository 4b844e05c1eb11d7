// The table: the same things as on the map, for who does not look at maps. It
// draws what is in view alone, so that ten thousand rows are no burden.
import { computed, effect, signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { boxOf, inTrouble, nameOf } from '../map/features.ts'
import { items, loaded, type Item } from '../picture.ts'
import { now, time } from '../clock.ts'
import { boundOf, boxAround, nearM, placeOf, type Bound } from '../place.ts'
import { goTo, ringsAt, selection, session, view } from '../state.ts'
import { altitude, window_ } from '../units.ts'
import { stateWords } from '../words.ts'

type Column = 'name' | 'party' | 'state' | 'start' | 'low'

/** query narrows the table: words, each of which must be somewhere in the row;
 * one that begins with - must not; <5000ft, >300m and <12NM are heights and
 * distances. */
export const query = signal('')
const sort = signal<{ by: Column; down: boolean }>({ by: 'start', down: false })
const which = signal<'all' | 'now' | 'own' | 'trouble'>('all')

const dayMS = 86_400_000

interface Row {
  item: Item
  name: string
  state: string
  start: number
  end: number
  low: number | null
  high: number | null
  datum: string
  text: string
  box: [number, number, number, number] | null
}

function rowOf(item: Item): Row {
  let low: number | null = null
  let high: number | null = null
  let bounded = item.volumes.length + item.paths.length > 0
  let topless = false
  for (const v of item.volumes) {
    if (v.lower_m === null) bounded = false
    else low = Math.min(low ?? Infinity, v.lower_m)
    if (v.upper_m === null) topless = true
    else high = Math.max(high ?? -Infinity, v.upper_m)
  }
  for (const p of item.paths) {
    for (const q of p.points) {
      low = Math.min(low ?? Infinity, q[2])
      high = Math.max(high ?? -Infinity, q[2])
    }
  }
  const name = nameOf(item)
  const state = stateWords(item)
  return {
    item, name, state, start: Date.parse(item.start), end: Date.parse(item.end), low: bounded ? low : null, high: topless ? null : high,
    datum: item.volumes[0]?.datum ?? item.paths[0]?.datum ?? '',
    text: `${name} ${item.party} ${state} ${item.kind} ${item.type ?? ''} ${item.id} ${inTrouble(item) ? 'conflict' : ''}`.toLowerCase(),
    box: boxOf([item]),
  }
}

const cache = new WeakMap<Item, Row>()
const rows = computed(() => {
  const out: Row[] = []
  for (const i of items.value.values()) {
    let r = cache.get(i)
    if (!r) cache.set(i, (r = rowOf(i)))
    out.push(r)
  }
  return out
})

const key: Record<Column, (r: Row) => string | number> = {
  name: (r) => r.name.toLowerCase(), party: (r) => r.item.party, state: (r) => r.state, start: (r) => r.start, low: (r) => r.low ?? -1e9,
}

const minute = computed(() => Math.floor(time.value / 10_000) * 10_000)

/** middle is what distances are counted from: the range rings' middle, else the
 * map's. */
const middle = computed<[number, number] | null>(() => ringsAt.value ?? (view.value && [view.value.lng, view.value.lat]))

/** inBound never leaves out what is not known well enough to be left out: whose
 * place or heights are not shown may be anywhere. */
function inBound(r: Row, b: Bound, at: [number, number] | null): boolean {
  if (!r.box) return true
  switch (b.kind) {
    case 'below': return r.low === null || r.low < b.m
    case 'above': return r.high === null || r.high > b.m
    case 'within': return !at || nearM(at, r.box) <= b.m
  }
}

/** shown are the rows that the query leaves, in order. */
export const shown = computed(() => {
  const said = placeOf(query.value) ? [] : query.value.toLowerCase().split(/\s+/).filter(Boolean)
  const bounds = said.map(boundOf).filter((b) => b !== null)
  const words = said.filter((w) => !boundOf(w))
  const from = bounds.some((b) => b.kind === 'within') ? middle.value : null
  const at = which.value === 'now' ? minute.value : 0
  const list = rows.value.filter((r) => {
    if (which.value === 'now' && (r.start > at || r.end <= at)) return false
    if (which.value === 'own' && !r.item.own) return false
    if (which.value === 'trouble' && !inTrouble(r.item)) return false
    if (!bounds.every((b) => inBound(r, b, from))) return false
    return words.every((w) => (w.startsWith('-') && w.length > 1 ? !r.text.includes(w.slice(1)) : r.text.includes(w)))
  })
  const { by, down } = sort.value
  const of = key[by]
  const sign = down ? -1 : 1
  return list.sort((a, b) => {
    const x = of(a)
    const y = of(b)
    return x < y ? -sign : x > y ? sign : a.item.id < b.item.id ? -1 : 1
  })
})

const rowPX = 44
const top = signal(0)
const height = signal(400)

export function Table() {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const b = box.current!
    const sized = new ResizeObserver(() => (height.value = b.clientHeight))
    sized.observe(b)
    // What is selected elsewhere comes into view here.
    const end = effect(() => {
      const id = selection.value
      if (!id) return
      const at = shown.peek().findIndex((r) => r.item.id === id)
      if (at < 0) return
      if (at * rowPX < b.scrollTop) b.scrollTop = at * rowPX
      else if ((at + 2) * rowPX > b.scrollTop + b.clientHeight) b.scrollTop = (at + 2) * rowPX - b.clientHeight
    })
    return () => {
      sized.disconnect()
      end()
    }
  }, [])
  const list = shown.value
  const first = Math.max(0, Math.floor(top.value / rowPX) - 5)
  const last = Math.min(list.length, first + Math.ceil(height.value / rowPX) + 10)
  const picked = list.findIndex((r) => r.item.id === selection.value)
  const onKey = (e: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[e.key]
    if (step === undefined || list.length === 0) return
    e.preventDefault()
    const to = Math.max(0, Math.min(list.length - 1, (picked < 0 ? (step > 0 ? -1 : list.length) : picked) + step))
    selection.value = list[to]!.item.id
  }
  return (
    <section class="table" aria-labelledby="table-title">
      <h2 id="table-title">What is declared</h2>
      <div class="filters">
        <label class="grow">
          <span class="quiet">Find</span>
          <input id="find" type="search" value={query.value} placeholder="name, party, state; -word; <5000ft <12NM; a place" onInput={(e) => (query.value = e.currentTarget.value)} onKeyDown={(e) => e.key === 'Enter' && lookThere()} />
        </label>
        <fieldset class="choice">
          <legend class="quiet">Show</legend>
          {([['all', 'All'], ['now', 'At this time'], ['own', 'Ours'], ['trouble', 'In conflict']] as const).map(([k, words]) => (
            <label key={k}><input type="radio" name="which" checked={which.value === k} onChange={() => (which.value = k)} />{words}</label>
          ))}
        </fieldset>
      </div>
      {placeOf(query.value) && <p class="count"><button type="button" onClick={lookThere}>Look there on the map</button></p>}
      <p class="count" role="status">{countWords(list.length)}{query.value.split(/\s+/).some((w) => boundOf(w)?.kind === 'within') && ` Distances are from the middle of ${ringsAt.value ? 'the range rings' : 'the map'}.`}</p>
      <div
        class="rows" ref={box} id="rows" tabIndex={0} role="grid" aria-labelledby="table-title" aria-rowcount={list.length + 1} aria-activedescendant={picked >= first && picked < last ? `row-${picked}` : undefined}
        onScroll={(e) => (top.value = e.currentTarget.scrollTop)} onKeyDown={onKey}
      >
        <div role="rowgroup" class="head">
          <div role="row" aria-rowindex={1}>
            {([['name', 'Name'], ['party', 'Party'], ['state', 'State'], ['start', 'Window'], ['low', 'Altitudes']] as const).map(([k, words]) => (
              <div role="columnheader" key={k} aria-sort={sort.value.by !== k ? 'none' : sort.value.down ? 'descending' : 'ascending'}>
                <button type="button" onClick={() => (sort.value = { by: k, down: sort.value.by === k && !sort.value.down })}>
                  {words}{sort.value.by === k ? (sort.value.down ? ' ↓' : ' ↑') : ''}
                </button>
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" class="body" style={{ height: `${list.length * rowPX}px` }}>
          {list.slice(first, last).map((r, k) => <RowView key={r.item.id} r={r} at={first + k} />)}
        </div>
      </div>
    </section>
  )
}

/** lookThere brings the place that was typed into view, as wide as a fire traffic
 * area is. */
function lookThere(): void {
  const at = placeOf(query.value)
  if (at) goTo.value = boxAround(at, 13 * 1852)
}

function RowView({ r, at }: { r: Row; at: number }) {
  const trouble = inTrouble(r.item)
  const over = r.end <= time.value
  return (
    <div
      role="row" id={`row-${at}`} aria-rowindex={at + 2} aria-selected={selection.value === r.item.id} data-id={r.item.id}
      class={`row${r.item.own ? ' own' : ''}${trouble ? ' bad' : ''}${over ? ' over' : ''}`} style={{ top: `${at * rowPX}px` }}
      onClick={() => (selection.value = r.item.id)}
    >
      <div role="gridcell" title={r.name}>{trouble && <span class="flag" title="in conflict or under review">⚠ </span>}{r.name}</div>
      <div role="gridcell" title={r.item.party}>{r.item.party}{r.item.own ? ' (us)' : ''}</div>
      <div role="gridcell">{r.state}</div>
      <div role="gridcell" class="two">{window_(r.start, r.end, Math.floor(now.value / dayMS) * dayMS)}</div>
      <div role="gridcell" class="two">{r.item.shown === 'withheld' ? 'not shown' : `${r.low === null ? 'ground' : altitude(r.low)} – ${altitude(r.high, r.high === null ? '' : r.datum)}`.replaceAll(/(\d) (ft|m)/g, '$1 $2')}</div>
    </div>
  )
}

/** countWords never says that the airspace is clear: nobody knows that. */
function countWords(n: number): string {
  if (!loaded.value) return 'Asking the node…'
  const all = items.value.size
  if (all === 0) return session.value?.mode === 'files' ? 'Nothing in these files.' : 'None declared to this node. That does not say that nobody is there. Declare under Plan; invite others under Channel, Watch and keys.'
  if (n === 0) return `None of ${all} match.`
  return n === all ? `${all} declared` : `${n} of ${all} declared`
}
