import type { LogBatch, LogsReceiver } from '../pipeline.ts'

/** How much has gone from one component to another since it was first connected. */
export interface FlowEdge {
  readonly from: string
  /** `''` where the receiver belongs to no component that runs. */
  readonly to: string
  entries: number
  /** Bytes of the lines alone. */
  bytes: number
  batches: number
}

/** Sees a batch on its way into or out of a component. */
export type FlowListener = (direction: 'IN' | 'OUT', batch: LogBatch) => void

/** What flows between components: counted always, shown to who listens. */
export interface Flow {
  /** Notes whose receiver it is. */
  own(id: string, receiver: LogsReceiver): void
  /** The receiver as a component forwards to it: the same object for the same pair. */
  metered(from: string, receiver: LogsReceiver): LogsReceiver
  /** Calls `listener` with every batch that a component takes or passes on, until the result is called. */
  watch(id: string, listener: FlowListener): () => void
  edges(): readonly FlowEdge[]
  /** Forgets a component that is gone. */
  forget(id: string): void
}

/** Makes the flow of a collector. */
export function makeFlow(): Flow {
  const owners = new WeakMap<LogsReceiver, string>()
  const wrappers = new Map<string, Map<LogsReceiver, { wrapper: LogsReceiver; edge: FlowEdge }>>()
  const listeners = new Map<string, Set<FlowListener>>()
  const tell = (id: string, direction: 'IN' | 'OUT', batch: LogBatch): void => {
    for (const listener of listeners.get(id) ?? []) listener(direction, batch)
  }
  const wrap = (edge: FlowEdge, receiver: LogsReceiver): LogsReceiver => ({
    push: (batch) => {
      edge.entries += batch.entries.length
      edge.bytes += lineBytes(batch)
      edge.batches++
      if (listeners.size > 0) {
        tell(edge.from, 'OUT', batch)
        tell(edge.to, 'IN', batch)
      }
      return receiver.push(batch)
    },
  })
  return {
    own: (id, receiver) => void owners.set(receiver, id),
    metered: (from, receiver) => {
      const known = wrappers.get(from) ?? new Map()
      wrappers.set(from, known)
      const existing = known.get(receiver)
      if (existing !== undefined) return existing.wrapper
      const edge: FlowEdge = { from, to: owners.get(receiver) ?? '', entries: 0, bytes: 0, batches: 0 }
      const wrapper = wrap(edge, receiver)
      known.set(receiver, { wrapper, edge })
      return wrapper
    },
    watch: (id, listener) => {
      const own = listeners.get(id) ?? new Set()
      listeners.set(id, own.add(listener))
      return () => {
        own.delete(listener)
        if (own.size === 0) listeners.delete(id)
      }
    },
    edges: () => [...wrappers.values()].flatMap((known) => [...known.values()].map(({ edge }) => edge)),
    forget: (id) => void wrappers.delete(id),
  }
}

function lineBytes({ entries }: LogBatch): number {
  let sizeBytes = 0
  for (const { line } of entries)
    sizeBytes += typeof line === 'string' ? Buffer.byteLength(line) : line.length
  return sizeBytes
}

/** Whether a value that a component exports or takes is a receiver of lines. */
export function isReceiver(value: unknown): value is LogsReceiver {
  return typeof value === 'object' && value !== null && 'push' in value && typeof value.push === 'function'
}
