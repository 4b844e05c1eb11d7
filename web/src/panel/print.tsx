// The plan of the day on paper: for a wall, a briefing, or a site whose screens
// have gone dark.
import { render } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { now } from '../clock.ts'
import { nameOf } from '../map/features.ts'
import { ageS, basis, phase, stale } from '../picture.ts'
import { session } from '../state.ts'
import { clock, day, degrees, distance, span, window_ } from '../units.ts'
import { sentence, shownIn, stateWords } from '../words.ts'
import { altitudes, callOf, mgrsOf } from './detail.tsx'
import { boxOf } from '../map/features.ts'
import { shown } from './table.tsx'
import type { Item } from '../picture.ts'

const paper = matchMedia('print')

/** Print is on paper only: kept up to date on the screen, where nobody sees it, it
 * would write the whole list anew with every second of the clock. */
export function Print() {
  const box = useRef<HTMLElement>(null)
  useEffect(() => {
    // Printing waits for nothing that is drawn later, so it is drawn here and now.
    const begin = (): void => render(<Day />, box.current!)
    const over = (): void => render(null, box.current!)
    const change = (): void => (paper.matches ? begin() : over())
    addEventListener('beforeprint', begin)
    addEventListener('afterprint', over)
    paper.addEventListener('change', change)
    return () => {
      removeEventListener('beforeprint', begin)
      removeEventListener('afterprint', over)
      paper.removeEventListener('change', change)
    }
  }, [])
  return <section class="print" aria-hidden="true" ref={box} />
}

function Day() {
  const list = shown.value
  return (
    <>
      <h1>Plan of the day, {day(now.value)}</h1>
      <p>
        As {session.value?.party} sees it at {clock(now.value)}; node {basis.value?.node}, entry {basis.value?.journal_size}.
        {stale.value && <strong> The picture was {span(ageS.value)} old when this was printed.</strong>}
      </p>
      {list.length === 0 && <p>None declared to this node. That does not say that nobody is there.</p>}
      {list.length > 0 && (
        <table>
          <thead><tr><th>Name</th><th>Party</th><th>State</th><th>Window</th><th>Altitudes</th><th>Where</th><th>How it stands to others</th></tr></thead>
          <tbody>
            {list.map(({ item }) => (
              <tr key={item.id}>
                <td>{nameOf(item)}<br /><small>{item.id.slice(0, 8)} v{item.version ?? 0}</small></td>
                <td>{item.party}</td>
                <td>{stateWords(item)}</td>
                <td>{window_(Date.parse(item.start), Date.parse(item.end), now.value)}</td>
                <td>{altitudes(item)}</td>
                <td>{where(item)}</td>
                <td>{stands(item)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>What is not on this list was not declared to this node, or not shown to {session.value?.party}. It gives no permission to anybody.</p>
    </>
  )
}

/** stands never leaves a flight's cell empty, which would read as clear. */
function stands(i: Item): string {
  const said = (i.verdicts ?? []).map((v) => sentence(v, session.value?.party ?? '', callOf))
  if (i.own && phase(i) === 'displaced') said.unshift('Had to give way: NOT ACCEPTED.')
  if (said.length > 0 || i.kind !== 'intent') return said.join(' ')
  if (!i.native) return 'Not judged here: a reference of F3548-21.'
  return i.own ? 'No conflict with what is shown to us.' : `Told to ${i.party}.`
}

function where(i: Item): string {
  const circle = i.volumes[0]?.circle
  if (circle) return `${distance(circle.radius_m)} around ${degrees(...circle.centre)} (${mgrsOf(circle.centre)})`
  const b = boxOf([i])
  return b ? `${degrees(b[0], b[1])} to ${degrees(b[2], b[3])}` : shownIn(i)
}
