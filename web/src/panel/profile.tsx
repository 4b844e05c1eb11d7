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

/** kept changes whenever the pieces were drawn anew. */
const kept = signal({})

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
    // The pieces are many and change seldom, the time goes on every second: so they
    // are drawn apart, and what is drawn of the pieces is kept.
    const still = new OffscreenCanvas(1, 1)
    const end = effect(() => {
      drawPieces(still)
      kept.value = {}
    })
    const endTime = effect(() => {
      void kept.value
      drawTime(el, still)
    })
    return () => {
      sized.disconnect()
      end()
      endTime()
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

/** begun is an empty canvas of the right size. */
function begun<T extends HTMLCanvasElement | OffscreenCanvas>(el: T): Pen | null {
  const { width, height } = size.value
  const ratio = devicePixelRatio || 1
  el.width = Math.max(1, width * ratio)
  el.height = Math.max(1, height * ratio)
  return el.getContext('2d') as Pen | null
}

type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

function drawTime(el: HTMLCanvasElement, still: OffscreenCanvas): void {
  const c = begun(el)
  if (!c) return
  c.drawImage(still, 0, 0)
  const ratio = devicePixelRatio || 1
  c.scale(ratio, ratio)
  const at = x(time.value)
  if (at < left) return
  c.strokeStyle = paletteOf(dark.value).select
  c.lineWidth = 1.5
  c.beginPath()
  c.moveTo(at, 0)
  c.lineTo(at, size.value.height - bottom)
  c.stroke()
}

function drawPieces(el: OffscreenCanvas): void {
  const { width, height } = size.value
  const ratio = devicePixelRatio || 1
  const c = begun(el)
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
  const alike = new Map<string, Piece[]>()
  for (const piece of scale.value.pieces) {
    if (piece.item.id === selected) continue
    const { key } = lookAs(piece)
    const group = alike.get(key)
    if (group) group.push(piece)
    else alike.set(key, [piece])
  }
  for (const group of alike.values()) trace(c, group, false)
  for (const piece of scale.value.pieces) if (piece.item.id === selected) trace(c, [piece], true)
  c.restore()
}

/** mostDashed is how many pieces are still drawn with dashes: with more they are not
 * seen, and take most of the time. */
const mostDashed = 2000

/** lookAs is how a piece is drawn. Pieces of one look are drawn at once: ten
 * thousand strokes of their own would take the page's breath away. */
function lookAs({ item, path }: Piece): { colour: string; dash: number[]; path: boolean; key: string } {
  const p = paletteOf(dark.value)
  const look = lookOf(item)
  const colour = inTrouble(item) || look === 'alarm' ? p.alarm : look === 'bar' ? p.bar : look === 'advise' ? p.advise : item.own ? p.own : p.other
  const dash = look === 'active' || scale.value.pieces.length > mostDashed ? [] : look === 'alarm' ? [2, 2] : [5, 3]
  return { colour, dash, path, key: `${colour} ${dash.join()} ${path}` }
}

function outline(c: Pen, piece: Piece): void {
  for (const [k, [ms, m]] of piece.points.entries()) k ? c.lineTo(x(ms), y(m)) : c.moveTo(x(ms), y(m))
  if (!piece.path) c.closePath()
}

function trace(c: Pen, pieces: Piece[], selected: boolean): void {
  const first = pieces[0]
  if (!first) return
  const { colour, dash, path } = lookAs(first)
  c.beginPath()
  for (const piece of pieces) outline(c, piece)
  c.strokeStyle = c.fillStyle = colour
  c.setLineDash(dash)
  c.lineWidth = selected ? 3 : path ? 2 : 1.2
  if (!path) {
    c.globalAlpha = selected ? 0.4 : 0.12
    c.fill()
  }
  c.globalAlpha = 1
  c.stroke()
  if (!selected) return
  const [ms, m] = first.points[0]!
  c.fillText(nameOf(first.item), Math.max(x(ms) + 3, left + 3), Math.max(y(m) - 4, 11))
}

function axes(c: Pen, text: string, grid: string): void {
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
