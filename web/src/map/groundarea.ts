// A map of the area that who runs the node put beside it: one file, read by ranges
// from the node itself. Without it nothing of this is loaded.
import { effect } from '@preact/signals'
import { addProtocol, type ErrorEvent, type IControl, type Map as GLMap } from 'maplibre-gl'
import type { Header, PMTiles } from 'pmtiles'
import { dark } from '../state.ts'
import { basemap, imageLayers, vectorLayers } from './groundstyle.ts'

const path = '/basemap.pmtiles'
const vector = 1 // the type of vector tiles

/** area draws the file, if there is one; what it returns ends that. */
export function area(map: GLMap): () => void {
  const note = new Note(map)
  let end = (): void => undefined
  let gone = false
  void find()
    .then((archive) => archive && read(archive))
    .then((found) => {
      if (found && !gone) end = show(map, found, note)
    })
    .catch((e: unknown) => gone || note.say(e))
  return () => {
    gone = true
    end()
  }
}

/** find asks whether there is such a file. */
async function find(): Promise<PMTiles | null> {
  const answer = await fetch(path, { headers: { Range: 'bytes=0-126' } }).catch(() => null) // the stream says that the node is away
  if (!answer || answer.status === 204) return null
  if (!answer.ok) throw new Error((await answer.text()).trim())
  const { FetchSource, PMTiles } = await import('pmtiles')
  return new PMTiles(new FetchSource(path))
}

interface Found {
  archive: PMTiles
  header: Header
  layers: string[]
  attribution: string
}

async function read(archive: PMTiles): Promise<Found> {
  const [header, about] = await Promise.all([archive.getHeader(), archive.getMetadata()])
  const { vector_layers: list, attribution } = about as { vector_layers?: unknown; attribution?: unknown }
  const layers = Array.isArray(list) ? list.map((l: { id?: unknown }) => String(l?.id ?? '')).filter(Boolean) : []
  return { archive, header, layers, attribution: typeof attribution === 'string' ? plain(attribution) : '' }
}

/** plain is the text of what may be HTML, to be shown as HTML: neither pictures nor
 * links of a file's maker belong on a page that asks nobody but its node. */
function plain(html: string): string {
  const p = document.createElement('p')
  p.textContent = new DOMParser().parseFromString(html.replace(/<[^>]*>/g, ''), 'text/html').body.textContent
  return p.innerHTML
}

let drawn: PMTiles | null = null
let readable: () => void = () => undefined

/** tile is one of the file's, or nothing where it has none. */
async function tile({ url }: { url: string }, abort: AbortController): Promise<{ data: ArrayBuffer }> {
  const [z, x, y] = url.split('/').slice(-3).map(Number)
  const found = await drawn!.getZxy(z!, x!, y!, abort.signal)
  readable()
  return { data: found?.data ?? new ArrayBuffer(0) }
}

function show(map: GLMap, { archive, header: h, layers, attribution }: Found, note: Note): () => void {
  drawn = archive
  readable = () => note.say(null)
  addProtocol(basemap, tile)
  // What the tiles cannot give is said on the map; all else goes where it always does.
  map.on('error', (e: ErrorEvent & { sourceId?: string }) => {
    if (e.sourceId === basemap) note.say(e.error)
    else console.error(e.error)
  })
  const source = { tiles: [`${basemap}://{z}/{x}/{y}`], minzoom: h.minZoom, maxzoom: h.maxZoom, bounds: boxOf(h), attribution }
  map.addSource(basemap, h.tileType === vector ? { type: 'vector', ...source } : { type: 'raster', tileSize: 256, ...source })
  const list = (): ReturnType<typeof imageLayers> => (h.tileType === vector ? vectorLayers(layers, dark.value) : imageLayers(dark.value))
  let first = true
  return effect(() => {
    for (const l of list()) {
      if (first) map.addLayer(l, 'graticule')
      else for (const [name, value] of Object.entries(l.paint ?? {})) map.setPaintProperty(l.id, name as never, value as never)
    }
    first = false
  })
}

/** boxOf is where the file has tiles; one that does not say has them everywhere. */
function boxOf(h: Header): [number, number, number, number] {
  return h.minLon < h.maxLon && h.minLat < h.maxLat ? [h.minLon, h.minLat, h.maxLon, h.maxLat] : [-180, -85.051129, 180, 85.051129]
}

/** Note says on the map that the file cannot be read, while that is so. */
class Note implements IControl {
  private readonly map: GLMap
  private readonly box = document.createElement('div')

  constructor(map: GLMap) {
    this.map = map
    this.box.className = 'maplibregl-ctrl maplibregl-ctrl-attrib'
    this.box.setAttribute('role', 'status')
  }

  say(e: unknown): void {
    const shown = this.map.hasControl(this)
    if (e === null) {
      if (shown) this.map.removeControl(this)
      return
    }
    this.box.textContent = `The map of the area cannot be read: ${e instanceof Error ? e.message : String(e)}. The coast is drawn alone.`
    if (!shown) this.map.addControl(this, 'bottom-right')
  }

  onAdd(): HTMLElement {
    return this.box
  }

  onRemove(): void {
    this.box.remove()
  }
}
