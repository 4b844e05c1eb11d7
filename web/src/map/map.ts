// The map, one module: it reads signals and draws, and tells what was pointed at.
import { effect, untracked } from '@preact/signals'
import type { Feature, FeatureCollection } from 'geojson'
import { AttributionControl, type GeoJSONSource, Map as GLMap, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import workerURL from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import 'maplibre-gl/dist/maplibre-gl.css'
import '../font.css'
import { time } from '../clock.ts'
import { changed, type Item, items, loaded, stale, tracks } from '../picture.ts'
import { bounds, calm, dark, goTo, ringsAt, selection, units, view } from '../state.ts'
import { drawing } from '../draft.ts'
import { graticule, ground } from './basemap.ts'
import { boxOf, featuresOf, most, second, trackFeatures } from './features.ts'
import { edit } from './draw.ts'
import { rings, spots } from './marks.ts'
import { hits, styleOf } from './style.ts'

setWorkerUrl(workerURL)

/** Ground is the page's hold on the map. */
export interface Ground {
  map: GLMap
  close: () => void
}

/** canDraw tells whether this browser can draw maps at all. */
export function canDraw(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null
  } catch {
    return false
  }
}

const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features })

/** open draws the map in an element. */
export async function open(container: HTMLElement): Promise<Ground> {
  // Text is drawn by the browser itself, so the font has to be there first.
  await Promise.all([document.fonts.load('16px B612'), document.fonts.load('bold 16px B612')])
  const at = view.value
  const map = new GLMap({
    container, style: styleOf(dark.value), center: at ? [at.lng, at.lat] : [0, 25], zoom: at?.zoom ?? 1.2,
    attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0, fadeDuration: calm ? 0 : 150, canvasContextAttributes: { antialias: devicePixelRatio < 2 },
  })
  map.touchZoomRotate.disableRotation()
  map.addControl(new NavigationControl({ showCompass: false }), 'top-left')
  const scale = new ScaleControl({ maxWidth: 140, unit: units.value === 'aviation' ? 'nautical' : 'metric' })
  map.addControl(scale, 'bottom-left')
  map.addControl(new AttributionControl({ compact: true, customAttribution: 'Natural Earth' }), 'bottom-right')
  const ends = [
    effect(() => scale.setUnit(units.value === 'aviation' ? 'nautical' : 'metric')),
  ]
  map.on('styledata', () => {
    if (!map.hasImage('craft')) map.addImage('craft', craft(), { sdf: true })
  })
  await new Promise<void>((done) => map.once('load', () => done()))
  const g = new Drawing(map)
  ends.push(...g.follow(), edit(map))
  void g.ground()
  return {
    map,
    close: () => {
      for (const end of ends) end()
      map.remove()
    },
  }
}

/** craft is an arrow head that points north. */
function craft(): ImageData {
  const size = 22
  const c = new OffscreenCanvas(size, size).getContext('2d')!
  c.moveTo(size / 2, 1)
  c.lineTo(size - 4, size - 2)
  c.lineTo(size / 2, size - 7)
  c.lineTo(4, size - 2)
  c.closePath()
  c.fill()
  return c.getImageData(0, 0, size, size)
}

class Drawing {
  private readonly map: GLMap
  private readonly numbers = new Map<string, number>()
  /** counts are how many features of each source an item has */
  private readonly drawn = new Map<string, { areas: number; lines: number; labels: number }>()
  private next = 1

