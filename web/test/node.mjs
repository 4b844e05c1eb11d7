// The real program, with two operators who have an agreement in force, as
// docs/AGREEMENTS.md brings them to one.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('../../', import.meta.url).pathname

/** program is the binary under test. */
export const program = process.env.DECONFLICT ?? join(root, 'bin', 'deconflict')

/** freePort is one that nobody listens on; a node that starts again needs the same. */
export function freePort() {
  return new Promise((done, failed) => {
    const s = createServer()
    s.on('error', failed)
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => done(port))
    })
  })
}

/** Node is one running node in a directory of its own. */
export class Node {
  constructor(dir, port) {
    this.dir = dir
    this.port = port
    this.url = `http://localhost:${port}`
    this.said = ''
  }

  /** start runs a node whose clock stands at the time of the example. */
  static async start(more = []) {
    const dir = mkdtempSync(join(tmpdir(), 'deconflict-map-'))
    const n = new Node(dir, await freePort())
    n.debug = await freePort()
    n.flags = ['--clock', '2031-05-05T08:00:00Z', '--debug-listen', `localhost:${n.debug}`, ...more]
    await n.run()
    return n
  }

  /** run starts the program and waits until it serves. */
  async run() {
    this.process = spawn(program, ['serve', '--data', 'data', '--builtin-issuer', '--listen', `localhost:${this.port}`, '--party-rate', '10000', '--party-burst', '10000', ...this.flags], { cwd: this.dir })
    this.ended = new Promise((done) => this.process.once('exit', done))
    this.process.stderr.on('data', (d) => (this.said += d))
    await new Promise((done, failed) => {
      this.process.stdout.on('data', (d) => {
        this.said += d
        if (this.said.includes('listening on')) done()
      })
      this.process.stderr.on('data', () => this.said.includes('listening on') && done())
      this.process.once('exit', (code) => failed(new Error(`the node ended with ${code}: ${this.said}`)))
    })
    this.said = ''
  }

  /** halt stops the program; what it knows stays on the disk. */
  async halt(signal = 'SIGTERM') {
    this.process.kill(signal)
    await this.ended
  }

  async close() {
    await this.halt()
    rmSync(this.dir, { recursive: true })
  }

  /** cli runs a command in the node's directory; what it prints is returned, also
   * when it says that there is a conflict. */
  cli(...args) {
    try {
      return execFileSync(program, args, { cwd: this.dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (e) {
      if (e.status === 1 && e.stdout) return e.stdout
      throw new Error(`deconflict ${args.join(' ')}: ${e.status}\n${e.stdout}\n${e.stderr}`)
    }
  }

  /** clock sets the node's time. */
  async clock(at) {
    const answer = await fetch(`http://localhost:${this.debug}/debug/clock`, { method: 'POST', body: at })
    if (!answer.ok) throw new Error(`clock: ${answer.status} ${await answer.text()}`)
  }

  token(party, ...more) {
    return this.cli('token', '--data', 'data', '--party', party, '--scope', 'deconflict.act', '--scope', 'deconflict.read', '--audience', 'localhost', '--ttl', '2h', ...more).trim()
  }

  /** meet brings Heron and Kite to an agreement; the node's clock stands at the
   * time of the example. */
  meet() {
    const from = join(root, 'examples', 'two-operators')
    cpSync(from, this.dir, { recursive: true })
    for (const name of readdirSync(from)) writeFileSync(join(this.dir, name), readFileSync(join(from, name), 'utf8').replaceAll('http://localhost:8080', this.url))
    for (const who of ['heron', 'kite']) writeFileSync(join(this.dir, who + '.token'), this.token(who), { mode: 0o600 })
    for (const key of ['h1', 'h2', 'h3', 'k1', 'k2']) writeFileSync(join(this.dir, key + '.pub'), this.cli('party', 'key', key + '.key'))
    const until = '2031-05-06T08:00:00Z'
    this.cli('party', 'enrol', 'heron.json', '--profile', 'heron-manager.toml')
    this.cli('party', 'enrol', 'kite.json', '--profile', 'kite-owner.toml')
    for (const [position, person, profile] of [['watch', 'h3', 'heron-manager'], ['duty-director', 'h1', 'heron-manager'], ['watch', 'k2', 'kite-owner'], ['duty-director', 'k1', 'kite-owner']]) {
      this.cli('party', 'roster', position, person, '--to', until, '--profile', profile + '.toml')
    }
    this.cli('agreement', 'propose', 'agreement.json', '--profile', 'heron-manager.toml')
    this.cli('agreement', 'sign', 'tern-reef', '--profile', 'kite-owner.toml')
    writeFileSync(join(this.dir, 'statement.json'), this.cli('agreement', 'sign', 'tern-reef', '--print', '--profile', 'heron-manager.toml'))
    for (const key of ['h1', 'h2']) {
      writeFileSync(join(this.dir, key + '.sig'), this.cli('act', 'sign', 'statement.json', '--key', key + '.key'))
      this.cli('act', 'send', 'statement.json', key + '.sig', '--profile', 'heron-watch.toml')
    }
    this.cli('release', 'set', '--body', 'release.json', '--profile', 'heron-manager.toml')
    this.cli('release', 'set', '--body', 'release.json', '--profile', 'kite-owner.toml')
  }

  /** declare declares a plan file; its id is returned. */
  declare(file, profile, ...more) {
    const said = this.cli('intent', 'declare', file, '--body', 'flight.json', '--profile', profile, ...more)
    const id = /intent\s+([0-9a-f-]{36})/.exec(said)
    if (!id) throw new Error(`no intent was declared: ${said}`)
    return id[1]
  }
}
