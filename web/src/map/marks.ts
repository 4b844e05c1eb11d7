// Marks on the map: where a conflict is, and how far things are.
import type { Feature } from 'geojson'
import { checked } from '../draft.ts'
import { items, type Verdict } from '../picture.ts'
import { selection } from '../state.ts'
import { clock, distance } from '../units.ts'
import { units } from '../state.ts'
import { blocks } from '../words.ts'
import { destination, ring } from './draw.ts'

/** spots are the places of closest approach of the conflicts that are looked at:
 * the draft's, else the selection's. */
export function spots(): Feature[] {
  const verdicts: Verdict[] = checked.value?.verdicts ?? (selection.value ? (items.value.get(selection.value)?.verdicts ?? []) : [])
  return verdicts.filter(blocks).flatMap((v): Feature[] => {
    const p = v.measure?.place
    if (!p) return []
    const label = v.measure?.at ? clock(Date.parse(v.measure.at)) : ''
    return [{ type: 'Feature', properties: { label, id: v.id }, geometry: { type: 'Point', coordinates: [p.lng_e9 / 1e9, p.lat_e9 / 1e9] } }]
  })
}

const stepsM: Record<'aviation' | 'metric', number[]> = {
  aviation: [0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100, 250].map((n) => n * 1852),
  metric: [0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100, 250].map((n) => n * 1000),
}

/** rings are circles around a place, three of them in what is in view. */
export function rings(at: [number, number] | null, view: [number, number, number, number] | null): Feature[] {
  if (!at || !view) return []
  const tallM = (view[3] - view[1]) * 111_320 // a degree of latitude: for the eye only
  const step = stepsM[units.value].findLast((s) => s <= tallM / 6) ?? stepsM[units.value][0]!
  return [1, 2, 3].flatMap((k): Feature[] => [
    { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring(at, k * step)] } },
    { type: 'Feature', properties: { label: distance(k * step + 0.001) }, geometry: { type: 'Point', coordinates: destination(at, 0, k * step) } },
  ])
}
