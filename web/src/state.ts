// What the page knows and what the person chose, as signals that every part of
// the screen reads: so the same thing lights up everywhere.
import { computed, signal } from '@preact/signals'

/** Session is who the page speaks for. */
export interface Session {
  party: string
  role?: string
  person?: string
  scopes: string[]
  expires: string
  node: string
  mode: 'node' | 'files'
  /** rehearsal: the node's time stands still until somebody sets it on. */
  rehearsal?: boolean
}

/** session is undefined until the node was asked, and null when there is none. */
export const session = signal<Session | null | undefined>(undefined)

/** lapsed: the session ended by itself, not by signing out. */
export const lapsed = signal(false)

/** selection is the id of what is lit up. */
export const selection = signal<string | null>(null)

export type Units = 'aviation' | 'metric'
export const units = signal<Units>(stored('units') === 'metric' ? 'metric' : 'aviation')

export type Theme = 'auto' | 'light' | 'dark'
export const theme = signal<Theme>((stored('theme') as Theme | null) ?? 'auto')

const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const systemDark = signal(prefersDark.matches)
prefersDark.addEventListener('change', (e) => (systemDark.value = e.matches))
export const dark = computed(() => (theme.value === 'auto' ? systemDark.value : theme.value === 'dark'))

/** calm: nothing flies or blinks. */
export const calm = matchMedia('(prefers-reduced-motion: reduce)').matches

/** sound: conflicts are spoken. */
export const sound = signal(stored('sound') === 'on')

export interface View {
  lng: number
  lat: number
  zoom: number
}

/** view is what the map shows; null until something says where to look. */
export const view = signal<View | null>(null)

/** bounds is what of the ground is in view: west, south, east, north. */
export const bounds = signal<[number, number, number, number] | null>(null)

/** ringsAt is the middle of the range rings; null shows none. */
export const ringsAt = signal<[number, number] | null>(null)

/** goTo asks the map to look somewhere: [west, south, east, north]. */
export const goTo = signal<[number, number, number, number] | null>(null)

/** tell is what a screen reader says next. */
export const tell = signal('')

/** alarm is the newest conflict, in one sentence, until somebody has seen it. */
export const alarm = signal('')

/** panel is what stands beside the map. */
export type Panel = 'table' | 'channel' | 'plan'
export const panel = signal<Panel>('table')

export const helpOpen = signal(false)

/** shortcuts may be switched off: some speak to their computers. */
export const shortcuts = signal(stored('shortcuts') !== 'off')

/** stored is a choice that was remembered. */
export function stored(name: string): string | null {
  try {
    return localStorage.getItem('deconflict.' + name)
  } catch {
    return null // storage may be forbidden; then choices last as long as the page
  }
}

/** keep remembers a choice of the person. */
export function keep(name: string, value: string): void {
  try {
    localStorage.setItem('deconflict.' + name, value)
  } catch {
    // as above
  }
}
