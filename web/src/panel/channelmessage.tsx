// One message: as it is read out, what it asks for, how long there is, what was
// said about it, and the answers that it takes. No others are offered.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { goTo, session } from '../state.ts'
import { clock, span } from '../units.ts'
import { errorWords } from '../words.ts'
import { leftS, log, nameOfParty, position, say, type Line, type Message } from './channeldesk.ts'
import { critical, type Point } from './channelfield.ts'
import { asks, stateOf, telephone } from './channelphrase.ts'
import { ReadBack } from './channelreadback.tsx'

/** presented are messages that this page said were on a screen. */
const presented = new Set<string>()

/** leftWords counts down. */
export function leftWords(at: string): string {
  const s = leftS(at)
  return s < 0 ? `OVERDUE by ${span(-s)}` : `${span(s)} left`
}

/** soonS is when a message is pressing. */
const soonS = 60

export function MessageView({ m }: { m: Message }) {
  const mine = m.to === session.value?.party
  const shown = useSignal(!mine || Boolean(m.opened))
  const blind = useSignal(false)
  useEffect(() => {
    if (!mine || m.presented || presented.has(m.id)) return
    presented.add(m.id)
    void say('channel.open', { message: m.id, step: 'presented', position: position.value }).catch(() => undefined) // its sender learns less; nothing is lost
  }, [m.id, mine, m.presented])
  const due = m.due ?? m.respond_by
  const { lines, check } = telephone(blind.value ? blinded(m) : m)
  const pressing = !m.ended && leftS(due) < soonS
  const where = blind.value ? undefined : m.fields?.find((f) => f.position)?.position
  return (
    <article class={`message ${m.precedence.toLowerCase()}`} aria-label={`${m.precedence} ${m.message_type}, number ${m.number}, ${mine ? `from ${nameOfParty(m.from)}` : `to ${nameOfParty(m.to)}`}`}>
      <header>
        <strong class="precedence">{m.precedence}</strong> {m.message_type} {m.number}, {mine ? `from ${nameOfParty(m.from)}` : `to ${nameOfParty(m.to)} ${m.to_position}`}
        {!m.ended && <span class={pressing ? 'left pressing' : 'left'}>{pressing ? '⚠ ' : ''}{leftWords(due)}</span>}
      </header>
      <p class="state">{stateOf(m)}. {!m.ended && `Asks for ${asks(m)}.`}</p>
      {shown.value ? (
        <>
          <div class="spoken" lang={m.language ?? 'en'}>{lines.map((l) => <p key={l}>{l}</p>)}</div>
          {!blind.value && <p class="checkword">Check word: <strong>{check}</strong></p>}
          {m.translation && !blind.value && (
            <p class="translation"><span class="quiet">In {m.translation.language}, by {m.translation.machine ? 'a program: no basis of a read-back' : m.translation.by}:</span> <span lang={m.translation.language}>{m.translation.text}</span></p>
          )}
          {m.relay && <p class="quiet">Said to be from {m.relay.origin}{m.relay.chain?.length ? `, by way of ${m.relay.chain.join(', ')}` : ''}: {m.relay.grade}.</p>}
          {where && <button type="button" onClick={() => lookAt(where)}>Look there</button>}
          <Log lines={log.value.get(m.id) ?? []} />
          {mine && !m.ended && <Answers m={m} blind={blind} />}
        </>
      ) : (
        <Act m={m} words="Open" kind="channel.open" body={{ message: m.id, step: 'opened', position: position.value }} done={() => (shown.value = true)} />
      )}
    </article>
  )
}

/** blinded is a message without what is read back. */
const blinded = (m: Message): Message => {
  const { text: _, ...rest } = m
  return { ...rest, fields: (m.fields ?? []).filter((f) => !critical(f)) }
}

const lookAt = (p: Point): void => {
  const [lng, lat] = [p.lng_e9 / 1e9, p.lat_e9 / 1e9]
  goTo.value = [lng - 0.02, lat - 0.015, lng + 0.02, lat + 0.015]
}

interface Acted {
  m: Message
  words: string
  kind: string
  body: unknown
  done?: () => void
  danger?: boolean
}

