// The standard phrases and the types of messages, as the program has them
// (internal/channel, phrase.go and precedence.go). Both are closed lists.
import { spoken, type Kind } from './channelfield.ts'
import { checkWord } from './channelword.ts'
import type { Message, Precedence } from './channeldesk.ts'

export const phrases: Record<string, string> = {
  own_hold: 'I am holding my own traffic.',
  wider_margins: 'I keep wider margins from your traffic.',
  common_frequency: 'I am transmitting on the common frequency.',
  tell_neighbours: 'I am telling air traffic services and neighbours.',
  approaching_line: 'Attention: your aircraft is approaching the line.',
  my_aircraft_outside: 'My aircraft is outside its declared volume.',
  your_aircraft_outside: 'Attention: your aircraft appears to be outside its declared volume.',
  my_aircraft_turning_back: 'My aircraft is turning back.',
  converging: 'Attention: our aircraft are converging.',
  unknown_aircraft: 'Unknown aircraft seen.',
  is_it_yours: 'Is this aircraft yours?',
  not_mine: 'It is not mine.',
  position_doubtful: 'The position is in doubt. Please check it and send it again.',
  request_contact: 'Please call back.',
  emergency_traffic: 'I have an aircraft in an emergency.',
  no_longer_valid: 'My message is no longer valid.',
}

export interface MessageType {
  about: string
  needs: Kind[]
  response: Message['response']
  highest: Precedence
}

const type = (about: string, response: Message['response'], needs: Kind[] = [], highest: Precedence = 'FLASH'): MessageType => ({ about, response, needs, highest })

/** types are those that people write; STOP, test calls and the like have acts of
 * their own. */
export const types: Record<string, MessageType> = {
  WARN: type('what danger you see', 'roger'),
  SIGHTING: type('an unknown aircraft', 'roger', ['position', 'at']),
  QUERY: type('a question', 'reply'),
  REPLY: type('an answer to a question', 'roger'),
  CHANGE: type('a change of a flight', 'roger'),
  INTENT: type('a flight', 'roger'),
  CANCEL: type('something of yours is cancelled', 'read_back', ['yes']),
  CONFLICT: type('a conflict', 'roger'),
  PROPOSE: type('what you suggest', 'wilco_unable'),
  COUNTER: type('what you suggest instead', 'wilco_unable'),
  ACCEPT: type('yes to a suggestion', 'roger'),
  REJECT: type('no to a suggestion', 'roger'),
  UNRESOLVED: type('nothing was agreed', 'roger'),
  'CROSSING-NOTICE': type('a crossing of the line', 'read_back', ['position', 'at']),
  'SITE-NOTICE': type('a protected site', 'read_back', ['position']),
  'MOVE-NOTICE': type('a protected movement', 'read_back', ['position', 'at']),
  INCIDENT: type('something that happened', 'roger', [], 'IMMEDIATE'),
  SUSPEND: type('an agreement is suspended', 'roger', [], 'IMMEDIATE'),
  RESUME: type('a suspension could end', 'wilco_unable', [], 'IMMEDIATE'),
  ADMIN: type('anything else', 'roger', [], 'PRIORITY'),
}

export const precedences: Precedence[] = ['ROUTINE', 'PRIORITY', 'IMMEDIATE', 'FLASH']

/** telephone is the message as it is read out: at most three lines, and the check
 * word. */
export function telephone(m: Message): { lines: string[]; check: string } {
  const lines = [`${m.precedence} ${m.message_type}, number ${m.number}, from ${m.from ?? 'the node'} to ${m.to} ${m.to_position}.`]
  const fields = (m.fields ?? []).map((f) => ({ name: f.name, spoken: spoken(f) }))
  if (fields.length > 0) lines.push(fields.map((f) => `${f.name} ${f.spoken}`).join('; ') + '.')
  const rest = (m.phrases ?? []).map((p) => phrases[p] ?? p)
  if (m.text) rest.push(m.text.replaceAll('\n', ' '))
  if (rest.length > 0) lines.push(rest.join(' '))
  return { lines, check: checkWord(m.from ?? '', m.to, m.number, m.message_type, fields) }
}

const responses: Record<Message['response'], string> = {
  none: 'that a person opens it', roger: 'ROGER: received', wilco_unable: 'WILCO or UNABLE', reply: 'an answer in substance', read_back: 'its fields, read back',
}

/** asks is what a message asks for. */
export const asks = (m: Message): string => responses[m.response]

/** stateOf is how far a message came. */
export function stateOf(m: Message): string {
  if (m.ending === 'expired') return 'expired: nobody dealt with it'
  if (m.ending === 'superseded') return 'superseded'
  if (m.ended) return { wilco: 'WILCO: will do', read_back: 'read back, right', opened: 'opened', answered: m.answer?.toUpperCase() ?? 'answered' }[m.ending ?? ''] ?? 'closed'
  if (m.mismatched?.length) return 'NOT UNDERSTOOD: counts as not delivered'
  if (m.answered) return `${m.answer?.toUpperCase() ?? 'answered'}, still open`
  if (m.opened) return 'opened by a person'
  if (m.presented) return 'on a screen'
  return m.unmanned ? 'at the node; nobody stands the position' : 'at the node'
}
