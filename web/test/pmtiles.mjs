// Small files of PMTiles, version 3, with tiles of an area that does not exist,
// written from the format's own text and not with what the page reads them by.
import { crc32, deflateSync, gzipSync } from 'node:zlib'

const varint = (n) => {
  const out = []
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) + 128)
  return [...out, n]
}
const field = (number, bytes) => [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes]
const text = (s) => [...Buffer.from(s)]

/** place is where on a tile of 4096 something is. */
function place([lng, lat], z, x, y) {
  const n = 2 ** z
  const s = Math.sin((lat * Math.PI) / 180)
  return [Math.round(((lng + 180) / 360) * n * 4096 - x * 4096), Math.round((0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * n * 4096 - y * 4096)]
}

/** feature is one of a vector tile: a point, a line, or a ring that is closed by itself. */
function feature({ type, at, ...tags }, keys, values, z, x, y) {
  let [cx, cy] = [0, 0]
  const zigzag = (n) => varint(n < 0 ? -2 * n - 1 : 2 * n)
  const steps = at.map((p) => {
    const [px, py] = place(p, z, x, y)
    const step = [...zigzag(px - cx), ...zigzag(py - cy)]
    ;[cx, cy] = [px, py]
    return step
  })
  const rest = steps.slice(1)
  const geometry = [9, ...steps[0], ...(rest.length ? [...varint(rest.length * 8 + 2), ...rest.flat()] : []), ...(type === 3 ? [15] : [])]
  const numbers = Object.entries(tags).flatMap(([k, v]) => [...varint(index(keys, k)), ...varint(index(values, v))])
  return [...field(2, numbers), 24, type, ...field(4, geometry)]
}

const index = (list, v) => (list.includes(v) ? list.indexOf(v) : list.push(v) - 1)

function layer(name, features, ...zxy) {
  const [keys, values] = [[], []]
  const all = features.flatMap((f) => field(2, feature(f, keys, values, ...zxy)))
  return [...field(1, text(name)), ...all, ...keys.flatMap((k) => field(3, text(k))), ...values.flatMap((v) => field(4, field(1, text(v)))), ...[5 * 8, ...varint(4096)], ...[15 * 8, 2]]
}

/** vectorTile is a tile of layers by name. */
const vectorTile = (layers, ...zxy) => Buffer.from(Object.entries(layers).flatMap(([name, features]) => field(3, layer(name, features, ...zxy))))

/** imageTile is a PNG of one colour. */
export function imageTile(rgb) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data])
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    size.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([size, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(256, 0)
  head.writeUInt32BE(256, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.from([0, ...Array(256).fill(rgb).flat()])
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(Array(256).fill(row)))), chunk('IEND', Buffer.alloc(0))])
}

/** numberOf is the number of a tile: those of smaller zooms, then its place on the
 * Hilbert curve. */
function numberOf(z, x, y) {
  let d = (4 ** z - 1) / 3
  for (let s = 2 ** z / 2; s >= 1; s /= 2) {
    const [rx, ry] = [(x & s) > 0 ? 1 : 0, (y & s) > 0 ? 1 : 0]
    d += s * s * ((3 * rx) ^ ry)
    if (ry === 0) {
      if (rx === 1) [x, y] = [s - 1 - (x & (s - 1)), s - 1 - (y & (s - 1))]
      ;[x, y] = [y & (s - 1), x & (s - 1)]
    } else [x, y] = [x & (s - 1), y & (s - 1)]
  }
  return d
}

/** directory packs entries, which are in the order of their numbers. */
function directory(entries) {
  let [last, end] = [0, -1]
  const columns = [[], [], [], []]
  for (const e of entries) {
    columns[0].push(...varint(e.number - last))
    columns[1].push(...varint(e.run))
    columns[2].push(...varint(e.length))
    columns[3].push(...varint(e.offset === end ? 0 : e.offset + 1))
    ;[last, end] = [e.number, e.offset + e.length]
  }
  return gzipSync(Buffer.from([...varint(entries.length), ...columns.flat()]))
}

/** archive is a file with a tile for each place of a box at each zoom: vector tiles
 * of layers, or images, which come from tile(z, x, y). */
export function archive({ box: [west, south, east, north], zooms: [low, high], layers, image, metadata }) {
  const tiles = []
  for (let z = low; z <= high; z++) {
    const at = (p) => place(p, z, 0, 0).map((v) => Math.floor(v / 4096))
    const [[x0, y0], [x1, y1]] = [at([west, north]), at([east, south])]
    for (let x = x0; x <= x1; x++) for (let y = y0; y <= y1; y++) tiles.push({ number: numberOf(z, x, y), data: image ?? gzipSync(vectorTile(layers, z, x, y)) })
  }
  tiles.sort((a, b) => a.number - b.number)
  let offset = 0
  const entries = tiles.map(({ number, data }) => ({ number, run: 1, length: data.length, offset: (offset += data.length) - data.length }))
  // All but images by way of a leaf, as in large files.
  const leaf = image ? Buffer.alloc(0) : directory(entries)
  const root = image ? directory(entries) : directory([{ number: entries[0].number, run: 0, length: leaf.length, offset: 0 }])
  const about = gzipSync(JSON.stringify(metadata))
  const sections = [root, about, leaf, Buffer.concat(tiles.map((t) => t.data))]
  const head = Buffer.alloc(127)
  head.write('PMTiles')
  head[7] = 3
  let start = head.length
  sections.forEach((s, k) => {
    head.writeBigUInt64LE(BigInt(start), 8 + 16 * k)
    head.writeBigUInt64LE(BigInt(s.length), 16 + 16 * k)
    start += s.length
  })
  for (const at of [72, 80, 88]) head.writeBigUInt64LE(BigInt(tiles.length), at)
  head.set([1, 2, image ? 1 : 2, image ? 2 : 1, low, high], 96)
  ;[west, south, east, north].forEach((v, k) => head.writeInt32LE(Math.round(v * 1e7), 102 + 4 * k))
  head[118] = low
  head.writeInt32LE(Math.round((west + east) * 5e6), 119)
  head.writeInt32LE(Math.round((south + north) * 5e6), 123)
  return Buffer.concat([head, ...sections])
}
