import { effect } from '@preact/signals'
import { render } from 'preact'
import './style.css'
import { App } from './app.tsx'
import { watch } from './alarm.ts'
import { held } from './clock.ts'
import { keepChecked } from './draft.ts'
import { listen } from './panel/keyboard.tsx'
import { resume } from './panel/login.tsx'
import { seats } from './panel/side.tsx'
import { compare } from './picture.ts'
import { theme } from './state.ts'
import { keepTime } from './timekeeping.ts'
import { keepAddress, readAddress } from './url.ts'

readAddress()
keepAddress()
effect(() => {
  document.documentElement.dataset['theme'] = theme.value
})
render(<App />, document.getElementById('app')!)
listen()
watch()
keepChecked()
if (seats.length < 2) void resume()
keepTime()
// Who cannot ask has a banner already. In a rehearsal it also tells the time.
let askedMS = 0
const again = (): void => void setTimeout(() => {
  if (!held.value && Date.now() - askedMS < 30_000) return again()
  askedMS = Date.now()
  void compare().catch(() => undefined).finally(again)
}, 3000)
again()
