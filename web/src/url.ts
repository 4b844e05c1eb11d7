// The address holds view, selection and time, so that it can be sent to
// somebody who may see the same.
import { effect } from '@preact/signals'
import { chosen } from './clock.ts'
import { selection, view } from './state.ts'

/** readAddress takes over what the address says. */
export function readAddress(): void {
  const said = new URLSearchParams(location.hash.slice(1))
  const v = (said.get('v') ?? '').split(',').map(Number)
  if (v.length === 3 && v.every(Number.isFinite)) view.value = { lng: v[0]!, lat: v[1]!, zoom: v[2]! }
  selection.value = said.get('s')
  const t = Date.parse(said.get('t') ?? '')
  chosen.value = Number.isNaN(t) ? null : t
}

/** join is the one-use code that a link brought. */
export const join = new URLSearchParams(location.hash.slice(1)).get('join')

/** keepAddress writes it, at most three times a second: browsers refuse more. */
export function keepAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let wanted = ''
  effect(() => {
    const said = new URLSearchParams()
    const v = view.value
    if (v) said.set('v', `${v.lng.toFixed(5)},${v.lat.toFixed(5)},${v.zoom.toFixed(2)}`)
    if (selection.value) said.set('s', selection.value)
    if (chosen.value !== null) said.set('t', new Date(chosen.value).toISOString().replace('.000', ''))
    wanted = '#' + said.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
    timer ??= setTimeout(() => {
      timer = undefined
      history.replaceState(null, '', wanted)
    }, 350)
  })
  addEventListener('hashchange', readAddress)
}
