// Which features are now and which are over. The map is told of each feature that
// changes, by its number: an expression that looked at the time would have all of
// them laid out anew at every step of it.
import type { Map as GLMap } from 'maplibre-gl'
import { second } from './features.ts'

export type When = 'planned' | 'now' | 'past'

/** Span is when a feature is in force, in seconds. */
interface Span {
  from: number
  to: number
  when: When
}

/** Moments keeps the states of the features of some sources. */
export class Moments {
  private readonly map: GLMap
  private readonly spans = new Map<string, Map<number, Span>>()
  private at = 0

  constructor(map: GLMap) {
    this.map = map
  }

  /** forget is for a source that is filled anew. */
  forget(source: string): void {
    this.spans.delete(source)
    this.map.removeFeatureState({ source })
  }

  add(source: string, id: number, from: number, to: number): void {
    let of = this.spans.get(source)
    if (!of) this.spans.set(source, (of = new Map()))
    const span: Span = { from, to, when: 'planned' }
    of.set(id, span)
    this.tell(source, id, span)
  }

  remove(source: string, id: number): void {
    if (this.spans.get(source)?.delete(id)) this.map.removeFeatureState({ source, id })
  }

  /** lookAt makes an instant the one that is looked at. */
  lookAt(ms: number): void {
    this.at = second(ms)
    for (const [source, of] of this.spans) for (const [id, span] of of) this.tell(source, id, span)
  }

  private tell(source: string, id: number, span: Span): void {
    const when: When = span.from > this.at ? 'planned' : span.to > this.at ? 'now' : 'past'
    if (when === span.when) return
    span.when = when
    this.map.setFeatureState({ source, id }, { when })
  }
}
