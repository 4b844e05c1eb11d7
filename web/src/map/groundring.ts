// Rings as the map has to have them: it is flat, and joins two positions straight
// across itself, also where the short way leads over the antimeridian.
import type { Feature, FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson'

/** flat makes polygons on the globe polygons on the plane of the map: a ring that
 * crosses the antimeridian goes on beyond 180° instead of back around the world, and
 * one that goes around a pole is led over the pole. */
export function flat(all: FeatureCollection): FeatureCollection<MultiPolygon> {
  const polygons = all.features.flatMap(({ geometry: g }) => (g.type === 'Polygon' ? [g.coordinates] : g.type === 'MultiPolygon' ? g.coordinates : []))
  const one: Feature<MultiPolygon> = { type: 'Feature', properties: {}, geometry: { type: 'MultiPolygon', coordinates: polygons.map(flatPolygon) } }
  return { type: 'FeatureCollection', features: [one] }
}

function flatPolygon(rings: Polygon['coordinates']): Polygon['coordinates'] {
  const [outer = [], ...holes] = rings.map(unrolled)
  const middle = middleOf(outer)
  // A hole is where its polygon is.
  return [shifted(outer, -turns(middle)), ...holes.map((h) => shifted(h, turns(middle - middleOf(h)) - turns(middle)))]
}

/** unrolled goes the short way from each position to the next. */
function unrolled(ring: Position[]): Position[] {
  const first = ring[0]
  if (!first) return []
  const out: Position[] = [first]
  let x = first[0]!
  for (const [k, p] of ring.entries()) {
    if (k === 0) continue
    x += short(p[0]! - ring[k - 1]![0]!)
    out.push([x, p[1]!])
  }
  if (Math.abs(x - first[0]!) < 180) return out
  const pole = ring.reduce((sum, p) => sum + p[1]!, 0) < 0 ? -90 : 90
  return [...out, [x, pole], [first[0]!, pole], first]
}

const turns = (degrees: number): number => Math.round(degrees / 360)
const short = (degrees: number): number => degrees - 360 * turns(degrees)
const shifted = (ring: Position[], by: number): Position[] => (by === 0 ? ring : ring.map(([x, y]) => [x! + 360 * by, y!]))

function middleOf(ring: Position[]): number {
  let [west, east] = [Infinity, -Infinity]
  for (const [x] of ring) [west, east] = [Math.min(west, x!), Math.max(east, x!)]
  return (west + east) / 2
}
