// Test calls: who is called says what it heard, so that both know that the line
// carries more than noise.
import { useSignal } from '@preact/signals'
import { session } from '../state.ts'
import { errorWords } from '../words.ts'
import { nameOfParty, position, say, type TestCall } from './channeldesk.ts'
import { leftWords } from './channelmessage.tsx'

export function TestCalls({ tests }: { tests: TestCall[] }) {
  const own = session.value?.party
  return (
    <>
      {tests.map((t) => (
        <article key={t.test} class="message test" aria-label={`Test call, ${t.from === own ? `to ${nameOfParty(t.to)}` : `from ${nameOfParty(t.from)}`}, by ${t.bearer}`}>
          <header><strong class="precedence">TEST CALL</strong> by {t.bearer}, {t.from === own ? `to ${nameOfParty(t.to)}` : `from ${nameOfParty(t.from)}`}{t.position ? `, ${t.position}` : ''}<span class="left">{leftWords(t.due)}</span></header>
          {t.from === own
            ? <p>{t.shown ? 'The challenge is on their screen.' : <>Call them and say: <strong class="challenge">{t.challenge}</strong></>}</p>
            : <Answer t={t} />}
        </article>
      ))}
    </>
  )
}

function Answer({ t }: { t: TestCall }) {
  const heard = useSignal('')
  const readability = useSignal(5)
  const delayS = useSignal(0)
  const failed = useSignal('')
  const send = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault()
    failed.value = ''
    try {
      await say('bearer.answer', { test: t.test, challenge: heard.value, readability: readability.value, delay_ms: Math.round(delayS.value * 1000), position: t.position ?? position.value })
    } catch (err) {
      failed.value = errorWords(err)
    }
  }
  return (
    <form onSubmit={(e) => void send(e)} aria-label="Answer the test call">
      {t.shown ? <p>Their challenge: <strong class="challenge">{t.challenge}</strong></p> : <p>They say four digits and two words. Write down what you hear.</p>}
      <label>Challenge, as heard<input required maxLength={100} value={heard.value} autocomplete="off" spellcheck={false} onInput={(e) => (heard.value = e.currentTarget.value)} /></label>
      <label>Readability
        <select value={readability.value} onChange={(e) => (readability.value = Number(e.currentTarget.value))}>
          <option value={5}>5, perfectly readable</option>
          <option value={4}>4, readable</option>
          <option value={3}>3, readable with difficulty</option>
          <option value={2}>2, now and then</option>
          <option value={1}>1, unreadable</option>
        </select>
      </label>
      <label>Delay of speech, in seconds<input type="number" min={0} max={600} step={0.1} value={delayS.value} onInput={(e) => (delayS.value = e.currentTarget.valueAsNumber || 0)} /></label>
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      <button class="main">Answer</button>
    </form>
  )
}
