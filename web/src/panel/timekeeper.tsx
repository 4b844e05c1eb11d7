// What the two clocks are worth, beside the time; and loudly when the node's is
// worth little.
import { now } from '../clock.ts'
import { aheadMS, apartWords, compared, comparedAt, comparedWords, keptWords, poor, quality } from '../timekeeping.ts'
import './timekeeper.css'

/** Kept stands beside the time. */
export function Kept() {
  const q = quality.value
  if (!q || q.source !== 'system') return null // set by hand, as a banner says
  const at = poor(q) ? comparedAt(now.value) : null
  const apart = apartWords(aheadMS.value)
  return (
    <p class="kept">
      <span>{poor(q) && !at ? '⚠ ' : ''}node’s clock: {keptWords(q)}{at ? `; ${comparedWords(at)}` : ''}</span>
      {apart && <span>this computer’s: {apart} it</span>}
    </p>
  )
}

/** Unkept says what to do about a node's clock that may be wrong. */
export function Unkept() {
  const q = quality.value
  const why = q && poor(q)
  if (!why || comparedAt(now.value)) return null
  const apart = apartWords(aheadMS.value)
  return (
    <div class={q.synchronised === undefined ? 'banner note' : 'banner bad'} role={q.synchronised === undefined ? 'status' : 'alert'}>
      <p><strong>{why}</strong> Windows and deadlines go by it. Compare the time above with a watch that is right; if it differs, set the clock of the node’s machine.{apart && ` This computer’s clock is ${apart} it.`}</p>
      <button type="button" onClick={() => compared(now.value)}>It is right</button>
    </div>
  )
}
