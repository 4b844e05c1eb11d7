// Reads a QR code from a picture of it, as a phone does: written from ISO/IEC 18004
// alone, and without correcting errors, so that a code with any is not read.

// Blocks and data bytes of each at error correction level M, by version.
const blocksOfM = { 1: [1, 16], 2: [1, 28], 3: [1, 44], 4: [2, 32], 5: [2, 43], 6: [4, 27] }

const masks = [
  (y, x) => (y + x) % 2, (y) => y % 2, (y, x) => x % 3, (y, x) => (y + x) % 3,
  (y, x) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2, (y, x) => ((y * x) % 2) + ((y * x) % 3),
  (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2, (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2,
]

/** modules finds the code in rows of pixels, true for dark, upright and alone. */
function modules(dark) {
  const rows = dark.map((row, y) => (row.includes(true) ? y : -1)).filter((y) => y >= 0)
  const [top, bottom] = [rows[0], rows.at(-1)]
  const left = dark[top].indexOf(true)
  const right = dark[top].lastIndexOf(true)
  let finder = 0
  while (dark[top][left + finder]) finder++ // seven modules wide
  const size = 17 + 4 * Math.round((((right - left + 1) / finder) * 7 - 17) / 4)
  const pitch = [(right - left + 1) / size, (bottom - top + 1) / size]
  const at = (k, from, p) => Math.floor(from + (k + 0.5) * p)
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => dark[at(y, top, pitch[1])][at(x, left, pitch[0])]))
}

/** decode returns the text of a code of bytes, of level M and version 1 to 6. */
export function decode(dark) {
  const m = modules(dark)
  const n = m.length
  const version = (n - 17) / 4
  if (!blocksOfM[version]) throw new Error(`found ${n} modules a side, expected those of version 1 to 6`)
  const format = [[0, 8], [1, 8], [2, 8], [3, 8], [4, 8], [5, 8], [7, 8], [8, 8], [8, 7], [8, 5], [8, 4], [8, 3], [8, 2], [8, 1], [8, 0]]
    .reduce((v, [x, y]) => (v << 1) | Number(m[y][x]), 0) ^ 0x5412
  if (format >> 13 !== 0) throw new Error(`found the format ${format.toString(2)}, expected level M`)
  const mask = masks[(format >> 10) & 7]
  const reserved = (x, y) => (x < 9 && y < 9) || (x >= n - 8 && y < 9) || (x < 9 && y >= n - 8) || x === 6 || y === 6 ||
    (version > 1 && Math.abs(x - (n - 7)) <= 2 && Math.abs(y - (n - 7)) <= 2)
  const bits = []
  let up = true
  for (let right = n - 1; right > 0; right -= 2) {
    if (right === 6) right-- // the column of the timing pattern
    for (let k = 0; k < n; k++) {
      const y = up ? n - 1 - k : k
      for (const x of [right, right - 1]) if (!reserved(x, y)) bits.push(Number(m[y][x]) ^ Number(mask(y, x) === 0))
    }
    up = !up
  }
  const [blocks, each] = blocksOfM[version]
  const bytes = Array.from({ length: blocks * each }, (_, k) => bits.slice(8 * k, 8 * k + 8).reduce((v, b) => (v << 1) | b, 0))
  // Bytes are dealt to the blocks in turn.
  const data = Array.from({ length: blocks }, (_, b) => bytes.filter((_, k) => k % blocks === b)).flat()
  const stream = data.flatMap((v) => [7, 6, 5, 4, 3, 2, 1, 0].map((k) => (v >> k) & 1))
  const take = (from, count) => stream.slice(from, from + count).reduce((v, b) => (v << 1) | b, 0)
  if (take(0, 4) !== 4) throw new Error(`found the mode ${take(0, 4)}, expected bytes`)
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from({ length: take(4, 8) }, (_, k) => take(12 + 8 * k, 8)))
}

/** scan reads the code that an element shows on the screen. A phone looks again
 * when a picture was taken too early, and so does this. */
export async function scan(page, locator) {
  for (let n = 1; ; n++) {
    try {
      return decode(await pixels(page, locator))
    } catch (e) {
      if (n === 10) throw e
      await new Promise((r) => setTimeout(r, 200))
    }
  }
}

/** pixels are rows of what an element shows, true for dark. */
async function pixels(page, locator) {
  const png = (await locator.screenshot()).toString('base64')
  return page.evaluate(async (png) => {
    const image = new Image()
    image.src = 'data:image/png;base64,' + png
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const c = canvas.getContext('2d')
    c.drawImage(image, 0, 0)
    const { data } = c.getImageData(0, 0, image.width, image.height)
    return Array.from({ length: image.height }, (_, y) => Array.from({ length: image.width }, (_, x) => data[4 * (y * image.width + x)] < 128))
  }, png)
}
