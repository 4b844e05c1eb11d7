// How a map of the area is drawn: under everything else, and pale, so that what is
// declared stands out from it as it does from the coast.
import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from 'maplibre-gl'
import { paletteOf } from './style.ts'

/** grounds are the colours of what is on the land, beside those of the land itself.
 * Lines that are declared hold 3:1 against each. */
export const grounds = {
  light: { green: '#e4ebdb', building: '#e2dccf', road: '#cbc4b4', minor: '#dad4c7', rail: '#c9c6c0', dimmest: 0.7, brightest: 1 },
  dark: { green: '#1c2f2c', building: '#26343f', road: '#3a4b57', minor: '#2d3d49', rail: '#35424c', dimmest: 0, brightest: 0.32 },
}

/** basemap is the name of the source, and what layers' names begin with. */
export const basemap = 'basemap'

type Role = 'earth' | 'green' | 'water' | 'building' | 'road' | 'boundary' | 'place' | 'other'

/** roles are what the layers of the usual schemas show: Protomaps, OpenMapTiles and
 * Shortbread. What is first is drawn first. */
const roles: Record<Role, string[]> = {
  earth: ['earth'],
  green: ['landcover', 'landuse', 'park', 'land', 'globallandcover'],
  water: ['water', 'ocean', 'water_polygons', 'waterway', 'water_lines'],
  building: ['buildings', 'building'],
  other: [],
  road: ['roads', 'transportation', 'streets', 'aeroway', 'transit'],
  boundary: ['boundaries', 'boundary'],
  place: ['places', 'place', 'place_labels'],
}

/** silent are layers that say too much, or the same again. */
const silent = /label|_name$|^pois?$|^housenum|^addresses$|^mountain_peak$|^street_polygons$|^sites$|^dam_|^pier_|^aerodrome|^public_transport$|^aerialways$|^ferries$|^bridges$/

const kind: ExpressionSpecification = ['coalesce', ['get', 'kind'], ['get', 'class'], ['get', 'pmap:kind'], '']
const isKind = (...kinds: string[]): ExpressionSpecification => ['in', kind, ['literal', kinds]]
const areas: FilterSpecification = ['==', ['geometry-type'], 'Polygon']
const lines: FilterSpecification = ['==', ['geometry-type'], 'LineString']
const points: FilterSpecification = ['==', ['geometry-type'], 'Point']
const both = (a: FilterSpecification, b: ExpressionSpecification): FilterSpecification => ['all', a as ExpressionSpecification, b]
const width = (...stops: number[]): ExpressionSpecification => ['interpolate', ['exponential', 1.6], ['zoom'], ...stops]

const large = isKind('highway', 'major_road', 'motorway', 'trunk', 'primary', 'secondary', 'aeroway', 'runway')
const rails = isKind('rail', 'transit', 'railway', 'light_rail', 'subway', 'tram')
const wooded = isKind('wood', 'forest', 'park', 'national_park', 'nature_reserve', 'protected_area', 'grass', 'grassland', 'meadow', 'scrub', 'orchard', 'vineyard', 'heath', 'wetland', 'golf_course', 'cemetery', 'village_green', 'recreation_ground')
/** states: whose they are is disputed, and ages. */
const states = isKind('continent', 'country', 'state', 'province', 'region')
const outer: ExpressionSpecification = ['any', isKind('country'), ['<=', ['to-number', ['coalesce', ['get', 'admin_level'], 99], 99], 2]]

/** vectorLayers draw the layers that a file has. */
export function vectorLayers(has: string[], dark: boolean): LayerSpecification[] {
  const p = { ...paletteOf(dark), ...grounds[dark ? 'dark' : 'light'] }
  const of = (name: string, part: string) => ({ id: `${basemap}-${name}-${part}`, source: basemap, 'source-layer': name })
  const fill = (name: string, colour: string, filter: FilterSpecification = areas): LayerSpecification => ({ ...of(name, 'area'), type: 'fill', filter, paint: { 'fill-color': colour, 'fill-antialias': false } })
  const line = (name: string, part: string, filter: FilterSpecification, colour: string, wide: ExpressionSpecification, more: { minzoom?: number; dash?: number[] } = {}): LayerSpecification => ({
    ...of(name, part), type: 'line', filter, ...(more.minzoom ? { minzoom: more.minzoom } : {}), layout: { 'line-join': 'round', 'line-cap': more.dash ? 'butt' : 'round' },
    paint: { 'line-color': colour, 'line-width': wide, ...(more.dash ? { 'line-dasharray': more.dash } : {}) },
  })
  const draw: Record<Role, (name: string) => LayerSpecification[]> = {
    earth: (n) => [fill(n, p.land)],
    green: (n) => [fill(n, p.green, both(areas, wooded)), fill2(n)],
    water: (n) => [fill(n, p.sea), line(n, 'line', lines, p.sea, width(8, 0.6, 14, 3))],
    building: (n) => [fill(n, p.building)],
    road: (n) => [
      line(n, 'minor', both(lines, ['all', ['!', large], ['!', rails]]), p.minor, width(11, 0.5, 14, 2, 18, 10), { minzoom: 11 }),
      line(n, 'rail', both(lines, rails), p.rail, width(9, 0.6, 16, 2), { minzoom: 9, dash: [4, 2] }),
      line(n, 'major', both(lines, large), p.road, width(5, 0.6, 10, 1.6, 14, 4, 18, 18)),
    ],
    boundary: (n) => [
      line(n, 'inner', both(lines, ['!', outer]), p.border, width(4, 0.3, 10, 0.8), { minzoom: 5, dash: [3, 3] }),
      line(n, 'outer', both(lines, outer), p.border, width(3, 0.6, 10, 1.4)),
    ],
    place: (n) => [{
      ...of(n, 'name'), type: 'symbol', filter: both(points, ['!', states]),
      layout: {
        'text-field': ['coalesce', ['get', 'name'], ['get', 'name:latin'], ''], 'text-font': ['B612'], 'text-size': ['interpolate', ['linear'], ['zoom'], 5, 10, 14, 13], 'text-max-width': 8,
        'symbol-sort-key': ['to-number', ['coalesce', ['get', 'rank'], ['-', 0, ['to-number', ['coalesce', ['get', 'population_rank'], 0], 0]]], 0],
      },
      paint: { 'text-color': p.text, 'text-opacity': 0.8, 'text-halo-color': p.halo, 'text-halo-width': 1.2 },
    }],
    other: (n) => [line(n, 'line', ['!=', ['geometry-type'], 'Point'], p.minor, width(5, 0.5, 14, 1.5))],
  }
  /** fill2 are fields of aerodromes, which matter to whoever flies. */
  function fill2(name: string): LayerSpecification {
    return { ...fill(name, p.minor, both(areas, isKind('aerodrome', 'airfield', 'runway', 'taxiway'))), id: `${basemap}-${name}-field` }
  }
  const known = Object.values(roles).flat()
  return (Object.keys(roles) as Role[]).flatMap((role) => {
    const names = role === 'other' ? has.filter((n) => !known.includes(n) && !silent.test(n)) : roles[role].filter((n) => has.includes(n))
    return names.flatMap(draw[role])
  })
}

/** imageLayers fade what is bright where the page is dark, and the other way round. */
export function imageLayers(dark: boolean): LayerSpecification[] {
  const g = grounds[dark ? 'dark' : 'light']
  return [{ id: `${basemap}-image`, type: 'raster', source: basemap, paint: { 'raster-brightness-min': g.dimmest, 'raster-brightness-max': g.brightest, 'raster-saturation': -0.3, 'raster-fade-duration': 0 } }]
}
