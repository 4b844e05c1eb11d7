// What may stand between a browser and the node: it passes everything on, can be
// cut, and can lose a part of an answer, as networks and caches do.
import { createServer, request } from 'node:http'

export class Relay {
  /** start relays to a node; the address to be used is url. */
  static async start(node) {
    const r = new Relay()
    r.sockets = new Set()
    r.cut = false
    /** spoil may change the text of an answer; null leaves answers alone. */
    r.spoil = null
    r.server = createServer((ask, answer) => {
      // Uncompressed, so that what is spoilt can be read.
      const headers = { ...ask.headers, 'accept-encoding': 'identity' }
      const on = request({ host: 'localhost', port: node.port, path: ask.url, method: ask.method, headers }, (from) => {
        if (!r.spoil || from.headers['content-type'] !== 'application/json') {
          answer.writeHead(from.statusCode, from.headers)
          answer.flushHeaders()
          from.on('error', () => answer.destroy())
          from.pipe(answer)
          return
        }
        let text = ''
        from.setEncoding('utf8').on('data', (d) => (text += d)).on('end', () => {
          text = r.spoil(ask.url, text)
          answer.writeHead(from.statusCode, { ...from.headers, 'content-length': Buffer.byteLength(text) })
          answer.end(text)
        })
      })
      on.on('error', () => answer.destroy())
      answer.on('close', () => on.destroy())
      ask.pipe(on)
    })
    r.server.on('connection', (s) => {
      if (r.cut) return s.destroy()
      r.sockets.add(s)
      s.on('close', () => r.sockets.delete(s))
    })
    await new Promise((done) => r.server.listen(0, 'localhost', done))
    r.url = `http://localhost:${r.server.address().port}`
    return r
  }

  /** sever cuts what is open and refuses what comes, until join. */
  sever() {
    this.cut = true
    for (const s of this.sockets) s.destroy()
  }

  join() {
    this.cut = false
  }

  async close() {
    this.sever()
    await new Promise((done) => this.server.close(done))
  }
}
