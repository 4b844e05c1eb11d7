// A new conflict is one sentence: for the screen reader, and aloud if wanted.
import { effect, untracked } from '@preact/signals'
import { nameOf } from './map/features.ts'
import { items, loaded, over, phase, type Verdict } from './picture.ts'
import { alarm, session, sound } from './state.ts'
import { callOf } from './panel/detail.tsx'
import { blocks, sentence } from './words.ts'

/** watch raises the alarm for each conflict of an own intent that was not there
 * before. What was there when the page opened is in the table. */
export function watch(): void {
  let known: Set<string> | null = null
  effect(() => {
    const all = items.value
    const whole = loaded.value
    const standing = new Map<string, [string, Verdict | null]>()
    for (const i of all.values()) {
      if (!i.own || i.kind !== 'intent' || over(i)) continue
      // One that had to give way has no verdicts any more: it has no place.
      if (phase(i) === 'displaced') standing.set(`${i.id} displaced`, [nameOf(i), null])
      for (const v of i.verdicts ?? []) if (blocks(v) || v.outcome === 'margin' || v.outcome === 'other_off_nominal') standing.set(`${i.id} ${v.against} ${v.id} ${v.outcome}`, [nameOf(i), v])
    }
    const before = known
    known = whole ? new Set(standing.keys()) : null
    if (!before || !known) return
    const fresh = [...standing].filter(([key]) => !before.has(key))
    if (fresh.length === 0) return
    const [name, v] = fresh[0]![1]
    const words = v ? `${name} and ${sentence(v, untracked(() => session.value?.party ?? ''), callOf)}` : `${name} had to give way to a flight that ranks higher or was there first: it is not accepted any more.`
    // Alarms do not pile up: the first is said, the others are counted.
    alarm.value = fresh.length === 1 ? words : `${words} And ${fresh.length - 1} more.`
    if (sound.value && 'speechSynthesis' in window) {
      speechSynthesis.cancel()
      speechSynthesis.speak(new SpeechSynthesisUtterance(alarm.value))
    }
  })
}
