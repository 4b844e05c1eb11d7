// A new conflict is one sentence: for the screen reader, and aloud if wanted. So
// is that somebody enters a zone of ours whom nothing that is agreed lets in.
import { computed, effect, signal, untracked } from '@preact/signals'
import { now } from './clock.ts'
import { nameOf } from './map/features.ts'
import { items, loaded, over, phase, type Entry, type Item, type Verdict } from './picture.ts'
import { alarm, keep, session, sound, stored } from './state.ts'
import { altitudes, callOf } from './panel/detail.tsx'
import { blocks, entrySentence, sentence } from './words.ts'

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
    if (untracked(() => sound.value)) say(alarm.value, true)
  })
  watchEntries()
}

function say(words: string, atOnce: boolean): void {
  if (!('speechSynthesis' in window)) return
  if (atOnce) speechSynthesis.cancel()
  speechSynthesis.speak(new SpeechSynthesisUtterance(words))
}

/** Alarming is another's flight that enters a zone of ours. */
export interface Alarming {
  /** key is of this version of the flight, and the zone. */
  key: string
  id: string
  words: string
  endMS: number
}

/** allowed: what is agreed lets it in, or nothing is to keep it out. */
const allowed = (e: Entry, zone: Item | undefined): boolean =>
  ['contact', 'call_first', 'advisory'].includes(e.outcome) || (e.outcome === 'unilateral' && zone?.type === 'advisory')

/** enters says in a sentence that a flight enters a zone of ours. */
export const enters = (i: Item, e: Entry): string => entrySentence(i, e, { name: nameOf(i), zone: callOf(e.zone), altitudes: altitudes(i) })

const all = computed<Alarming[]>(() => {
  const out: Alarming[] = []
  for (const i of items.value.values()) {
    if (over(i)) continue
    for (const e of i.enters ?? []) {
      if (allowed(e, items.value.get(e.zone))) continue
      out.push({ key: `${i.id} ${i.version ?? 0} ${e.zone}`, id: i.id, words: enters(i, e), endMS: Date.parse(e.to ?? i.end) })
    }
    if (i.enters_partly) out.push({ key: `${i.id} ${i.version ?? 0}`, id: i.id, words: `Not all zones that ${nameOf(i)} may enter could be judged: look whether it enters one of ours.`, endMS: Date.parse(i.end) })
  }
  return out.sort((a, b) => a.endMS - b.endMS)
})

/** mostSeen is how many alarms are remembered to have been seen. */
const mostSeen = 500

/** seen are those that somebody has seen, also before the page was opened anew. */
const seen = signal<ReadonlySet<string>>(new Set())
const seenOf = (): string => `seen ${session.value?.node ?? ''} ${session.value?.party ?? ''}`

/** alarming are the entries that nobody has seen yet, what is over soonest first. */
export const alarming = computed(() => {
  const left = all.value.filter((a) => !seen.value.has(a.key))
  return left.length === 0 ? left : left.filter((a) => a.endMS > now.value)
})

/** acknowledge takes alarms off the screen; they do not come again. */
export function acknowledge(which: Alarming[]): void {
  seen.value = new Set([...seen.value, ...which.map((a) => a.key)].slice(-mostSeen))
  keep(seenOf(), JSON.stringify([...seen.value]))
}

function watchEntries(): void {
  effect(() => {
    void session.value
    try {
      seen.value = new Set(JSON.parse(stored(seenOf()) ?? '[]') as string[])
    } catch {
      seen.value = new Set()
    }
  })
  let spoken: Set<string> | null = null
  effect(() => {
    const whole = loaded.value
    const standing = alarming.value
    // What stood when the page opened is on the screen, not spoken.
    const fresh = spoken ? standing.filter((a) => !spoken!.has(a.key)) : []
    if (!whole) spoken = null
    else spoken = new Set([...(spoken ?? []), ...standing.map((a) => a.key)])
    if (fresh.length > 0 && untracked(() => sound.value)) say(fresh.length === 1 ? fresh[0]!.words : `${fresh[0]!.words} And ${fresh.length - 1} more.`, false)
  })
}
