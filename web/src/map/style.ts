// What is drawn and how. State is never told by colour alone: each look has its
// own line, and the table its word.
import type { DataDrivenPropertyValueSpecification, ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl'
import type { Look } from './features.ts'

const none = { type: 'geojson' as const, data: { type: 'FeatureCollection' as const, features: [] } }

/** palettes hold 3:1 against the ground for lines and 4.5:1 for text. */
const palettes = {
  light: {
    sea: '#dbe6ec', land: '#f4f2ec', border: '#8b8577', grid: '#a9b7bf', text: '#1b2733', halo: '#ffffff',
    own: '#0b5cad', other: '#8a4b00', alarm: '#b00020', bar: '#7a1fa2', advise: '#56606b', select: '#000000', track: '#10351a',
  },
  dark: {
    sea: '#0e1a24', land: '#1b2833', border: '#5f7180', grid: '#31434f', text: '#e6eef4', halo: '#0b141b',
    own: '#7cc4ff', other: '#ffb454', alarm: '#ff7a7a', bar: '#d79bff', advise: '#aeb9c3', select: '#ffffff', track: '#b9f2c8',
  },
}

export type Palette = (typeof palettes)['light']
export const paletteOf = (dark: boolean): Palette => (dark ? palettes.dark : palettes.light)

const colourOf = (p: Palette): ExpressionSpecification => [
  'case',
  ['any', ['==', ['get', 'look'], 'alarm'], ['get', 'bad']], p.alarm,
  ['==', ['get', 'look'], 'bar'], p.bar,
  ['==', ['get', 'look'], 'advise'], p.advise,
  ['get', 'own'], p.own,
  p.other,
]

/** strength is how much is seen of what is, is to come, and is over at the time
 * looked at. */
const strength = (now: number, planned: number, past: number): DataDrivenPropertyValueSpecification<number> =>
  ['match', ['feature-state', 'when'], 'now', now, 'past', past, planned]

const dashes: Record<Look, number[] | null> = { planned: [4, 3], active: null, alarm: [1, 1], over: [1, 4], bar: [8, 2], advise: [2, 2] }

function outline(id: string, source: string, look: Look, p: Palette, width: number): LayerSpecification {
  const dash = dashes[look]
  return {
    id: `${id}-${look}`, type: 'line', source, filter: ['==', ['get', 'look'], look],
    layout: { 'line-join': 'round' },
    paint: {
      'line-color': colourOf(p),
      // From far off thin, as what is many would be one blot.
      'line-width': ['interpolate', ['linear'], ['zoom'], 6, width / 2, 11, look === 'alarm' ? width + 1.5 : width],
      'line-opacity': strength(1, 0.75, 0.25),
      ...(dash ? { 'line-dasharray': dash } : {}),
    },
  }
}

const looks: Look[] = ['over', 'advise', 'bar', 'planned', 'active', 'alarm']

/** hits are the layers that can be pointed at. */
export const hits = ['areas', ...looks.map((l) => `paths-${l}`)]

/** styleOf is the whole style. */
export function styleOf(dark: boolean): StyleSpecification {
  const p = paletteOf(dark)
  const font = ['B612']
  return {
    version: 8,
    sources: { land: none, borders: none, graticule: none, areas: none, paths: none, labels: none, picked: none, rings: none, spots: none, draft: none },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': p.sea } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': p.land, 'fill-antialias': false } },
      { id: 'borders', type: 'line', source: 'borders', paint: { 'line-color': p.border, 'line-width': 0.8 } },
      { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': p.grid, 'line-width': 0.6 } },
      {
        id: 'graticule-labels', type: 'symbol', source: 'graticule', filter: ['==', ['geometry-type'], 'Point'],
        layout: {
          'text-field': ['get', 'label'], 'text-font': font, 'text-size': 11,
          'text-anchor': ['match', ['get', 'side'], 'left', 'right', 'bottom'], 'text-offset': ['match', ['get', 'side'], 'left', ['literal', [-0.4, 0]], ['literal', [0, -0.4]]],
        },
        paint: { 'text-color': p.text, 'text-opacity': 0.75, 'text-halo-color': p.halo, 'text-halo-width': 1 },
      },
      { id: 'rings', type: 'line', source: 'rings', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'line-color': p.text, 'line-width': 0.8, 'line-opacity': 0.6, 'line-dasharray': [2, 4] } },
      {
        id: 'ring-labels', type: 'symbol', source: 'rings', filter: ['==', ['geometry-type'], 'Point'],
        layout: { 'text-field': ['get', 'label'], 'text-font': font, 'text-size': 11, 'text-anchor': 'bottom' },
        paint: { 'text-color': p.text, 'text-halo-color': p.halo, 'text-halo-width': 1.4 },
      },
      {
        id: 'areas', type: 'fill', source: 'areas',
        paint: { 'fill-color': colourOf(p), 'fill-opacity': strength(0.2, 0.08, 0.02) },
      },
      // Wide and under the lines themselves, which show its state.
      { id: 'picked-area', type: 'fill', source: 'picked', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colourOf(p), 'fill-opacity': 0.25 } },
      {
        id: 'picked-line', type: 'line', source: 'picked', filter: ['!=', ['geometry-type'], 'Point'], layout: { 'line-join': 'round', 'line-cap': 'round' },
        paint: { 'line-color': p.select, 'line-width': 7, 'line-opacity': 0.35 },
      },
      ...looks.map((l) => outline('outlines', 'areas', l, p, 1.6)),
      ...looks.map((l) => outline('paths', 'paths', l, p, 2.2)),
      {
        id: 'labels', type: 'symbol', source: 'labels', minzoom: 5, filter: ['>=', ['zoom'], ['get', 'least']],
        layout: { 'text-field': ['get', 'label'], 'text-font': font, 'text-size': 12, 'text-anchor': 'bottom', 'text-offset': [0, -0.3], 'text-max-width': 12 },
        paint: { 'text-color': colourOf(p), 'text-halo-color': p.halo, 'text-halo-width': 1.6, 'text-opacity': strength(1, 0.85, 0.35) },
      },
      {
        id: 'picked', type: 'symbol', source: 'picked', filter: ['==', ['geometry-type'], 'Point'],
        layout: { 'text-field': ['get', 'label'], 'text-font': font, 'text-size': 12, 'text-anchor': 'bottom', 'text-offset': [0, -0.3], 'text-max-width': 12, 'text-allow-overlap': true },
        // The same properties as other names have: one that differed would have a program of its own built at the first selection.
        paint: { 'text-color': colourOf(p), 'text-halo-color': p.halo, 'text-halo-width': 1.6, 'text-opacity': strength(1, 1, 1) },
      },
      { id: 'spots', type: 'circle', source: 'spots', paint: { 'circle-radius': 9, 'circle-color': 'transparent', 'circle-stroke-color': p.alarm, 'circle-stroke-width': 3 } },
      {
        id: 'spot-labels', type: 'symbol', source: 'spots',
        layout: { 'text-field': ['get', 'label'], 'text-font': font, 'text-size': 12, 'text-anchor': 'top', 'text-offset': [0, 0.9], 'text-allow-overlap': true },
        paint: { 'text-color': p.alarm, 'text-halo-color': p.halo, 'text-halo-width': 2 },
      },
      { id: 'draft-fill', type: 'fill', source: 'draft', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': ['case', ['get', 'bad'], p.alarm, p.own], 'fill-opacity': 0.25 } },
      { id: 'draft-line', type: 'line', source: 'draft', paint: { 'line-color': ['case', ['get', 'bad'], p.alarm, p.own], 'line-width': 3, 'line-dasharray': [2, 1] } },
    ],
  }
}
