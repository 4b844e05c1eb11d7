// A seat is who looks, in one browser: two tabs may be two parties.
const given = new URLSearchParams(location.search).get('seat') ?? ''

/** seat names the session that this page uses. */
export const seat = /^[a-z0-9-]{1,16}$/.test(given) ? given : 'a'
