// The map, one module: it reads signals and draws, and tells what was pointed at.
import { computed, effect, untracked } from '@preact/signals'
import type { Feature, FeatureCollection } from 'geojson'
import { AttributionControl, type GeoJSONSource, Map as GLMap, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import workerURL from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import 'maplibre-gl/dist/maplibre-gl.css'
import '../font.css'
import { chosen, time } from '../clock.ts'
import { changed, type Item, items, type LngLat, loaded, stale } from '../picture.ts'
import { bounds, calm, dark, goTo, ringsAt, selection, units, view } from '../state.ts'
import { drawing } from '../draft.ts'
import { graticule, ground } from './basemap.ts'
import { Craft } from './craft.ts'
import { boxOf, type Features, featuresOf, inTrouble } from './features.ts'
import { edit } from './draw.ts'
import { area } from './groundarea.ts'
import { Labels } from './labels.ts'
import { rings, spots } from './marks.ts'
import { Moments } from './moments.ts'
import { hits, styleOf } from './style.ts'

setWorkerUrl(workerURL)

/** Ground is the page's hold on the map. */
export interface Ground {
  map: GLMap
  close: () => void
}

let drawable: boolean | undefined

/** canDraw tells whether this browser can draw maps at all. It is tried once:
 * browsers have few drawing contexts, and take the map's own away for another. */
export function canDraw(): boolean {
  if (drawable === undefined) {
    try {
      const c = document.createElement('canvas').getContext('webgl2')
      drawable = c !== null
      c?.getExtension('WEBGL_lose_context')?.loseContext()
    } catch {
      drawable = false
    }
  }
  return drawable
}

const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features })

/** open draws the map in an element. */
export async function open(container: HTMLElement): Promise<Ground> {
  // Text is drawn by the browser itself, so the font has to be there first.
  await Promise.all([document.fonts.load('16px B612'), document.fonts.load('bold 16px B612')])
  const at = view.value
  const map = new GLMap({
    container, style: styleOf(dark.value), center: at ? [at.lng, at.lat] : [0, 25], zoom: at?.zoom ?? 1.2,
    attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0, fadeDuration: calm ? 0 : 150, canvasContextAttributes: { antialias: false },
  })
  map.touchZoomRotate.disableRotation()
  map.addControl(new NavigationControl({ showCompass: false }), 'top-left')
  const scale = new ScaleControl({ maxWidth: 140, unit: units.value === 'aviation' ? 'nautical' : 'metric' })
  map.addControl(scale, 'bottom-left')
  map.addControl(new AttributionControl({ compact: true, customAttribution: 'Natural Earth' }), 'bottom-right')
  const ends = [
    effect(() => scale.setUnit(units.value === 'aviation' ? 'nautical' : 'metric')),
  ]
  await new Promise<void>((done) => map.once('load', () => done()))
  const g = new Drawing(map)
  ends.push(...g.follow(), edit(map), area(map))
  void g.ground()
  return {
    map,
    close: () => {
      for (const end of ends) end()
      map.remove()
    },
  }
}

/** sources are those of items, by the kind of their features. */
const sources = { areas: 'areas', lines: 'paths', labels: 'labels' } as const
type Kind = keyof typeof sources
const kinds = Object.keys(sources) as Kind[]

/** Block is the numbers that an item's features have, kind after kind. */
interface Block {
  first: number
  counts: Record<Kind, number>
}

/** drawnTime is the time that the map shows: every change of it can cost a frame of
 * the whole map, so what only follows the clock goes by ten seconds. */
const drawnTime = computed(() => chosen.value ?? Math.floor(time.value / 10_000) * 10_000)

class Drawing {
  private readonly map: GLMap
  private readonly craft: Craft
  private readonly moments: Moments
  private readonly labels = new Labels()
  private readonly last = new Map<string, string>()
  private readonly blocks = new Map<string, Block>()
  private next = 1

