import { setTimeout as sleep } from 'node:timers/promises'

/** The shop's invisible customers. */
export interface Traffic {
  /** No further requests; resolves when those under way have been answered. */
  stop(): Promise<void>
}

/** What a customer may do. */
interface Visit {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: { readonly sku: string; readonly quantity: number }
}

/** How often each visit happens, out of 100. Most are fine; the rest is what one looks for in logs. */
const VISITS: readonly (readonly [weight: number, visit: () => Visit])[] = [
  [66, () => checkout(pick(['teapot', 'lamp', 'notebook']), 1 + Math.floor(Math.random() * 4))],
  [8, () => checkout('teapot', 20)],
  [5, () => checkout('anvil', 1)],
  [4, () => checkout('crystal-vase', 1)],
  [4, () => checkout('teapot', 500)],
  [5, () => ({ method: 'GET', path: '/orders/00000000' })],
  [5, () => ({ method: 'GET', path: '/wp-login.php' })],
  [3, () => ({ method: 'GET', path: '/reports/daily' })],
]

/**
 * Visits the shop at `url` about `ratePerSecond` times a second, at random moments, until stopped. Answers
 * are not looked at: the shop's own logs tell what happened.
 */
export function startTraffic(url: string, ratePerSecond: number): Traffic {
  const stopping = new AbortController()
  const underWay = new Set<Promise<void>>()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const pauseMs = Math.min(10_000, (-Math.log(1 - Math.random()) * 1000) / ratePerSecond)
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      const visit = visitShop(url, chooseVisit(Math.random() * 100)).finally(() => underWay.delete(visit))
      underWay.add(visit)
    }
  }
  const running = ratePerSecond > 0 ? run() : Promise.resolve()
  return {
    async stop() {
      stopping.abort()
      await running
      await Promise.all(underWay)
    },
  }
}

async function visitShop(url: string, visit: Visit): Promise<void> {
  try {
    const response = await fetch(`${url}${visit.path}`, {
      method: visit.method,
      headers: { 'content-type': 'application/json' },
      ...(visit.body === undefined ? {} : { body: JSON.stringify(visit.body) }),
      signal: AbortSignal.timeout(10_000),
    })
    await response.arrayBuffer()
  } catch {
    // A shop that does not answer has logged why; the customer comes back.
  }
}

function chooseVisit(roll: number): Visit {
  let rest = roll
  for (const [weight, visit] of VISITS) {
    if (rest < weight) return visit()
    rest -= weight
  }
  return VISITS[0][1]()
}

function checkout(sku: string, quantity: number): Visit {
  return { method: 'POST', path: '/checkout', body: { sku, quantity } }
}

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]
}
