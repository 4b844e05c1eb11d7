// The time looked at: the past, now, and what is planned.
import { computed, signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { chosen, now, time } from '../clock.ts'
import { byProcessor } from '../pen.ts'
import { items, windowOf } from '../picture.ts'
import { calm, dark } from '../state.ts'
import { clock, day, forGood } from '../units.ts'

const minuteMS = 60_000
const dayMS = 24 * 60 * minuteMS

const quarter = computed(() => Math.floor(now.value / (15 * minuteMS)) * 15 * minuteMS)

/** range is what the slider spans: what is declared, within a day around now. */
export const range = computed<[number, number]>(() => {
  const at = quarter.value
  let from = at - 30 * minuteMS
  let to = at + 2 * 60 * minuteMS
  for (const i of items.value.values()) {
    const [s, e] = windowOf(i)
    if (forGood(s, e)) continue
    if (s < from) from = s
    if (e > to) to = e
  }
  return [Math.max(from, at - dayMS), Math.min(to, at + dayMS)]
})

const playing = signal(false)

export function Timeline() {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [from, to] = range.value
  const all = items.value
  const isDark = dark.value
  useEffect(() => density(canvas.current!, [...all.values()].map(windowOf), from, to, isDark), [all, from, to, isDark])
  useEffect(() => {
    if (!playing.value) return
    const timer = setInterval(() => {
      const next = (chosen.value ?? now.value) + (calm ? 60 : 15) * 1000
      if (next > to) playing.value = false
      else chosen.value = next
    }, calm ? 1000 : 100)
    return () => clearInterval(timer)
  }, [playing.value, to])
  const at = Math.min(Math.max(time.value, from), to)
  const move = (ms: number): void => {
    chosen.value = Math.min(Math.max(ms, from), to)
  }
  const relation = chosen.value === null ? 'now' : at > now.value ? 'planned' : 'past'
  return (
    <section class="timeline" aria-label="Time">
      <div class="steps">
        <button type="button" onClick={() => move(at - 10 * minuteMS)} aria-label="10 minutes earlier">−10</button>
        <button type="button" aria-pressed={chosen.value === null} onClick={() => { playing.value = false; chosen.value = null }}>Now</button>
        <button type="button" onClick={() => move(at + 10 * minuteMS)} aria-label="10 minutes later">+10</button>
        <button type="button" aria-pressed={playing.value} onClick={() => (playing.value = !playing.value)}>{playing.value ? 'Pause' : 'Play'}</button>
      </div>
      <div class="slide">
        <canvas ref={canvas} height={22} aria-hidden="true" />
        <input
          id="time" type="range" min={from} max={to} step={minuteMS / 6} value={at} aria-label="Time looked at"
          aria-valuetext={`${day(at)} ${clock(at)}, ${relation}`} onInput={(e) => move(Number(e.currentTarget.value))}
        />
        <div class="ends" aria-hidden="true"><span>{clock(from)}</span><span>{clock(to)}</span></div>
      </div>
      <p class="at"><strong>{clock(at)}</strong> {relation}</p>
    </section>
  )
}

/** density draws how much is declared when. */
function density(canvas: HTMLCanvasElement, windows: number[][], from: number, to: number, isDark: boolean): void {
  const width = (canvas.width = Math.max(1, canvas.clientWidth))
  const c = canvas.getContext('2d', byProcessor)
  if (!c) return
  // What begins and what ends, summed up: linear in both.
  const steps = new Float64Array(width + 1)
  const column = (ms: number): number => Math.min(width, Math.max(0, Math.round(((ms - from) / (to - from)) * width)))
  for (const [s, e] of windows) {
    if (e! <= from || s! >= to) continue
    steps[column(s!)]!++
    steps[Math.max(column(e!), column(s!) + 1)]!--
  }
  let most = 1
  let sum = 0
  for (const s of steps) most = Math.max(most, (sum += s))
  c.clearRect(0, 0, width, canvas.height)
  c.fillStyle = isDark ? '#5b7d99' : '#7f9db8'
  sum = 0
  for (let x = 0; x < width; x++) {
    sum += steps[x]!
    const h = sum > 0 ? Math.max(2, (sum / most) * canvas.height) : 0
    c.fillRect(x, canvas.height - h, 1, h)
  }
}
