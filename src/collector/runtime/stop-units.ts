import type { Logger } from '#base/logger.ts'
import type { ComponentUnit } from './component-unit.ts'
import type { Graph } from './graph-node.ts'

/**
 * Stops components so that no line is caught between two of them: each one ends after everything that uses it
 * has ended, so sources go first and sinks last. One deadline covers all; what is still running then is told
 * to end and not waited for. Resolves with the ids of those.
 */
export async function stopUnits(
  units: ReadonlyMap<string, ComponentUnit>,
  graph: Graph,
  deadlineMs: number,
  logger: Logger,
): Promise<string[]> {
  const unfinished = new Set(units.keys())
  const stopping = new Map<string, Promise<void>>()
  // From the last in dependency order to the first: dependants are found stopping already.
  for (const id of graph.order.toReversed()) {
    const dependants = (graph.dependants.get(id) ?? []).map((dependant) => stopping.get(dependant))
    stopping.set(
      id,
      stopOne(units.get(id), Promise.all(dependants), () => unfinished.delete(id)),
    )
  }
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs)
  })
  await Promise.race([Promise.all(stopping.values()), deadline])
  clearTimeout(timer)
  if (unfinished.size === 0) return []
  const late = [...unfinished]
  logger.warn({ components: late, deadlineMs }, 'components did not stop in time; going on without them')
  for (const id of late) void units.get(id)?.stop()
  return late
}

async function stopOne(
  unit: ComponentUnit | undefined,
  dependants: Promise<unknown>,
  onStopped: () => void,
): Promise<void> {
  await dependants
  await unit?.stop()
  onStopped()
}
