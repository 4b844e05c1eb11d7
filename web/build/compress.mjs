// Leaves of each file that compresses well the compressed form only: the binary
// embeds it, and nearly every browser takes it as it is.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../../internal/web/dist/', import.meta.url))
let sent = 0
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name)
  if (statSync(file).isDirectory() || !/\.(js|css|html|json|svg|mjs)$/.test(name) || name === 'absent.html') continue
  const packed = gzipSync(readFileSync(file), { level: 9 })
  packed[9] = 255 // the system it was made on: unknown (RFC 1952), as the same page has the same bytes
  writeFileSync(file + '.gz', packed)
  rmSync(file)
  sent += packed.length
}
console.log(`compressed: ${(sent / 1000).toFixed(0)} kB in all`)
