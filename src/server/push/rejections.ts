/** Collects why entries of a push were refused. Texts of one reason are grouped, as Loki groups them. */
export interface Rejections {
  /** Notes one refused entry or stream. `bytes` are the line bytes that are lost. */
  add(reason: string, message: string, lines: number, bytes: number): void
  /** Notes what is lost without telling the client. */
  count(reason: string, lines: number, bytes: number): void
  readonly counts: ReadonlyMap<string, { readonly lines: number; readonly bytes: number }>
  /** The body of the answer, or `undefined` where nothing was refused. */
  text(): string | undefined
}

/** An empty collection. */
export function makeRejections(): Rejections {
  const groups = new Map<string, { first: string; errors: number; lines: number; bytes: number }>()
  const groupOf = (reason: string): { first: string; errors: number; lines: number; bytes: number } => {
    let group = groups.get(reason)
    if (group === undefined) {
      group = { first: '', errors: 0, lines: 0, bytes: 0 }
      groups.set(reason, group)
    }
    return group
  }
  const count = (reason: string, lines: number, bytes: number): void => {
    const group = groupOf(reason)
    group.lines += lines
    group.bytes += bytes
  }
  return {
    counts: groups,
    count,
    add(reason, message, lines, bytes) {
      count(reason, lines, bytes)
      const group = groupOf(reason)
      if (group.errors++ === 0) group.first = message
    },
    text() {
      const all = [...groups.values()].filter(({ errors }) => errors > 0)
      if (all.length === 0) return undefined
      if (all.length === 1 && all[0].errors === 1) return all[0].first
      return all.map(({ errors, first }) => `${errors} errors like: ${first}`).join('; ')
    },
  }
}
