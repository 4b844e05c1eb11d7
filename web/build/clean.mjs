// Takes away what an earlier build left.
import { readdirSync, rmSync } from 'node:fs'

const dist = new URL('../../internal/web/dist/', import.meta.url)
try {
  for (const name of readdirSync(dist)) {
    if (name !== 'absent.html') rmSync(new URL(name, dist), { recursive: true })
  }
} catch (e) {
  if (e.code !== 'ENOENT') throw e
}
