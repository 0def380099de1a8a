import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRandom } from '../crash/writers.ts'
import { dockerdMissing } from '../support/dockerd.ts'
import { type Census, takeCensus, wrongSpans } from './chaos/census.ts'
import { collectorView } from './chaos/collector-view.ts'
import { countStore, readStore, type Span, type StoredLines } from './chaos/read-store.ts'
import { type Chance, containerTroubles, pathTroubles, type Troubles, walTroubles } from './chaos/troubles.ts'
import { startWorld, type World } from './chaos/world.ts'

const missing = await dockerdMissing()
/** How long everything goes wrong; 1800 for a thorough run. */
const SECONDS = Number(process.env.CHAOS_SECONDS ?? 60)
const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))
const WAL = process.env.CHAOS_WAL === '1'

/** How long everything may take to arrive. Nothing but a line that never comes may run into it. */
const PATIENCE_MS = 15 * 60_000
/** Nothing has arrived for so long: what is missing now will not come. */
const QUIET_MS = 30_000
/** Clocks of the engine and of this process are the same; a line may still be stamped while it is written. */
const MARGIN_MS = 10_000

describe.skipIf(missing !== undefined)('collecting while everything goes wrong', () => {
  const random = makeRandom(SEED)
  const chance: Chance = { random, pick: (items) => items[Math.floor(random() * items.length)] }
  const counts = new Map<string, number>()
  /** How many wait for a server that can be read; nothing new happens to it meanwhile. */
  let readers = 0
  /** Something has failed: nothing more happens. */
  let isOver = false
  let world: World

  beforeAll(async () => {
    world = await startWorld(WAL)
  }, PATIENCE_MS)
  afterAll(() => world?.stop(), PATIENCE_MS)

  const spanSince = (fromMs: number): Span => ({
    fromMs: fromMs - MARGIN_MS,
    toMs: Date.now() + MARGIN_MS,
  })
  const read = (selector: string, fromMs: number): Promise<StoredLines> =>
    readStore(() => world.server.url, selector, spanSince(fromMs), Date.now() + PATIENCE_MS)

  /** What of one container is in the store, since it was made. */
  async function censusOf(name: string): Promise<Census> {
    const { containers, refused } = world
    const fromMs = containers.madeMs(name)
    const stored = await read(`{container="${name}"}`, fromMs)
    // Of an earlier container of the name everything was there before it was removed.
    const lives = containers.livesOf(name)
    const written = [...containers.written].filter(([key]) => lives.has(key.split(' ')[1]))
    return takeCensus(new Map(written), stored, refused)
  }

  /** Waits until the store has what an ended container wrote; only then may it be removed. */
  async function untilStored(name: string): Promise<void> {
    readers++
    try {
      for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(1000)) {
        const lost = (await censusOf(name)).wrong.filter((wrong) => wrong.startsWith('missing'))
        if (lost.length === 0 || isOver) return
        if (Date.now() < deadline) continue
        const spans = wrongSpans(lost, world.containers.written).join('\n')
        const view = await collectorView(name, world)
        throw new Error(`${lost.length} lines of ${name} never came:\n${spans}\n${view}`)
      }
    } finally {
      readers--
    }
  }

  async function makeTrouble(troubles: Troubles, untilMs: number, mayGoOn: () => boolean): Promise<void> {
    const names = Object.keys(troubles)
    // Each at least once, in a random order; then as it comes.
    const order = names.map((name) => ({ name, at: random() })).sort((a, b) => a.at - b.at)
    for (let round = 0; !isOver && (Date.now() < untilMs || round < names.length); round++) {
      const name = round < names.length ? order[round].name : chance.pick(names)
      while (!mayGoOn() && !isOver) await sleep(100)
      await troubles[name]()
      counts.set(name, (counts.get(name) ?? 0) + 1)
      await sleep(500 + random() * 1500)
    }
  }

  /** Waits until nothing more arrives. Only counts, which costs the server next to nothing. */
  async function untilQuiet(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    let stored = -1
    for (let sinceMs = Date.now(); Date.now() - sinceMs < QUIET_MS && Date.now() < deadline; ) {
      await sleep(2000)
      const span = spanSince(world.startedMs)
      const now = await countStore(world.server.url, '{container=~".+"}', span).catch(() => -1)
      if (now !== stored || now < 0) sinceMs = Date.now()
      stored = now
    }
  }

  const name = `every line is stored once (CHAOS_SECONDS=${SECONDS} CHAOS_SEED=${SEED} CHAOS_WAL=${WAL ? 1 : 0})`
  test(name, { timeout: SECONDS * 2000 + 4 * PATIENCE_MS }, async () => {
    const { containers, collector, proxy, refused } = world
    for (const kind of ['steady', 'binary', 'terminal', 'quiet', 'long'] as const) {
      await containers.start(`${kind}0`, kind)
    }
    await containers.start('steady1', 'steady')
    const untilMs = Date.now() + SECONDS * 1000
    const path = { ...pathTroubles(world, chance), ...(WAL ? walTroubles(world) : {}) }
    const troubles = [
      makeTrouble(path, untilMs, () => readers === 0),
      makeTrouble(containerTroubles(world, chance, untilStored), untilMs, () => true),
    ]
    await Promise.all(troubles).finally(async () => {
      isOver = true
      await Promise.allSettled(troubles)
    })
    for (const running of containers.names(true)) await containers.end(running, 'stop')
    await untilQuiet()
    const census = takeCensus(containers.written, await read('{container=~".+"}', world.startedMs), refused)
    console.table(census.containers)
    const total = [...containers.written.values()].reduce((sum, last) => sum + last, 0)
    const what = Object.fromEntries([...counts, ...proxy.met])
    console.log({
      total,
      refused: refused.size,
      peakRssMb: collector.peakRssMb(),
      silenceMs: proxy.longestSilenceMs(),
      ...what,
    })
    const wrong = wrongSpans(census.wrong, containers.written)
    if (wrong.length > 0) console.log(collector.log().slice(-5000))
    for (const { container, missing: lost } of census.containers) {
      if (lost > 0 && containers.names(false).includes(container))
        console.log(`${container}: ${await collectorView(container, world)}`)
    }
    expect(wrong.length > 20 ? [...wrong.slice(0, 20), `and ${wrong.length - 20} more`] : wrong).toEqual([])
    expect(total).toBeGreaterThan(SECONDS * 50)
    expect(refused.size).toBeGreaterThan(0)
  })
})
