// Altitude over time of what is in view: two things that cross on the map are
// far apart here, or they are not.
import { computed, effect, signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { chosen, time } from '../clock.ts'
import { boxOf, inTrouble, lookOf, nameOf } from '../map/features.ts'
import { paletteOf } from '../map/style.ts'
import { items, type Item } from '../picture.ts'
import { bounds, dark, selection, units } from '../state.ts'
import { altitude, clock } from '../units.ts'
import { range } from './timeline.tsx'

const left = 62
const bottom = 18
const size = signal({ width: 600, height: 130 })

const boxes = new WeakMap<Item, [number, number, number, number] | null>()

/** inView are the items on the part of the ground that is shown. */
export const inView = computed<Item[]>(() => {
  const b = bounds.value
  const out: Item[] = []
  for (const i of items.value.values()) {
    let box = boxes.get(i)
    if (box === undefined) boxes.set(i, (box = boxOf([i])))
    if (!box || (b && (box[2] < b[0] || box[0] > b[2] || box[3] < b[1] || box[1] > b[3]))) continue
    out.push(i)
  }
  return out
})

interface Piece {
  item: Item
  /** corners, in ms and metres */
  points: [number, number][]
  path: boolean
}

const scale = computed(() => {
  const pieces: Piece[] = []
  let low = 0
  let high = 150
  for (const item of inView.value) {
    for (const v of item.volumes) {
      if (v.upper_m !== null) high = Math.max(high, v.upper_m)
      if (v.lower_m !== null) low = Math.min(low, v.lower_m)
    }
    for (const p of item.paths) for (const q of p.points) {
      high = Math.max(high, q[2])
      low = Math.min(low, q[2])
    }
  }
  high += (high - low) * 0.08
  for (const item of inView.value) {
    for (const v of item.volumes) {
      const [s, e] = [Date.parse(v.start), Date.parse(v.end)]
      const [a, b] = [v.lower_m ?? low, v.upper_m ?? high]
      pieces.push({ item, path: false, points: [[s, a], [e, a], [e, b], [s, b]] })
    }
    for (const p of item.paths) pieces.push({ item, path: true, points: p.points.map((q) => [q[3], q[2]]) })
  }
  return { pieces, low, high }
})

export function Profile() {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const el = canvas.current!
    const sized = new ResizeObserver(() => (size.value = { width: el.clientWidth, height: el.clientHeight }))
    sized.observe(el)
    const end = effect(() => draw(el))
    return () => {
      sized.disconnect()
      end()
    }
  }, [])
  const here = inView.value.length
  return (
    <section class="profile" aria-label="Altitude over time">
      <canvas
        ref={canvas} role="img" aria-label={`Altitude over time of the ${here} entries in view; the table has the same figures.`}
        onClick={(e) => (selection.value = hit(e.offsetX, e.offsetY))}
        onDblClick={(e) => (chosen.value = instantAt(e.offsetX))}
      />
    </section>
  )
}

const x = (ms: number): number => left + ((ms - range.value[0]) / (range.value[1] - range.value[0])) * (size.value.width - left)
const y = (m: number): number => {
  const { low, high } = scale.value
  return (size.value.height - bottom) * (1 - (m - low) / (high - low))
}
const instantAt = (px: number): number => range.value[0] + ((px - left) / (size.value.width - left)) * (range.value[1] - range.value[0])

function draw(el: HTMLCanvasElement): void {
  const { width, height } = size.value
  const ratio = devicePixelRatio || 1
  el.width = width * ratio
  el.height = height * ratio
  const c = el.getContext('2d')
  if (!c) return
  c.scale(ratio, ratio)
  const p = paletteOf(dark.value)
  c.font = '11px B612'
  axes(c, p.text, p.grid)
  c.save()
  c.beginPath()
  c.rect(left, 0, width - left, height - bottom)
  c.clip()
  const selected = selection.value
  const pieces = scale.value.pieces
  for (const piece of pieces) if (piece.item.id !== selected) trace(c, piece, false)
  for (const piece of pieces) if (piece.item.id === selected) trace(c, piece, true)
  c.strokeStyle = p.select
  c.lineWidth = 1.5
  c.setLineDash([])
  c.beginPath()
  c.moveTo(x(time.value), 0)
  c.lineTo(x(time.value), height - bottom)
  c.stroke()
  c.restore()
}

function trace(c: CanvasRenderingContext2D, piece: Piece, selected: boolean): void {
  const p = paletteOf(dark.value)
  const look = lookOf(piece.item)
  const colour = inTrouble(piece.item) || look === 'alarm' ? p.alarm : look === 'bar' ? p.bar : look === 'advise' ? p.advise : piece.item.own ? p.own : p.other
  c.beginPath()
  for (const [k, [ms, m]] of piece.points.entries()) k ? c.lineTo(x(ms), y(m)) : c.moveTo(x(ms), y(m))
  c.strokeStyle = c.fillStyle = colour
  c.setLineDash(look === 'active' ? [] : look === 'alarm' ? [2, 2] : [5, 3])
  c.lineWidth = selected ? 3 : piece.path ? 2 : 1.2
  if (!piece.path) {
    c.closePath()
    c.globalAlpha = selected ? 0.4 : 0.12
    c.fill()
  }
  c.globalAlpha = 1
  c.stroke()
  if (selected) {
    const [ms, m] = piece.points[0]!
    c.fillText(nameOf(piece.item), Math.max(x(ms) + 3, left + 3), Math.max(y(m) - 4, 11))
  }
}

function axes(c: CanvasRenderingContext2D, text: string, grid: string): void {
  const { width, height } = size.value
  const { low, high } = scale.value
  const unit = units.value === 'aviation' ? 0.3048 : 1
  const rough = (high - low) / unit / 4
  const step = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000].find((s) => s >= rough) ?? 50_000
  c.fillStyle = text
  c.strokeStyle = grid
  c.lineWidth = 1
  c.setLineDash([])
  for (let v = Math.ceil(low / unit / step) * step; v * unit <= high; v += step) {
    const at = y(v * unit)
    c.beginPath()
    c.moveTo(left, at)
    c.lineTo(width, at)
    c.stroke()
    c.textAlign = 'right'
    c.fillText(altitude(v * unit), left - 4, Math.max(at + 4, 10))
  }
  const [from, to] = range.value
  const every = [15, 30, 60, 120, 240, 480].find((m) => (to - from) / 60_000 / m <= Math.max(2, (width - left) / 90)) ?? 1440
  c.textAlign = 'center'
  for (let ms = Math.ceil(from / (every * 60_000)) * every * 60_000; ms < to; ms += every * 60_000) {
    c.fillText(clock(ms).slice(0, 5), x(ms), height - 5)
  }
  c.textAlign = 'left'
}

/** hit is the id of the piece under a place: of several the one whose outline is
 * smallest. */
function hit(px: number, py: number): string | null {
  let best: string | null = null
  let least = Infinity
  for (const piece of scale.value.pieces) {
    const xs = piece.points.map((q) => x(q[0]))
    const ys = piece.points.map((q) => y(q[1]))
    const [w, e, n, s] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    if (px < w - 3 || px > e + 3 || py < n - 4 || py > s + 4) continue
    const area = (e - w + 1) * (s - n + 1)
    if (area < least) [best, least] = [piece.item.id, area]
  }
  return best
}