/** Act is a button that does one act about a message. */
function Act({ words, kind, body, done, danger }: Acted) {
  const failed = useSignal('')
  const busy = useSignal(false)
  const go = async (): Promise<void> => {
    busy.value = true
    failed.value = ''
    try {
      await say(kind, body)
      done?.()
    } catch (e) {
      failed.value = errorWords(e)
    } finally {
      busy.value = false
    }
  }
  return (
    <>
      <button type="button" class={danger ? 'danger' : 'main'} disabled={busy.value} onClick={() => void go()}>{words}</button>
      {failed.value && <span class="error" role="alert">{failed.value}</span>}
    </>
  )
}

/** Answers are those that the message takes. ROGER is not among them where more
 * is asked for: it would close nothing and sound as if it had. */
function Answers({ m, blind }: { m: Message; blind: { value: boolean } }) {
  const text = useSignal('')
  const language = useSignal('en')
  if (m.message_type === 'STOP') return <p class="quiet">Answer it where it stands on the screen: held, not ours, or unable.</p>
  const answer = (word: string): unknown => ({
    message: m.id, answer: word, position: position.value,
    ...(text.value.trim() ? { text: text.value.trim(), language: language.value } : {}),
  })
  const standby = !m.standby && <Act m={m} words="STANDBY: more time, once" kind="channel.answer" body={answer('standby')} danger />
  if (m.response === 'read_back') return <><ReadBack m={m} blind={blind} /><div class="acts">{standby}</div></>
  const words: [string, string][] = { none: [['roger', 'ROGER']], roger: [['roger', 'ROGER']], wilco_unable: [['wilco', 'WILCO: will do'], ['unable', 'UNABLE']], reply: [['reply', 'Reply'], ['unable', 'UNABLE']] }[m.response] as [string, string][]
  return (
    <div class="answers">
      <label>{m.response === 'reply' ? 'Your answer' : 'Reason or remark, if any'}
        <textarea rows={2} value={text.value} lang={language.value} onInput={(e) => (text.value = e.currentTarget.value)} />
      </label>
      {text.value && <label>Language <input value={language.value} size={4} onInput={(e) => (language.value = e.currentTarget.value.trim())} /></label>}
      <div class="acts">
        {words.map(([word, label]) => <Act key={word} m={m} words={label} kind="channel.answer" body={answer(word)} danger={word === 'unable'} />)}
        {standby}
      </div>
    </div>
  )
}

/** Log is what became of a message, first to last. */
function Log({ lines }: { lines: Line[] }) {
  const said = lines.map((l) => [l, lineWords(l)] as const).filter(([, words]) => words)
  if (said.length === 0) return null
  return (
    <details>
      <summary>What became of it ({said.length})</summary>
      <ol class="log">{said.map(([l, words]) => <li key={l.index}><time>{clock(Date.parse(String(l.fields['at'])))}</time> {words}</li>)}</ol>
    </details>
  )
}

function lineWords(l: Line): string {
  const f = l.fields as Record<string, string | undefined>
  const who = `${nameOfParty(f['by'])}${f['person'] ? ` (${f['person']})` : ''}`
  switch (l.type) {
    case 'channel.sent': return `sent${f['custody'] ? `, ${f['custody']}` : ''}`
    case 'channel.opened': return f['step'] === 'opened' ? `opened by ${who}` : `on a screen at ${nameOfParty(f['by'])}`
    case 'channel.answered': return `${who}: ${f['answer']?.toUpperCase()}${f['text'] ? `: ${f['text']}` : ''}${l.fields['passed_up'] ? ' (below the level that it takes: passed up)' : ''}`
    case 'channel.readback': return `read back by ${who}, right`
    case 'channel.mismatch': return `read back by ${who}, WRONG in ${(l.fields['fields'] as string[]).join(', ')}`
    case 'channel.escalated': return `goes up the ladder: ${f['reason']}`
    case 'channel.attempt': return `${f['outcome']?.replaceAll('_', ' ')}: ${f['position']} by ${f['bearer']}`
    case 'channel.overdue': return 'overdue: nobody dealt with it in its time'
    case 'channel.fallback': return 'the ladder ended and nobody dealt with it'
    case 'channel.expired': return 'expired'
    case 'channel.held': return `${who}: ${f['outcome']?.replaceAll('_', ' ')}`
  }
  return ''
}
