// Two times: what the node's clock says, and the instant that is looked at.
import { computed, signal } from '@preact/signals'
import { session } from './state.ts'

/** offsetMS is how far the node's clock is ahead of this computer's. */
const offsetMS = signal(0)
const tick = signal(Date.now())

setInterval(() => (tick.value = Date.now()), 1000)

/** heldMS is the node's time while it is set by hand, as in a rehearsal; null
 * while it goes by itself. */
const heldMS = signal<number | null>(null)

/** held: the node's time is set by hand. */
export const held = computed(() => session.value?.rehearsal === true)

/** now is the node's time, in ms. */
export const now = computed(() => (held.value && heldMS.value !== null ? heldMS.value : tick.value + offsetMS.value))

/** chosen is the instant that the slider was moved to; null follows the clock. */
export const chosen = signal<number | null>(null)

/** time is the instant that is looked at. */
export const time = computed(() => chosen.value ?? now.value)

/** asNodeSays sets the clock by an answer's node_time. */
export function asNodeSays(instant: string): void {
  const node = Date.parse(instant)
  if (Number.isNaN(node)) return
  heldMS.value = node
  const ahead = node - Date.now()
  // An answer has taken its time: half a second is not worth a jump.
  if (Math.abs(ahead - offsetMS.value) > 500) offsetMS.value = ahead
}
