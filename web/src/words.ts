// Verdicts, states and errors as people say them.
import { Problem, Unreachable } from './node.ts'
import { phase, type Entry, type Item, type Verdict } from './picture.ts'
import { altitude, clock, distance } from './units.ts'

/** nameFor finds what somebody or something is called here. */
export type NameFor = (id: string) => string

const outcomes: Record<string, string> = {
  conflict: 'conflict',
  stands: 'conflict: the other was there first or ranks higher',
  no_entry: 'conflict: entry is barred',
  unacknowledged: 'a protected site that you have not acknowledged',
  not_judged: 'too intricate to be judged, so not clear',
  yields: 'the other gives way',
  displaced: 'the other has given way already',
  lapsed: 'the other was accepted under rules that were suspended since',
  off_nominal: 'does not conform',
  other_off_nominal: 'the other does not conform',
  margin: 'separation holds, its margin does not',
  no_rule: 'too near, and no rule is in force',
  contact: 'may be entered once contact is made',
  call_first: 'call first',
  call_late: 'the time to call has passed',
  leaving: 'leave: it came into force around you',
  advisory: 'advisory',
  unilateral: 'no agreement binds you to it: call its owner first',
  crossing: 'a crossing of the line, declared in time',
  crossing_late: 'a crossing of the line, declared late',
  crossing_elsewhere: 'crosses the line at another place or time than declared',
  crossing_undeclared: 'crosses the line undeclared',
  buffer: 'within the buffer of the line',
  other_side: 'beyond the line',
  site: 'near a protected site, acknowledged',
  hearsay: 'by hearsay',
  possible: 'possible: only a coarse outline of the other is known',
}

/** outcomeWords is what follows from a verdict. */
export const outcomeWords = (outcome: string): string => outcomes[outcome] ?? outcome.replaceAll('_', ' ')

/** blocks: an intent with such a verdict is not accepted. */
export const blocks = (v: Verdict): boolean => ['conflict', 'stands', 'no_entry', 'unacknowledged', 'not_judged'].includes(v.outcome)

/** sentence is a verdict in one sentence, with who, how near, when and by how
 * much too near. */
export function sentence(v: Verdict, own: string, nameFor: NameFor): string {
  if (v.against === 'foreign' && !v.id) return 'There are more flights of other USSs near than could be looked at: ask each USS.'
  const other = v.against === 'intent' || v.against === 'foreign' ? nameFor(v.id) : `${v.against} ${nameFor(v.id)}`
  const who = v.party && v.party !== own ? `${other} of ${nameFor(v.party)}` : other
  const parts: string[] = []
  const m = v.measure
  if (v.against === 'zone' && m?.horizontal_tenth_mm !== undefined && m.horizontal_tenth_mm < 0) {
    // One is in a zone or is not: by how much says nothing.
    const when = v.from && v.to ? ` from ${clock(Date.parse(v.from))} to ${clock(Date.parse(v.to))}` : m.at ? ` at ${clock(Date.parse(m.at))}` : ''
    return `inside ${who}${when} (${outcomeWords(v.outcome)}).`
  }
  if (m?.horizontal_tenth_mm !== undefined) parts.push(m.horizontal_tenth_mm < 0 ? `overlap by ${distance(-m.horizontal_tenth_mm / 10_000)}` : `${distance(m.horizontal_tenth_mm / 10_000)} apart`)
  if (m?.vertical_mm !== undefined && v.against === 'intent') parts.push(m.vertical_mm < 0 ? 'at the same heights' : `${altitude(m.vertical_mm / 1000)} in height`)
  if (m?.at) parts.push(`at ${clock(Date.parse(m.at))}`)
  else if (v.from && v.to) parts.push(`${clock(Date.parse(v.from))} to ${clock(Date.parse(v.to))}`)
  const short: string[] = []
  if (m?.lateral_shortfall_tenth_mm) short.push(`${distance(m.lateral_shortfall_tenth_mm / 10_000)} too near`)
  if (m?.vertical_shortfall_mm) short.push(`${altitude(m.vertical_shortfall_mm / 1000)} too little between`)
  const where = parts.length ? `: ${parts.join(', ')}` : ''
  return `${who}${where}${short.length ? `; ${short.join(' or ')}` : ''} (${outcomeWords(v.outcome)}).`
}

const entryTails: Record<string, string> = {
  unilateral: 'no agreement binds it',
  no_entry: 'entry is barred, so it is not accepted',
  call_late: 'the time to call has passed',
  call_first: 'it calls first, as agreed',
  contact: 'it makes contact first, as agreed',
  leaving: 'the zone came into force around it, and it leaves',
  off_nominal: 'it does not conform to its plan',
  advisory: 'the zone binds nobody',
}

/** entrySentence says that another's flight enters a zone of ours: who, where,
 * when, how high and what binds it. What is declared coarsely is not made out to
 * be exact. */
export function entrySentence(i: Item, e: Entry, own: { name: string; zone: string; altitudes: string }): string {
  const who = i.name ? `${own.name} of ${i.party}` : own.name // which begins with the party
  if (e.outcome === 'not_judged') return `Whether ${who} enters ${own.zone} could not be judged, as it is too intricate: take it that it does.`
  const short = (t: string): string => clock(Date.parse(t)).replace(/:00(Z?)$/, '$1')
  const coarse = i.shown === 'coarse'
  const when = e.from && e.to ? (coarse ? ` between ${short(e.from)} and ${short(e.to)}` : ` from ${short(e.from)} to ${short(e.to)}`) : ''
  const state = phase(i) === 'accepted' ? '' : `, ${phase(i) === 'displaced' ? 'which had to give way' : phase(i)},`
  return `${who}${state} ${coarse ? 'may enter' : 'enters'} ${own.zone}${when}, ${own.altitudes}${coarse ? ' (a coarse outline is all that is declared)' : ''}; ${entryTails[e.outcome] ?? outcomeWords(e.outcome)}.`
}

/** stateWords is an item's state, as a word and a sign that needs no colour. */
export function stateWords(i: Item): string {
  if (i.kind !== 'intent') return (i.type ?? i.kind).replaceAll('_', ' ')
  const at = phase(i)
  return `${signs[at] ?? '·'} ${at === 'displaced' ? 'gives way' : at}`
}

const signs: Record<string, string> = {
  proposed: '…', accepted: '◇', activated: '◆', displaced: '▽', nonconforming: '▲', contingent: '▲▲', ended: '○', withdrawn: '○',
}

const shownWords = { exact: 'exact', coarse: 'coarse: contains the true one', outline: "the DSS's outline: contains the true one", withheld: 'not shown to you' }

/** shownIn says how much of an item is known here. */
export const shownIn = (i: Item): string => shownWords[i.shown]

/** errorWords is what went wrong and what to do about it. */
export function errorWords(e: unknown): string {
  if (e instanceof Unreachable) return 'The node cannot be reached. Nothing was sent twice; try again when the banner is gone.'
  if (e instanceof Problem) {
    if (e.status === 401) return 'Your session has ended. Sign in again; what you were writing stays here.'
    if (e.status === 403) return `You may not do this: ${e.message}`
    return e.message
  }
  return e instanceof Error ? e.message : String(e)
}