  constructor(map: GLMap) {
    this.map = map
    this.craft = new Craft(map)
    this.moments = new Moments(map)
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name)
  }

  /** put draws some features, if they are others than before: the map would draw
   * itself anew for the same ones too. */
  private put(name: string, features: Feature[]): void {
    const text = JSON.stringify(features)
    if (this.last.get(name) === text) return
    this.last.set(name, text)
    this.source(name)?.setData(collection(features))
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
      const craft = this.craft.at(e.point.x, e.point.y)
      if (craft?.intent) {
        selection.value = craft.intent
        return
      }
      const hit = m.queryRenderedFeatures([[e.point.x - 4, e.point.y - 4], [e.point.x + 4, e.point.y + 4]], { layers: hits })
      // The smallest thing under the pointer: it is the hardest to hit.
      const ids = [...new Set(hit.map((f) => String(f.properties['id'] ?? '')).filter(Boolean))]
      selection.value = ids.sort((a, b) => sizeOf(a) - sizeOf(b))[0] ?? null
    })
    m.on('mousemove', (e) => {
      const at = this.craft.at(e.point.x, e.point.y)
      m.getCanvas().style.cursor = at || m.queryRenderedFeatures(e.point, { layers: hits }).length > 0 ? 'pointer' : ''
    })
    this.grid()
    return [
      effect(() => this.moments.lookAt(drawnTime.value)),
      effect(() => this.draw(items.value, untracked(() => changed.value))),
      effect(() => {
        const v = view.value
        const c = m.getCenter()
        // An address that was pasted or gone back to; what the map itself says is there already.
        if (v && (Math.abs(v.lng - c.lng) > 2e-5 || Math.abs(v.lat - c.lat) > 2e-5 || Math.abs(v.zoom - m.getZoom()) > 0.01)) m.jumpTo({ center: [v.lng, v.lat], zoom: v.zoom })
      }),
      // What is selected is drawn once more, over the rest, which stays as it is.
      effect(() => {
        const picked = items.value.get(selection.value ?? '')
        const f = picked && featuresOf(picked, 0)
        this.put('picked', f ? [...f.areas, ...f.lines, ...f.labels] : [])
      }),
      effect(() => void m.getContainer().classList.toggle('stale', stale.value)),
      ...this.craft.follow(),
      effect(() => this.put('spots', spots())),
      effect(() => this.put('rings', rings(ringsAt.value, bounds.value))),
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
        m.fitBounds(box, { padding: Math.min(60, m.getContainer().clientHeight / 6), maxZoom: 14, animate: !calm, duration: 500 })
        goTo.value = null
      }),
    ]
  }

  /** draw shows the items; of those changed only, when it is known which. */
  private draw(all: ReadonlyMap<string, Item>, ids: ReadonlySet<string> | null): void {
    const add: Record<Kind, Feature[]> = { areas: [], lines: [], labels: [] }
    if (ids === null) {
      this.blocks.clear()
      this.next = 1
      for (const kind of kinds) this.moments.forget(sources[kind])
      this.labels.clear()
      // What matters is written first, and takes the room.
      const rank = (i: Item): number => (inTrouble(i) ? 0 : i.own ? 1 : 2)
      for (const i of [...all.values()].sort((a, b) => rank(a) - rank(b))) this.number(i, add)
      for (const kind of kinds) this.source(sources[kind])?.setData(collection(add[kind]))
      return
    }
    const remove: Record<Kind, number[]> = { areas: [], lines: [], labels: [] }
    for (const id of ids) {
      for (const [kind, n] of this.numbers(id)) {
        remove[kind].push(n)
        this.moments.remove(sources[kind], n)
      }
      this.blocks.delete(id)
      this.labels.remove(id)
      const i = all.get(id)
      if (i) this.number(i, add)
    }
    for (const kind of kinds) {
      if (remove[kind].length + add[kind].length > 0) this.source(sources[kind])?.updateData({ remove: remove[kind], add: add[kind] })
    }
  }

  /** number draws an item under numbers that no feature had before. */
  private number(i: Item, into: Record<Kind, Feature[]>): void {
    const f: Features = featuresOf(i, this.next)
    for (const l of f.labels) l.properties.least = this.labels.add(i.id, l.geometry.coordinates as LngLat)
    const counts = { areas: f.areas.length, lines: f.lines.length, labels: f.labels.length }
    this.blocks.set(i.id, { first: this.next, counts })
    this.next += counts.areas + counts.lines + counts.labels
    for (const kind of kinds) {
      for (const one of f[kind]) {
        into[kind].push(one)
        this.moments.add(sources[kind], Number(one.id), one.properties.from, one.properties.to)
      }
    }
  }

  /** numbers are those of an item's features. */
  private numbers(id: string): [Kind, number][] {
    const block = this.blocks.get(id)
    if (!block) return []
    let n = block.first
    return kinds.flatMap((kind) => Array.from({ length: block.counts[kind] }, (): [Kind, number] => [kind, n++]))
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
