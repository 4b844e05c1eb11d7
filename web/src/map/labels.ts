// Which names are written at which zoom. Where flights are many, most names would
// lie over each other: the map would try all of them again with every change.
import type { LngLat } from '../picture.ts'

/** A name takes about this much of the screen. */
const widePX = 110
const tallPX = 22
const tilePX = 512
const deepest = 16

/** Labels gives places to names: at each zoom one for each cell of the screen. A
 * name that is written at a zoom is written at those above too. */
export class Labels {
  private readonly taken = new Set<number>()
  private readonly cells = new Map<string, number[]>()

  clear(): void {
    this.taken.clear()
    this.cells.clear()
  }

  remove(id: string): void {
    for (const cell of this.cells.get(id) ?? []) this.taken.delete(cell)
    this.cells.delete(id)
  }

  /** add returns the least zoom at which the name of something at a place is written. */
  add(id: string, [lng, lat]: LngLat): number {
    const x = lng / 360 + 0.5
    const y = 0.5 - Math.asinh(Math.tan((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180)) / (2 * Math.PI)
    const cells: number[] = []
    let zoom = deepest
    for (let z = deepest - 1; z >= 0; z--) {
      const size = 2 ** z * tilePX
      // A number for a column, a row of at most 2^20, and a zoom: below 2^53.
      const cell = (Math.floor((x * size) / widePX) * 2 ** 20 + Math.floor((y * size) / tallPX)) * 16 + z
      if (this.taken.has(cell)) break
      cells.push(cell)
      zoom = z
    }
    for (const cell of cells) this.taken.add(cell)
    this.cells.set(id, cells)
    return zoom
  }
}
