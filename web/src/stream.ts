// Server-sent events by fetch, as EventSource can say neither which seat it is
// nor why it was refused.
import { Problem, headers } from './node.ts'

export interface Frame {
  id: string
  event: string
  data: string
}

export interface Following {
  /** heard is called for every sign of life, comments too. */
  heard: () => void
  frame: (f: Frame) => void
  /** ended is called when the stream was cut or refused; it is tried again unless refused for good. */
  ended: (why: Error) => void
}

/** parseFrames takes whole frames off the text; what is left is returned. */
export function parseFrames(text: string, each: (f: Frame) => void): string {
  for (;;) {
    const end = text.indexOf('\n\n')
    if (end < 0) return text
    const frame: Frame = { id: '', event: 'message', data: '' }
    for (const line of text.slice(0, end).split('\n')) {
      const colon = line.indexOf(':')
      const name = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (name === 'id') frame.id = value
      else if (name === 'event') frame.event = value
      else if (name === 'data') frame.data += (frame.data && '\n') + value
    }
    each(frame)
    text = text.slice(end + 2)
  }
}

/** silentAfterMS: the node sends something every 15 s. */
const silentAfterMS = 35_000

/** follow reads a stream from an index on, and resumes where it was cut. */
export function follow(path: string, after: number, to: Following): () => void {
  const ending = new AbortController()
  let last = String(after)
  let waitMS = 250
  const once = async (): Promise<void> => {
    const turn = new AbortController()
    const stop = () => turn.abort()
    ending.signal.addEventListener('abort', stop)
    let silence = setTimeout(stop, silentAfterMS)
    try {
      const answer = await fetch(path, { headers: headers({ Accept: 'text/event-stream', 'Last-Event-ID': last }), cache: 'no-store', signal: turn.signal })
      if (!answer.ok || !answer.body) throw new Problem(answer.status, await answer.json().catch(() => ({})))
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) throw new Error('the stream ended')
        clearTimeout(silence)
        silence = setTimeout(stop, silentAfterMS)
        waitMS = 250
        to.heard()
        text = parseFrames(text + value, (f) => {
          if (f.id) last = f.id
          if (f.data) to.frame(f)
        })
      }
    } finally {
      clearTimeout(silence)
      ending.signal.removeEventListener('abort', stop)
    }
  }
  void (async () => {
    while (!ending.signal.aborted) {
      try {
        await once()
      } catch (e) {
        if (ending.signal.aborted) return
        to.ended(e as Error)
        if (e instanceof Problem && e.status >= 400 && e.status < 500 && e.status !== 429) return
      }
      await new Promise((r) => setTimeout(r, waitMS * (0.75 + Math.random() / 2)))
      waitMS = Math.min(waitMS * 2, 5000)
    }
  })()
  return () => ending.abort()
}
