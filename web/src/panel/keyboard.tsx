// The keyboard does everything; these are its short ways. They can be switched
// off, as some people speak to their computers.
import { useEffect, useRef } from 'preact/hooks'
import { chosen, now } from '../clock.ts'
import { boxOf } from '../map/features.ts'
import { items } from '../picture.ts'
import { goTo, helpOpen, keep, panel, ringsAt, selection, shortcuts, sound, theme, view } from '../state.ts'

const ways: { key: string; does: string; run: () => void }[] = [
  { key: '/', does: 'find in the table', run: () => { panel.value = 'table'; setTimeout(() => document.getElementById('find')?.focus()) } },
  { key: 't', does: 'the table', run: () => (panel.value = 'table') },
  { key: 'c', does: 'the channel', run: () => (panel.value = 'channel') },
  { key: 'p', does: 'make a plan', run: () => (panel.value = 'plan') },
  { key: 'n', does: 'back to now', run: () => (chosen.value = null) },
  { key: ',', does: 'a minute earlier', run: () => (chosen.value = (chosen.value ?? now.value) - 60_000) },
  { key: '.', does: 'a minute later', run: () => (chosen.value = (chosen.value ?? now.value) + 60_000) },
  { key: 'z', does: 'look at the selection', run: () => { const i = selection.value && items.value.get(selection.value); const b = i && boxOf([i]); if (b) goTo.value = b } },
  { key: 'a', does: 'look at everything', run: () => { const b = boxOf(items.value.values()); if (b) goTo.value = b } },
  { key: 'r', does: 'range rings around the selection or the middle, or none', run: () => { ringsAt.value = ringsAt.value ? null : middle() } },
  { key: 'd', does: 'dark or light', run: () => { theme.value = theme.value === 'dark' ? 'light' : 'dark'; keep('theme', theme.value) } },
  { key: 's', does: 'conflicts are spoken, or not', run: () => { sound.value = !sound.value; keep('sound', sound.value ? 'on' : 'off') } },
  { key: 'Escape', does: 'let go of the selection', run: () => (selection.value = null) },
  { key: '?', does: 'this list', run: () => (helpOpen.value = true) },
]

function middle(): [number, number] | null {
  const i = selection.value ? items.value.get(selection.value) : undefined
  const b = i && boxOf([i])
  if (b) return [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2]
  return view.value && [view.value.lng, view.value.lat]
}

/** listen takes keys that no field wants. */
export function listen(): void {
  addEventListener('keydown', (e) => {
    if (!shortcuts.value || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return
    const at = e.target as HTMLElement
    if (at.closest('input, textarea, select, dialog, [contenteditable]')) return
    const way = ways.find((w) => w.key === e.key)
    if (!way) return
    e.preventDefault()
    way.run()
  })
}

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (helpOpen.value) dialog.current?.showModal()
    else dialog.current?.close()
  }, [helpOpen.value])
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={() => (helpOpen.value = false)}>
      <h2 id="help-title">Keys</h2>
      <table>
        <tbody>{ways.map((w) => <tr key={w.key}><th scope="row"><kbd>{w.key}</kbd></th><td>{w.does}</td></tr>)}</tbody>
      </table>
      <p>On the map: arrows move it, + and − zoom. In the table: arrows, Page Up and Down, Home, End.</p>
      <label class="check"><input type="checkbox" checked={shortcuts.value} onChange={(e) => { shortcuts.value = e.currentTarget.checked; keep('shortcuts', shortcuts.value ? 'on' : 'off') }} /> These keys work</label>
      <label class="check"><input type="checkbox" checked={sound.value} onChange={(e) => { sound.value = e.currentTarget.checked; keep('sound', sound.value ? 'on' : 'off') }} /> Conflicts are spoken</label>
      <form method="dialog"><button class="main">Close</button></form>
    </dialog>
  )
}
