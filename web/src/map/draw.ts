// Drawing a plan on the map. Each point is a button on the ground that can be
// dragged, or moved with the arrow keys; the shape is drawn around them.
import { effect } from '@preact/signals'
import type { Feature } from 'geojson'
import { type GeoJSONSource, type Map as GLMap, Marker } from 'maplibre-gl'
import { bad, draft, drawing, type Draft } from '../draft.ts'
import type { LngLat } from '../picture.ts'

const earthM = 6_371_008.8 // mean radius, IUGG: for the eye only
const rad = Math.PI / 180

/** destination is the place in a direction at a distance, on the sphere. */
export function destination([lng, lat]: LngLat, bearing: number, m: number): LngLat {
  const d = m / earthM
  const f = lat * rad
  const t = bearing * rad
  const f2 = Math.asin(Math.sin(f) * Math.cos(d) + Math.cos(f) * Math.sin(d) * Math.cos(t))
  const l2 = lng * rad + Math.atan2(Math.sin(t) * Math.sin(d) * Math.cos(f), Math.cos(d) - Math.sin(f) * Math.sin(f2))
  return [l2 / rad, f2 / rad]
}

/** apartM is how far two places are from each other, on the sphere. */
export function apartM(a: LngLat, b: LngLat): number {
  const s = Math.sin(((b[1] - a[1]) * rad) / 2) ** 2 + Math.cos(a[1] * rad) * Math.cos(b[1] * rad) * Math.sin(((b[0] - a[0]) * rad) / 2) ** 2
  return 2 * earthM * Math.asin(Math.min(1, Math.sqrt(s)))
}

/** ring is a circle for the eye. */
export const ring = (centre: LngLat, m: number): LngLat[] => Array.from({ length: 65 }, (_, k) => destination(centre, (k % 64) * 5.625, m))

function featuresOf(d: Draft, isBad: boolean): Feature[] {
  const properties = { bad: isBad }
  const area = (coordinates: LngLat[]): Feature => ({ type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [coordinates] } })
  const line = (coordinates: LngLat[]): Feature => ({ type: 'Feature', properties, geometry: { type: 'LineString', coordinates } })
  if (d.form === 'file') {
    return [...(d.file?.volumes ?? []).map((v) => area(v.ring)), ...(d.file?.paths ?? []).map((p) => line(p.points.map((q) => [q[0], q[1]])))]
  }
  const first = d.points[0]
  if (!first) return []
  if (d.form === 'circle') return [area(ring(first, d.reach_m)), ...(d.inner_m ? [line(ring(first, d.inner_m))] : [])]
  if (d.form === 'polygon') return d.points.length < 3 ? [line(d.points)] : [area([...d.points, first])]
  // A corridor's ends are round: a circle at each point, and the line between.
  return [line(d.points), ...d.points.map((p) => area(ring(p, d.reach_m))), ...sides(d.points, d.reach_m).map(area)]
}

function sides(points: LngLat[], m: number): LngLat[][] {
  return points.slice(1).map((b, k) => {
    const a = points[k]!
    const bearing = Math.atan2((b[0] - a[0]) * Math.cos(((a[1] + b[1]) / 2) * rad), b[1] - a[1]) / rad
    const corner = (p: LngLat, turn: number): LngLat => destination(p, bearing + turn, m)
    return [corner(a, -90), corner(b, -90), corner(b, 90), corner(a, 90), corner(a, -90)]
  })
}

/** edit lets the draft be drawn on the map; what it returns ends that. */
export function edit(map: GLMap): () => void {
  const handles: Marker[] = []
  let dragged = -1
  const set = (k: number, at: LngLat): void => {
    const d = draft.peek()
    if (!d) return
    if (d.form === 'circle' && k === 1) {
      draft.value = { ...d, reach_m: Math.max(1, Math.round(apartM(d.points[0]!, at))) }
      return
    }
    draft.value = { ...d, points: d.points.map((p, j) => (j === k ? at : p)) }
  }
  const handle = (k: number, words: string): Marker => {
    const el = document.createElement('button')
    el.type = 'button'
    el.className = 'handle'
    el.setAttribute('aria-label', `${words}: drag it, or move it with the arrow keys`)
    const m = new Marker({ element: el, draggable: true })
    m.on('dragstart', () => (dragged = k))
    m.on('drag', () => {
      const at = m.getLngLat()
      set(k, [at.lng, at.lat])
    })
    m.on('dragend', () => (dragged = -1))
    el.addEventListener('keydown', (e) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key]
      if (!step) return
      e.preventDefault()
      e.stopPropagation()
      const p = map.project(m.getLngLat())
      const by = e.shiftKey ? 20 : 4
      const at = map.unproject([p.x + step[0]! * by, p.y + step[1]! * by])
      set(k, [at.lng, at.lat])
    })
    return m
  }
  const place = (d: Draft | null): void => {
    const at: LngLat[] = !d || d.form === 'file' ? [] : d.form === 'circle' && d.points[0] ? [d.points[0], destination(d.points[0], 90, d.reach_m)] : d.points
    while (handles.length > at.length) handles.pop()!.remove()
    at.forEach((p, k) => {
      const words = d!.form === 'circle' ? (k ? 'Edge of the circle' : 'Middle of the circle') : `Point ${k + 1}`
      const m = (handles[k] ??= handle(k, words).setLngLat(p).addTo(map))
      if (dragged !== k) m.setLngLat(p)
    })
  }
  const press = (e: { lngLat: { lng: number; lat: number } }): void => {
    const d = draft.peek()
    if (!drawing.peek() || !d) return
    const at: LngLat = [e.lngLat.lng, e.lngLat.lat]
    draft.value = { ...d, points: d.form === 'circle' ? [at] : [...d.points, at] }
    if (d.form === 'circle') drawing.value = false
  }
  map.on('click', press)
  const ends = [
    effect(() => {
      const d = draft.value
      map.getSource<GeoJSONSource>('draft')?.setData({ type: 'FeatureCollection', features: d ? featuresOf(d, bad.value) : [] })
      place(d)
    }),
    effect(() => void map.getContainer().classList.toggle('drawing', drawing.value)),
  ]
  return () => {
    map.off('click', press)
    for (const end of ends) end()
    for (const m of handles) m.remove()
  }
}
