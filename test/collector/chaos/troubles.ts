import { setTimeout as sleep } from 'node:timers/promises'
import type { Weather } from './flaky-proxy.ts'
import type { World } from './world.ts'

/** Something that goes wrong and is over when its promise resolves. */
export type Troubles = Readonly<Record<string, () => Promise<void>>>

/** Repeatable chance. */
export interface Chance {
  /** 0 to 1. */
  random(): number
  pick<Item>(items: readonly Item[]): Item
}

const REFUSAL_PATIENCE_MS = 5 * 60_000
/** Containers that may be removed, each with the kind that it is made anew as. */
const REPLACED = { steady0: 'steady', binary0: 'binary', terminal0: 'terminal' } as const

/** What goes wrong on the way from the collector to the store, and with the two. */
export function pathTroubles(world: World, { random, pick }: Chance): Troubles {
  const { proxy, collector, refused } = world
  const upTo = (ms: number) => (): Promise<void> => sleep(random() * ms)
  const during = async (weather: Weather, ms: number): Promise<void> => {
    proxy.setWeather(weather)
    await sleep(ms)
    proxy.setWeather({ kind: 'fine' })
  }
  const restartCollector = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    await collector.end(signal)
    await sleep(random() * 3000)
    await collector.start()
  }
  return {
    'collector killed': () => restartCollector('SIGKILL'),
    'collector stopped': () => restartCollector('SIGTERM'),
    'collector reloaded': () =>
      collector.reload(world.config({ batchWait: pick(['150ms', '200ms', '250ms']) })),
    'server killed': () => world.restartServer('SIGKILL', upTo(4000)),
    'server stopped': () => world.restartServer('SIGTERM', upTo(4000)),
    'server busy': () =>
      during({ kind: 'status', status: pick([429, 500, 503]), isForwarded: random() < 0.5 }, 3000),
    'server half refuses': () => during({ kind: 'status', status: 400, isForwarded: true }, 1000),
    'server refuses': async () => {
      const before = refused.size
      proxy.setWeather({ kind: 'status', status: 400, isForwarded: false })
      for (const deadline = Date.now() + REFUSAL_PATIENCE_MS; refused.size === before; await sleep(50)) {
        if (Date.now() > deadline) throw new Error('nothing came that could be refused')
      }
      proxy.setWeather({ kind: 'fine' })
    },
    'server slow': () => during({ kind: 'slow', delayMs: 500 + random() * 2500 }, 4000),
    'connections break': () => during({ kind: 'reset', isForwarded: random() < 0.5 }, 2000),
  }
}

/** What goes wrong only where a buffer on disk can be switched. */
export function walTroubles(world: World): Troubles {
  return {
    'buffer taken out and put back': async () => {
      await world.collector.reload(world.config({ wal: false }))
      await sleep(2000)
      await world.collector.reload(world.config({ wal: true }))
    },
  }
}

/** What happens to containers; `untilStored` resolves when everything of an ended one is in the store. */
export function containerTroubles(
  { containers, dockerd }: World,
  { random, pick }: Chance,
  untilStored: (name: string) => Promise<void>,
): Troubles {
  let briefGroups = 0
  const stay = (name: string): boolean => !name.startsWith('brief')
  return {
    'container restarted': async () => {
      const name = pick(containers.names(true).filter(stay))
      await containers.end(name, random() < 0.5 ? 'stop' : 'kill')
      await sleep(random() * 2000)
      await containers.again(name)
    },
    'container made anew': async () => {
      const name = pick(Object.keys(REPLACED) as (keyof typeof REPLACED)[])
      await containers.end(name, pick(['stop', 'kill']))
      await untilStored(name)
      await containers.remove(name)
      await containers.start(name, REPLACED[name])
    },
    'brief containers': async () => {
      const group = briefGroups++
      for (let index = 0; index < 3; index++) await containers.start(`brief${group}-${index}`, 'brief')
    },
    'engine restarted': async () => {
      await dockerd.restart()
      await containers.noteEnded()
      for (const name of containers.names(false).filter(stay)) await containers.again(name)
    },
  }
}
