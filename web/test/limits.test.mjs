// What goes wrong, as the page says it; and what the page never does.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Node } from './node.mjs'
import { launch, Seat } from './page.mjs'

let browser
let node
let survey

before(async () => {
  node = await Node.start()
  node.meet()
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await node?.close()
})

/** as opens a seat, hands it on and closes it. */
async function as(what, options, by = browser) {
  const seat = await Seat.open(by, node.url, options)
  await what(seat)
  await seat.close()
}

describe('the page', () => {
  test('is served with a policy that allows nothing from elsewhere, and keeps to it', async () => {
    const answer = await fetch(node.url)
    const policy = answer.headers.get('content-security-policy')
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'self'"]) assert.ok(policy.includes(part), part)
    assert.ok(!policy.includes('unsafe'))
    await as(async (seat) => {
      await seat.page.goto(node.url)
      await seat.page.getByLabel('Join code').waitFor()
      const ran = await seat.page.evaluate(() => {
        const s = document.createElement('script')
        s.textContent = 'globalThis.ran = true'
        document.head.append(s)
        return globalThis.ran === true
      })
      assert.equal(ran, false, 'a script in the document does not run')
      assert.equal(seat.errors.length, 1, 'which the browser notes')
      seat.errors.length = 0
    })
  })

  test('never calls an empty airspace clear', async () => {
    await as(async (seat) => {
      await seat.enter(node.token('heron'))
      await seat.page.getByRole('status').filter({ hasText: 'None declared to this node. That does not say that nobody is there.' }).waitFor()
      assert.doesNotMatch(await seat.page.locator('body').innerText(), /\bclear\b|\bsafe\b/i)
    })
  })

  test('has a table for browsers without WebGL', async () => {
    survey = node.declare('survey.geojson', 'heron-watch.toml')
    const blind = await launch('--disable-3d-apis')
    try {
      await as(async (seat) => {
        await seat.enter(node.token('kite'))
        await seat.page.getByText('This browser draws no maps').waitFor()
        await seat.page.locator(`[data-id="${survey}"]`).click()
        await seat.page.getByText('12°03.000′N 029°57.000′W').first().waitFor()
        await seat.accessible()
      }, {}, blind)
    } finally {
      await blind.close()
    }
  })
})

describe('signing in', () => {
  test('with a wrong code or token says so', async () => {
    await as(async (seat) => {
      await seat.page.goto(node.url)
      await seat.page.getByLabel('Join code').fill('AAAAA-AAAAA')
      await seat.page.getByRole('button', { name: 'Join' }).click()
      await seat.page.getByRole('alert').filter({ hasText: 'Not accepted' }).waitFor()
      await seat.present('nonsense')
      await seat.page.getByRole('alert').filter({ hasText: 'Not accepted' }).waitFor()
      await seat.accessible()
    })
  })

  test('without permission says which', async () => {
    await as(async (seat) => {
      await seat.page.goto(node.url)
      await seat.present(node.cli('token', '--data', 'data', '--party', 'heron', '--scope', 'rid.display_provider', '--audience', 'localhost').trim())
      const said = await seat.page.getByRole('alert').innerText()
      assert.match(said, /You may not do this|Not accepted/)
      assert.match(said, /deconflict\.(act|read)/)
      await seat.page.getByLabel('Join code').waitFor()
    })
  })

  test('that may read and not act is told so when it acts', async () => {
    await as(async (seat) => {
      await seat.enter(node.cli('token', '--data', 'data', '--party', 'heron', '--scope', 'deconflict.read', '--audience', 'localhost').trim())
      await seat.page.locator(`[data-id="${survey}"]`).click()
      await seat.page.getByRole('button', { name: 'Withdraw' }).click()
      await seat.page.getByRole('alert').filter({ hasText: 'You may not do this' }).waitFor()
    })
  })

  test('is asked for again when the token has run out', async () => {
    await as(async (seat) => {
      await seat.enter(node.cli('token', '--data', 'data', '--party', 'heron', '--scope', 'deconflict.act', '--audience', 'localhost', '--ttl', '15s').trim())
      await seat.page.getByText(/Your session ends in \d+ s/).waitFor()
      await seat.page.getByText('Your session has ended. Sign in to go on.').waitFor({ timeout: 60_000 })
      await seat.accessible()
      await seat.sign(node.token('heron'))
      await seat.page.locator(`[data-id="${survey}"]`).waitFor()
    })
  })

  test('is asked for in every window of a seat that signed out', async () => {
    await as(async (seat) => {
      await seat.enter(node.token('heron'))
      const other = await seat.context.newPage()
      await other.goto(node.url)
      await other.getByRole('button', { name: 'Sign out' }).click()
      await other.getByLabel('Join code').waitFor()
      await other.close()
      await seat.page.getByText('Your session has ended. Sign in to go on.').waitFor({ timeout: 60_000 })
    })
  })
})

describe('a plan', () => {
  test('that cannot be is refused in words, and stays', async () => {
    await as(async (seat) => {
      await seat.enter(node.token('heron', '--role', 'watch', '--person', 'h3'))
      await seat.page.getByRole('button', { name: 'Plan', exact: true }).click()
      await seat.page.getByRole('button', { name: 'Circle for a drone' }).click()
      await seat.page.getByLabel('Ceiling').fill('-100')
      await seat.page.keyboard.press('Tab')
      const said = seat.page.locator('.judged .error')
      await seat.until(() => said.innerText(), (t) => t === 'The floor has to be below the ceiling.', 'what is wrong with it')
      await seat.page.getByLabel('Ceiling').fill('300')
      await seat.page.keyboard.press('Tab')
      await said.waitFor({ state: 'hidden' })
    })
  })
})

describe('a node that is not there', () => {
  test('is said to be unreachable where one signs in', async () => {
    await as(async (seat) => {
      await seat.page.goto(node.url)
      await seat.page.getByLabel('Join code').waitFor()
      const token = node.token('heron')
      await node.halt()
      await seat.present(token)
      await seat.page.getByRole('alert').filter({ hasText: 'The node cannot be reached' }).waitFor()
      await node.run()
      await seat.page.getByRole('button', { name: 'Use the token' }).click()
      await seat.page.locator(`[data-id="${survey}"]`).waitFor()
    })
  })
})
