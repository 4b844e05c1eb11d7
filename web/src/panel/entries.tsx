// Who enters our zones whom nothing that is agreed lets in, until somebody has
// seen it.
import { acknowledge, alarming } from '../alarm.ts'
import { selection } from '../state.ts'

const most = 4

export function Entries() {
  const list = alarming.value
  if (list.length === 0) return null
  return (
    <div class="banner bad entries" role="alert">
      <ul>
        {list.slice(0, most).map((a) => (
          <li key={a.key}>
            <strong>Zone.</strong> {a.words}
            <button type="button" onClick={() => (selection.value = a.id)}>Show</button>
            <button type="button" onClick={() => acknowledge([a])}>Seen</button>
          </li>
        ))}
        {list.length > most && <li>And {list.length - most} more. <button type="button" onClick={() => acknowledge(list)}>All {list.length} seen</button></li>}
      </ul>
    </div>
  )
}
