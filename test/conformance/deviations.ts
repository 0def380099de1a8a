import { readFileSync } from 'node:fs'

/** A recorded case that is answered differently on purpose or for now, with the reason. */
export interface Deviation {
  readonly id: string
  readonly reason: string
}

/** Reads the table of docs/compatibility.md: `| case ids | reason |`, several ids separated by commas. */
export function readDeviations(): Deviation[] {
  const page = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')
  return [...page.matchAll(/^\| ((?:`[a-z-]+-\d+`(?:, )?)+) +\| (.+?) *\|$/gm)].flatMap(([, ids, reason]) =>
    [...ids.matchAll(/`([^`]+)`/g)].map(([, id]) => ({ id, reason })),
  )
}
