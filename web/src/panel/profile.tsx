// Altitude over time of what is in view: two things that cross on the map are
// far apart here, or they are not.
import { computed, effect, signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { chosen, time } from '../clock.ts'
import { checked, complete, draft, layersOf, type Draft } from '../draft.ts'
import { boxOf, inTrouble, lookOf, nameOf, whereAt } from '../map/features.ts'
import { paletteOf } from '../map/style.ts'
import { byProcessor } from '../pen.ts'
import { items, type Item, type Path, type Volume } from '../picture.ts'
import { bounds, dark, selection, units } from '../state.ts'
import { altitude, clock } from '../units.ts'
import { blocks } from '../words.ts'
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

/** Sketch is a part of the draft: a band, or a path. */
interface Sketch {
  name: string
  bad: boolean
  band: { from: number; to: number; low: number | null; high: number | null } | null
  path: Path | null
}

/** Clash is where in time and altitude the draft meets something, as the node
 * judged it; how high is drawn from what both declared. */
interface Clash { from: number; to: number; at: number; low: number; high: number }

const bandOf = (name: string, bad: boolean, v: Volume): Sketch => ({ name, bad, path: null, band: { from: Date.parse(v.start), to: Date.parse(v.end), low: v.lower_m, high: v.upper_m } })

/** sketched are the parts of the draft, and where it is in conflict. */
export const sketched = computed<{ parts: Sketch[]; clashes: Clash[] }>(() => {
  const d = draft.value
  const parts: Sketch[] = []
  const clashes: Clash[] = []
  if (!d || (d.form !== 'file' && d.points.length === 0)) return { parts, clashes }
  const c = complete(d) ? checked.value : null
  for (const [k, layer] of layersOf(d).entries()) {
    const judged = c?.layers ? c.layers[k] : c
    const own = sketchOf(layer, judged?.blocked === true)
    parts.push(...own)
    for (const v of judged?.verdicts ?? []) {
      if (!blocks(v) || !v.from || !v.to) continue
      const [from, to] = [Date.parse(v.from), Date.parse(v.to)]
      const at = v.measure?.at ? Date.parse(v.measure.at) : (from + to) / 2
      const mine = heightAt(own, at)
      if (!mine) continue
      const other = items.value.get(v.id)
      const theirs = other ? heightAt([...other.volumes.map((w) => bandOf('', false, w)), ...other.paths.map((path) => ({ name: '', bad: false, band: null, path }))], at) : null
      // Where both are; where they are merely too near, what lies between.
      const ends = theirs ? [Math.max(mine[0], theirs[0]), Math.min(mine[1], theirs[1])] : mine
      clashes.push({ from, to, at, low: Math.min(...ends), high: Math.max(...ends) })
    }
  }
  return { parts, clashes }
})

function sketchOf(d: Draft, bad: boolean): Sketch[] {
  const name = d.name || (d.what === 'zone' ? 'zone' : 'plan')
  if (d.form !== 'file') return [{ name, bad, path: null, band: { from: d.start, to: d.end, low: d.lower_m, high: d.upper_m } }]
  return [...(d.file?.volumes ?? []).map((v) => bandOf(name, bad, v)), ...(d.file?.paths ?? []).map((path) => ({ name, bad, band: null, path }))]
}

/** heightAt is between which altitudes parts are at an instant; null: none is then. */
function heightAt(parts: Sketch[], ms: number): [number, number] | null {
  let low = Infinity
  let high = -Infinity
  for (const { band, path } of parts) {
    if (band && band.from <= ms && ms <= band.to) {
      low = Math.min(low, band.low ?? -1e5)
      high = Math.max(high, band.high ?? 1e5)
    }
    const on = path && whereAt(path, ms)
    if (on) {
      low = Math.min(low, on.alt_m)
      high = Math.max(high, on.alt_m)
    }
  }
  return low > high ? null : [low, high]
}

const heights = computed(() => sketched.value.parts.flatMap(({ band, path }) => (band ? [band.low ?? 0, band.high ?? 0] : path!.points.map((q) => q[2]))))

/** draftLow and draftHigh are numbers of their own, so that what is declared is
 * drawn anew only when the draft leaves the altitudes that are shown. */
const least = (all: number[], n: number): number => all.reduce((a, b) => Math.min(a, b), n)
const greatest = (all: number[], n: number): number => all.reduce((a, b) => Math.max(a, b), n)
const draftLow = computed(() => least(heights.value, 0))
const draftHigh = computed(() => greatest(heights.value, 150))

/** shownFrom and shownTo are of the times: the slider's, and the draft's. */
const times = computed(() => sketched.value.parts.flatMap(({ band, path }) => (band ? [band.from, band.to] : path!.points.map((q) => q[3]))))
const shownFrom = computed(() => least(times.value, range.value[0]))
const shownTo = computed(() => greatest(times.value, range.value[1]))

const scale = computed(() => {
  const pieces: Piece[] = []
  let low = draftLow.value
  let high = draftHigh.value
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
  const { parts, clashes } = sketched.value
  const drafted = parts.length === 0 ? '' : ` The draft is drawn dashed${clashes.length > 0 ? `, and in red where it is in conflict, from ${clock(Math.min(...clashes.map((k) => k.from)))} to ${clock(Math.max(...clashes.map((k) => k.to)))}` : ''}.`
  return (
    <section class="profile" aria-label="Altitude over time">
      <canvas
        ref={canvas} role="img" aria-label={`Altitude over time of the ${here} entries in view; the table has the same figures.${drafted}`}
        onClick={(e) => (selection.value = hit(e.offsetX, e.offsetY))}
        onDblClick={(e) => (chosen.value = instantAt(e.offsetX))}
      />
    </section>
  )
}

const x = (ms: number): number => left + ((ms - shownFrom.value) / (shownTo.value - shownFrom.value)) * (size.value.width - left)
const y = (m: number): number => {
  const { low, high } = scale.value
  return (size.value.height - bottom) * (1 - (m - low) / (high - low))
}
const instantAt = (px: number): number => range.value[0] + ((px - left) / (size.value.width - left)) * (shownTo.value - shownFrom.value)

/** begun is an empty canvas of the right size. */
function begun<T extends HTMLCanvasElement | OffscreenCanvas>(el: T): Pen | null {
  const { width, height } = size.value
  const ratio = devicePixelRatio || 1
  el.width = Math.max(1, width * ratio)
  el.height = Math.max(1, height * ratio)
  return el.getContext('2d', byProcessor) as Pen | null
}

type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

function drawTime(el: HTMLCanvasElement, still: OffscreenCanvas): void {
  const c = begun(el)
  if (!c) return
  c.drawImage(still, 0, 0)
  const ratio = devicePixelRatio || 1
  c.scale(ratio, ratio)
  drawSelected(c)
  drawDraft(c)
  const at = x(time.value)
  if (at < left) return
  c.strokeStyle = paletteOf(dark.value).select
  c.lineWidth = 1.5
  c.beginPath()
  c.moveTo(at, 0)
  c.lineTo(at, size.value.height - bottom)
  c.stroke()
}

/** drawSelected draws what is selected over the rest, which is not drawn anew for it. */
function drawSelected(c: Pen): void {
  const { width, height } = size.value
  c.save()
  c.beginPath()
  c.rect(left, 0, width - left, height - bottom)
  c.clip()
  c.font = '11px B612'
  for (const piece of scale.value.pieces) if (piece.item.id === selection.value) trace(c, [piece], true)
  c.restore()
}

/** drawDraft draws what is being made, over what is declared. */
function drawDraft(c: Pen): void {
  const { parts, clashes } = sketched.value
  if (parts.length === 0) return
  const { width, height } = size.value
  const p = paletteOf(dark.value)
  c.save()
  c.beginPath()
  c.rect(left, 0, width - left, height - bottom)
  c.clip()
  c.font = '11px B612'
  for (const { name, bad, band, path } of parts) {
    c.strokeStyle = c.fillStyle = bad ? p.alarm : p.select
    c.lineWidth = 2
    c.setLineDash([6, 4])
    c.beginPath()
    if (band) {
      const top = band.high === null ? -3 : y(band.high)
      c.rect(x(band.from), top, x(band.to) - x(band.from), (band.low === null ? height : y(band.low)) - top)
      c.globalAlpha = 0.12
      c.fill()
      c.globalAlpha = 1
    } else for (const [k, q] of path!.points.entries()) k ? c.lineTo(x(q[3]), y(q[2])) : c.moveTo(x(q[3]), y(q[2]))
    c.stroke()
    const [ms, m] = band ? [band.from, band.high ?? 0] : [path!.points[0]![3], path!.points[0]![2]]
    c.fillText(name, Math.max(x(ms) + 4, left + 3), Math.max(y(m) + (band ? 12 : -4), 11))
  }
  c.setLineDash([])
  c.strokeStyle = c.fillStyle = p.alarm
  for (const k of clashes) {
    const [a, b, n, s] = [x(k.from), Math.max(x(k.to), x(k.from) + 3), y(k.high), Math.max(y(k.low), y(k.high) + 3)]
    c.globalAlpha = 0.45
    c.fillRect(a, n, b - a, s - n)
    c.globalAlpha = 1
    const [mx, my] = [x(k.at), (n + s) / 2]
    c.lineWidth = 2
    c.beginPath()
    c.moveTo(mx - 5, my - 5)
    c.lineTo(mx + 5, my + 5)
    c.moveTo(mx - 5, my + 5)
    c.lineTo(mx + 5, my - 5)
    c.stroke()
  }
  c.restore()
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
  const alike = new Map<string, Piece[]>()
  for (const piece of scale.value.pieces) {
    const { key } = lookAs(piece)
    const group = alike.get(key)
    if (group) group.push(piece)
    else alike.set(key, [piece])
  }
  // Not all of a look as one shape either: where its lines cross each other
  // thousands of times, that takes longer than all the rest.
  for (const group of alike.values()) for (let k = 0; k < group.length; k += together) trace(c, group.slice(k, k + together), false)
  c.restore()
}

/** mostDashed is how many pieces are still drawn with dashes: with more they are not
 * seen, and take most of the time. */
const mostDashed = 2000

/** together is how many pieces are drawn at once. */
const together = 100

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
  c.lineWidth = selected ? 3 : scale.value.pieces.length > mostDashed ? 1 : path ? 2 : 1.2
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
  const [from, to] = [shownFrom.value, shownTo.value]
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