  constructor(map: GLMap) {
    this.map = map
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name)
  }

  /** follow draws what the signals say, now and whenever they change. */
  follow(): (() => void)[] {
    const m = this.map
    let first = true
    m.on('moveend', () => {
      const c = m.getCenter()
      view.value = { lng: c.lng, lat: c.lat, zoom: m.getZoom() }
      this.grid()
    })
    m.on('click', (e) => {
      if (drawing.value) return // the press places a point
      const hit = m.queryRenderedFeatures([[e.point.x - 4, e.point.y - 4], [e.point.x + 4, e.point.y + 4]], { layers: hits })
      // The smallest thing under the pointer: it is the hardest to hit.
      const ids = [...new Set(hit.map((f) => String(f.properties['id'] ?? '')).filter(Boolean))]
      selection.value = ids.sort((a, b) => sizeOf(a) - sizeOf(b))[0] ?? null
    })
    m.on('mousemove', (e) => {
      m.getCanvas().style.cursor = m.queryRenderedFeatures(e.point, { layers: hits }).length > 0 ? 'pointer' : ''
    })
    this.grid()
    return [
      effect(() => this.draw(items.value, untracked(() => changed.value))),
      effect(() => void m.setGlobalStateProperty('time', second(time.value))),
      effect(() => void m.setGlobalStateProperty('selected', selection.value ?? '')),
      effect(() => void m.setGlobalStateProperty('stale', stale.value)),
      effect(() => void this.source('tracks')?.setData(collection(trackFeatures(stale.value ? [] : tracks.value.list, tracks.value.simulated)))),
      effect(() => void this.source('spots')?.setData(collection(spots()))),
      effect(() => void this.source('rings')?.setData(collection(rings(ringsAt.value, bounds.value)))),
      effect(() => {
        const style = styleOf(dark.value)
        if (first) {
          first = false
          return
        }
        for (const l of style.layers) for (const [name, value] of Object.entries(l.paint ?? {})) m.setPaintProperty(l.id, name as never, value as never)
      }),
      effect(() => {
        if (!loaded.value || untracked(() => view.value)) return
        const all = boxOf(untracked(() => items.value).values())
        if (all) goTo.value = all
      }),
      effect(() => {
        const box = goTo.value
        if (!box) return
        m.fitBounds(box, { padding: 60, maxZoom: 14, animate: !calm, duration: 500 })
        goTo.value = null
      }),
    ]
  }

  /** draw shows the items; of those changed only, when it is known which. */
  private draw(all: ReadonlyMap<string, Item>, ids: ReadonlySet<string> | null): void {
    if (ids === null) {
      this.numbers.clear()
      this.drawn.clear()
      this.next = 1
      const sum = { areas: [] as Feature[], lines: [] as Feature[], labels: [] as Feature[] }
      for (const i of all.values()) {
        const f = featuresOf(i, this.number(i.id))
        this.drawn.set(i.id, { areas: f.areas.length, lines: f.lines.length, labels: f.labels.length })
        for (const name of ['areas', 'lines', 'labels'] as const) for (const one of f[name]) sum[name].push(one)
      }
      this.source('areas')?.setData(collection(sum.areas))
      this.source('paths')?.setData(collection(sum.lines))
      this.source('labels')?.setData(collection(sum.labels))
      return
    }
    const remove = { areas: [] as number[], lines: [] as number[], labels: [] as number[] }
    const add = { areas: [] as Feature[], lines: [] as Feature[], labels: [] as Feature[] }
    for (const id of ids) {
      let n = this.number(id)
      const before = this.drawn.get(id)
      if (before) {
        for (const name of ['areas', 'lines', 'labels'] as const) for (let k = 0; k < before[name]; k++) remove[name].push(n++)
      }
      const i = all.get(id)
      if (!i) {
        this.drawn.delete(id)
        continue
      }
      const f = featuresOf(i, this.number(id))
      this.drawn.set(id, { areas: f.areas.length, lines: f.lines.length, labels: f.labels.length })
      for (const name of ['areas', 'lines', 'labels'] as const) add[name].push(...f[name])
    }
    for (const [name, source] of [['areas', 'areas'], ['lines', 'paths'], ['labels', 'labels']] as const) {
      if (remove[name].length + add[name].length > 0) this.source(source)?.updateData({ remove: remove[name], add: add[name] })
    }
  }

  private number(id: string): number {
    let n = this.numbers.get(id)
    if (n === undefined) {
      n = this.next
      this.next += most
      this.numbers.set(id, n)
    }
    return n
  }

  private grid(): void {
    const b = this.map.getBounds()
    bounds.value = [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]
    this.source('graticule')?.setData(graticule(b.getWest(), b.getSouth(), b.getEast(), b.getNorth()))
  }

  async ground(): Promise<void> {
    const { land, borders } = await ground()
    this.source('land')?.setData(land)
    this.source('borders')?.setData(borders)
  }
}

/** sizeOf is about how large an item is, to pick the smallest. */
function sizeOf(id: string): number {
  const i = items.value.get(id)
  const b = i && boxOf([i])
  return b ? (b[2] - b[0]) * (b[3] - b[1]) : 0
}
