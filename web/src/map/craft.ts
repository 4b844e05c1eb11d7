// Where craft are said to be, on a sheet of its own over the map: they move every
// second, and a move of theirs must not make the map draw ten thousand shapes anew.
import { effect } from '@preact/signals'
import type { Map as GLMap } from 'maplibre-gl'
import { chosen } from '../clock.ts'
import { byProcessor } from '../pen.ts'
import { stale, type Track, tracks } from '../picture.ts'
import { dark } from '../state.ts'
import { paletteOf } from './style.ts'

/** head is an arrow head that points north, from corner to corner and back, in pixels. */
const head: [number, number][] = [[0, -10], [7, 9], [0, 4], [-7, 9], [0, -10]]

/** labelledFrom is the zoom at which craft are called by their names. */
const labelledFrom = 8
const reachPX = 11

/** Craft draws them, and knows which is where. */
export class Craft {
  private readonly map: GLMap
  private readonly sheet = document.createElement('canvas')
  private readonly pen: CanvasRenderingContext2D
  private list: Track[] = []
  private places: [number, number][] = []

  constructor(map: GLMap) {
    this.map = map
    this.pen = this.sheet.getContext('2d', byProcessor)!
    this.sheet.className = 'craft'
    this.sheet.setAttribute('aria-hidden', 'true') // what they fly is in the table
    map.getCanvasContainer().append(this.sheet)
  }

  /** follow draws them as they move, and as the map does. */
  follow(): (() => void)[] {
    const draw = (): void => this.draw()
    this.map.on('render', draw)
    return [
      effect(() => {
        // They are where they are now: another time, or an old picture, has none.
        this.list = stale.value || chosen.value !== null ? [] : tracks.value.list
        void dark.value
        this.draw()
      }),
      () => this.map.off('render', draw),
      () => this.sheet.remove(),
    ]
  }

  /** at is the craft at a place on the screen that flies something declared. */
  at(x: number, y: number): Track | undefined {
    let best: Track | undefined
    let least = reachPX * reachPX
    for (const [k, [cx, cy]] of this.places.entries()) {
      const d = (cx - x) ** 2 + (cy - y) ** 2
      if (d <= least && this.list[k]?.intent) [best, least] = [this.list[k], d]
    }
    return best
  }

  private draw(): void {
    const { clientWidth: width, clientHeight: height } = this.map.getCanvas()
    const ratio = devicePixelRatio || 1
    if (this.sheet.width !== Math.round(width * ratio) || this.sheet.height !== Math.round(height * ratio)) {
      this.sheet.width = Math.round(width * ratio)
      this.sheet.height = Math.round(height * ratio)
      this.sheet.style.width = `${width}px`
      this.sheet.style.height = `${height}px`
    }
    this.places = this.list.map((t) => {
      const p = this.map.project(t.at)
      return [p.x, p.y]
    })
    const c = this.pen
    c.setTransform(ratio, 0, 0, ratio, 0, 0)
    c.clearRect(0, 0, width, height)
    const seen = this.places.map(([x, y]) => x > -20 && y > -20 && x < width + 20 && y < height + 20)
    const p = paletteOf(dark.value)
    this.arrows(seen, p.track, p.halo)
    if (this.map.getZoom() >= labelledFrom) this.labels(seen, p.track, p.halo)
    this.sheet.dataset['drawn'] = String(seen.filter(Boolean).length)
  }

  /** arrows draws all of them as one shape: a stroke for each takes ten times as long. */
  private arrows(seen: boolean[], colour: string, halo: string): void {
    const c = this.pen
    // From far off small, as many together would be one blot.
    const size = Math.max(0.35, Math.min(1, (this.map.getZoom() - 4) / 6))
    c.beginPath()
    for (const [k, [x, y]] of this.places.entries()) {
      if (!seen[k]) continue
      const course = ((this.list[k]!.course_deg ?? 0) * Math.PI) / 180
      const [sin, cos] = [Math.sin(course) * size, Math.cos(course) * size]
      for (const [n, [dx, dy]] of head.entries()) {
        const [px, py] = [x + dx * cos - dy * sin, y + dx * sin + dy * cos]
        if (n) c.lineTo(px, py)
        else c.moveTo(px, py)
      }
    }
    c.lineJoin = 'round'
    c.strokeStyle = halo
    c.lineWidth = 2
    c.stroke()
    c.fillStyle = colour
    c.fill()
  }

  /** labels names them, but for those whose name would lie over another's. */
  private labels(seen: boolean[], colour: string, halo: string): void {
    const c = this.pen
    c.font = '11px B612'
    c.textBaseline = 'middle'
    c.strokeStyle = halo
    c.fillStyle = colour
    c.lineWidth = 2.8
    const taken = new Set<string>()
    for (const [k, [x, y]] of this.places.entries()) {
      if (!seen[k]) continue
      const t = this.list[k]!
      const text = tracks.value.simulated ? `${t.label} sim` : t.label
      const cells: string[] = []
      for (let at = Math.floor((x + 11) / 20); at <= Math.floor((x + 11 + text.length * 7) / 20); at++) cells.push(`${at} ${Math.round(y / 14)}`)
      if (cells.some((cell) => taken.has(cell))) continue
      for (const cell of cells) taken.add(cell)
      c.strokeText(text, x + 11, y)
      c.fillText(text, x + 11, y)
    }
  }
}
