// Reading back: one input for each field that is critical, empty until somebody
// types what they understood. The node compares, and names what differs.
import { useSignal } from '@preact/signals'
import { errorWords } from '../words.ts'
import { position, say, type Message } from './channeldesk.ts'
import { critical, kindOf, kinds, parse, type Field } from './channelfield.ts'

export function ReadBack({ m, blind }: { m: Message; blind: { value: boolean } }) {
  const fields = (m.fields ?? []).filter(critical)
  const typed = useSignal<Record<string, string>>({})
  const unread = useSignal<string[]>([])
  const wrong = useSignal<string[]>(m.mismatched ?? [])
  const failed = useSignal('')
  const busy = useSignal(false)
  const send = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault()
    const form = e.currentTarget as HTMLFormElement
    const values = fields.map((f) => parse(f.name, kindOf(f)!, typed.value[f.name] ?? ''))
    unread.value = fields.filter((_, k) => !values[k]).map((f) => f.name)
    failed.value = ''
    if (unread.value.length > 0) return focusOn(form, unread.value[0]!)
    busy.value = true
    try {
      const taken = await say('channel.readback', { message: m.id, values: values as Field[], method: blind.value ? 'blind' : 'entered', position: position.value })
      const mismatch = taken.events.find((ev) => ev.fields['type'] === 'channel.mismatch')
      wrong.value = (mismatch?.fields['fields'] as string[] | undefined) ?? []
      if (wrong.value.length > 0) focusOn(form, wrong.value[0]!)
    } catch (err) {
      failed.value = errorWords(err)
    } finally {
      busy.value = false
    }
  }
  return (
    <form class="readback" onSubmit={(e) => void send(e)} aria-label="Read back" noValidate autocomplete="off">
      <p>Say back what you understood. It counts as delivered when this is what was sent.</p>
      <label class="check"><input type="checkbox" checked={blind.value} onChange={(e) => (blind.value = e.currentTarget.checked)} /> I heard it by voice: hide what was sent</label>
      {fields.map((f) => {
        const kind = kindOf(f)!
        const id = `rb-${m.id}-${f.name}`
        const bad = unread.value.includes(f.name) ? `Not read as a ${kinds[kind].words}. Write it as ${kinds[kind].how}.` : wrong.value.includes(f.name) ? 'NOT UNDERSTOOD: differs from what was sent.' : ''
        return (
          <div key={f.name} class="field">
            <label for={id}>{f.name.replaceAll('_', ' ')} <span class="quiet">({kinds[kind].words})</span></label>
            {kind === 'yes' ? (
              <select id={id} name={f.name} value={typed.value[f.name] ?? ''} aria-invalid={bad ? true : undefined} aria-describedby={`${id}-how`} onChange={(e) => (typed.value = { ...typed.value, [f.name]: e.currentTarget.value })}>
                <option value="" />
                <option value="yes">yes</option>
                <option value="no">no</option>
              </select>
            ) : (
              <input id={id} name={f.name} value={typed.value[f.name] ?? ''} spellcheck={false} autocomplete="off" aria-invalid={bad ? true : undefined} aria-describedby={`${id}-how`} onInput={(e) => (typed.value = { ...typed.value, [f.name]: e.currentTarget.value })} />
            )}
            <span id={`${id}-how`} class={bad ? 'error' : 'quiet'}>{bad ? `✗ ${bad}` : `as ${kinds[kind].how}`}</span>
          </div>
        )
      })}
      {wrong.value.length > 0 && <p class="error" role="alert">NOT UNDERSTOOD. These differ from what was sent: {wrong.value.join(', ')}. The message counts as not delivered. Ask for it again, then read back anew.</p>}
      {failed.value && <p class="error" role="alert">{failed.value}</p>}
      <button class="main" disabled={busy.value}>Read back</button>
    </form>
  )
}

function focusOn(form: HTMLFormElement, name: string): void {
  const at = form.elements.namedItem(name)
  if (at instanceof HTMLElement) at.focus()
}
