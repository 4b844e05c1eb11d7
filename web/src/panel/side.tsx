// Two parties' views side by side: what one shows is what the other sees.

const said = new URLSearchParams(location.search).get('side') ?? ''

/** seats are those to be seen side by side, from the address ?side=one,two. */
export const seats = said.split(',').filter((s) => /^[a-z0-9-]{1,16}$/.test(s)).slice(0, 3)

// A link may bring a join code for each seat. What is in a fragment is sent to
// nobody.
const codes = new URLSearchParams(location.hash.slice(1))

export function Side() {
  return (
    <main class="side">
      {seats.map((s) => <iframe key={s} title={`The view of ${s}`} src={`/?seat=${s}${codes.has(s) ? `#join=${encodeURIComponent(codes.get(s)!)}` : ''}`} />)}
    </main>
  )
}
