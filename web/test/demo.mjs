// The demo as people start it, and its two halves.
import { spawn } from 'node:child_process'
import { program } from './node.mjs'

/** Demo is a demo on a node of its own. */
export class Demo {
  /** play begins Varanth, for two that look side by side. */
  static play() {
    return Demo.start(/side by side:\n\s+(\S+)\n/, 'varanth', '--map', '--no-wait', '--pace', '50ms')
  }

  /** crowd begins one of so many flights and craft. */
  static crowd(flights, craft) {
    return Demo.start(/(http:\/\/127\.0\.0\.1:\d+\/\?seat=\S+)\s/, 'crowd', '--map', '--intents', String(flights), '--tracks', String(craft), '--seed', '1')
  }

  static async start(link, ...args) {
    const d = new Demo()
    d.process = spawn(program, ['demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    d.ended = new Promise((done) => d.process.once('exit', done))
    let said = ''
    let tell
    /** played is settled when the last row is over. */
    d.played = new Promise((done) => (tell = done))
    await new Promise((done, failed) => {
      const hear = (data) => {
        said += data
        const m = link.exec(said)
        if (m) done((d.link = m[1]))
        if (said.includes('The node stays until Ctrl-C.')) tell()
      }
      d.process.stdout.on('data', hear)
      d.process.stderr.on('data', hear)
      d.process.once('exit', (code) => failed(new Error(`the demo ended with ${code}: ${said}`)))
    })
    d.url = new URL(d.link).origin
    return d
  }

  async close() {
    this.process.kill('SIGINT')
    await this.ended
  }
}

/** beside is the half of a party. */
export const beside = (page, who) => page.frameLocator(`iframe[title="The view of ${who}"]`)
