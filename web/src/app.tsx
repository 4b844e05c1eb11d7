// The one screen.
import { computed } from '@preact/signals'
import type { ComponentChild } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { now } from './clock.ts'
import { draft } from './draft.ts'
import { remove } from './node.ts'
import { Banner } from './panel/banner.tsx'
import { Channel } from './panel/channel.tsx'
import { Detail } from './panel/detail.tsx'
import { Help } from './panel/keyboard.tsx'
import { Login } from './panel/login.tsx'
import { Plan } from './panel/plan.tsx'
import { Print } from './panel/print.tsx'
import { Profile } from './panel/profile.tsx'
import { seats, Side } from './panel/side.tsx'
import { StopButton } from './panel/stop.tsx'
import { Table } from './panel/table.tsx'
import { Kept } from './panel/timekeeper.tsx'
import { Timeline } from './panel/timeline.tsx'
import { end, items, stream } from './picture.ts'
import { helpOpen, keep, panel, session, tell, theme, units, type Panel, type Theme, type Units } from './state.ts'
import { clock, day } from './units.ts'
import { canDraw, open } from './map/map.ts'

export function App() {
  if (seats.length > 1) return <Side />
  if (session.value === undefined) return <main class="login"><p role="status">Asking the node…</p></main>
  if (session.value === null) return <Login />
  return (
    <>
      <a class="skip" href="#rows" onClick={toTable}>To the table</a>
      <Header />
      <Banner />
      <main class="screen">
        <div class="left">
          <MapView />
          <Profile />
          <Timeline />
        </div>
        <div class="right">
          <Tabs />
          <div id="panel" class="panel">{panels[panel.value]()}</div>
          {!drafting.value && <Detail />}
        </div>
      </main>
      <Help />
      <Print />
      <p class="unseen" role="status" aria-live="polite">{tell.value}</p>
    </>
  )
}

/** toTable goes to the table and leaves the address, which says what is looked at. */
function toTable(e: Event): void {
  e.preventDefault()
  panel.value = 'table'
  setTimeout(() => document.getElementById('rows')?.focus())
}

/** drafting keeps the screen from being made anew for each point that is dragged. */
const drafting = computed(() => draft.value !== null)

const panels: Record<Panel, () => ComponentChild> = {
  table: () => <Table />,
  channel: () => <Channel />,
  plan: () => <Plan />,
}

function Tabs() {
  return (
    <nav class="tabs" aria-label="Panels">
      {([['table', 'Table'], ['channel', 'Channel'], ['plan', 'Plan']] as const).map(([k, words]) => (
        <button type="button" key={k} aria-current={panel.value === k ? 'page' : undefined} aria-controls="panel" onClick={() => (panel.value = k)}>{words}</button>
      ))}
    </nav>
  )
}

function Header() {
  const s = session.value!
  const live = stream.value.state === 'live'
  return (
    <header>
      <h1>deconflict</h1>
      <p class="clock"><time>{day(now.value)} {clock(now.value)}</time></p>
      <Kept />
      {s.mode === 'node' && <p class={live ? 'stream live' : 'stream'}>{live ? '● live' : '○ not live'}</p>}
      <p class="who">{s.party}{s.role ? `, ${s.role}` : ''}{s.person ? ` (${s.person})` : ''}</p>
      <StopButton />
      <label class="pick">Units
        <select value={units.value} onChange={(e) => { units.value = e.currentTarget.value as Units; keep('units', units.value) }}>
          <option value="aviation">ft, NM, Zulu</option>
          <option value="metric">m, km, local time</option>
        </select>
      </label>
      <label class="pick">Light
        <select value={theme.value} onChange={(e) => { theme.value = e.currentTarget.value as Theme; keep('theme', theme.value) }}>
          <option value="auto">as the system</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </label>
      <button type="button" onClick={() => print()}>Print</button>
      <button type="button" onClick={() => (helpOpen.value = true)}>Keys</button>
      {s.mode === 'node' && <button type="button" onClick={() => void signOut()}>Sign out</button>}
    </header>
  )
}

async function signOut(): Promise<void> {
  end()
  session.value = null
  await remove('/v1/session').catch(() => undefined) // the page has let go of it in any case
}

function MapView() {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!canDraw()) return
    let close = (): void => undefined
    let gone = false
    void open(box.current!).then((g) => {
      close = g.close
      if (gone) close()
      else (window as { deconflictMap?: unknown }).deconflictMap = g.map // what is drawn can be asked for in a console
    })
    return () => {
      gone = true
      close()
      delete (window as { deconflictMap?: unknown }).deconflictMap
    }
  }, [])
  return (
    <section class="map" aria-label="Map">
      <div ref={box} class="ground" />
      {!canDraw() && <p class="nomap">This browser draws no maps (WebGL 2 is missing or switched off). The table has everything that the map would show: {items.value.size} entries.</p>}
    </section>
  )
}
