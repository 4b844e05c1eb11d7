// The ground: coasts and borders that the binary brings along, and a graticule.
import type { Feature, FeatureCollection, LineString, Point } from 'geojson'
import { feature, mesh } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import worldURL from 'world-atlas/countries-50m.json?url'
import { flat } from './groundring.ts'

type World = Topology<{ land: GeometryCollection; countries: GeometryCollection }>

/** ground returns land and borders (Natural Earth, public domain). Names are left
 * out: they are disputed and age. */
export async function ground(): Promise<{ land: FeatureCollection; borders: Feature }> {
  const answer = await fetch(worldURL)
  if (!answer.ok) throw new Error(`the base map: ${answer.status}`)
  const world = (await answer.json()) as World
  return {
    land: flat(feature(world, world.objects.land) as FeatureCollection),
    borders: { type: 'Feature', properties: {}, geometry: mesh(world, world.objects.countries, (a, b) => a !== b) },
  }
}

const steps = [30, 10, 5, 2, 1, 0.5, 0.25, 1 / 6, 1 / 12, 1 / 60]

/** graticule is the lines of equal latitude and longitude in view, at a step that
 * leaves about six of them, with what is written on them. */
export function graticule(west: number, south: number, east: number, north: number): FeatureCollection<LineString | Point> {
  const span = Math.max(east - west, 1e-6)
  const step = steps.find((s) => span / s >= 4) ?? steps[steps.length - 1]!
  const lines: Feature<LineString | Point>[] = []
  const at = (v: number): string => {
    const a = Math.abs(v)
    const d = Math.floor(a + 1e-9)
    const m = Math.round((a - d) * 60)
    return `${d}°${m ? String(m).padStart(2, '0') + '′' : ''}`
  }
  // What is written stands at the edge, where it hides nothing.
  const line = (coordinates: [number, number][], label: string, at: [number, number], side: 'left' | 'bottom'): void => {
    lines.push({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } })
    lines.push({ type: 'Feature', properties: { label, side }, geometry: { type: 'Point', coordinates: at } })
  }
  const s = Math.max(-85, south)
  const n = Math.min(85, north)
  for (let k = Math.ceil(west / step); k * step <= east; k++) {
    const x = k * step
    const w = ((((x + 180) % 360) + 360) % 360) - 180
    line([[x, s], [x, n]], at(w) + (w < 0 ? 'W' : 'E'), [x, s], 'bottom')
  }
  for (let k = Math.ceil(s / step); k * step <= n; k++) {
    const y = k * step
    line([[west, y], [(west + east) / 2, y], [east, y]], at(y) + (y < 0 ? 'S' : 'N'), [east, y], 'left')
  }
  return { type: 'FeatureCollection', features: lines }
}
