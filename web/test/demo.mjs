// The demo as people start it, and its two halves.
import { spawn } from 'node:child_process'
import { program } from './node.mjs'

/** Demo plays Varanth on a node of its own. */
export class Demo {
  static async start() {
    const d = new Demo()
    d.process = spawn(program, ['demo', 'varanth', '--map', '--no-wait', '--pace', '50ms'], { stdio: ['ignore', 'pipe', 'pipe'] })
    d.ended = new Promise((done) => d.process.once('exit', done))
    let said = ''
    let tell
    /** played is settled when the last row is over. */
    d.played = new Promise((done) => (tell = done))
    await new Promise((done, failed) => {
      d.process.stdout.on('data', (data) => {
        said += data
        const m = /side by side:\n\s+(\S+)\n/.exec(said)
        if (m) done((d.side = m[1]))
        if (said.includes('The node stays until Ctrl-C.')) tell()
      })
      d.process.once('exit', (code) => failed(new Error(`the demo ended with ${code}: ${said}`)))
    })
    d.url = new URL(d.side).origin
    return d
  }

  async close() {
    this.process.kill('SIGINT')
    await this.ended
  }
}

/** beside is the half of a party. */
export const beside = (page, who) => page.frameLocator(`iframe[title="The view of ${who}"]`)
