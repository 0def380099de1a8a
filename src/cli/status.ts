import type { Command } from 'commander'
import { printGoDuration } from '#base/duration.ts'
import { printIecSize } from '#base/size.ts'
import type { EmbeddedStatus, TenantStatus } from '#store/embedded/status.ts'
import type { Output } from './query.ts'
import { addClientOptions, type ClientOptions, getJson } from './query-client.ts'

/** The flags of `logboom status`. */
export interface StatusOptions extends ClientOptions {
  readonly json?: true
}

/** Mounts `logboom status`: what a server keeps, what goes next, and what went. */
export function registerStatus(program: Command): void {
  const command = program
    .command('status')
    .description('show what a Logboom keeps, by tenant and day, what goes next, and its disk')
  addClientOptions(command)
    .option('--json', 'the same for programs')
    .action(async (options: StatusOptions) => runStatus(options, process))
}

/**
 * Asks the server and prints tables, or the JSON as it came.
 * @throws OperatorError as {@link getJson}
 */
export async function runStatus(options: StatusOptions, output: Output): Promise<void> {
  const status = (await getJson(options, '/logboom/api/v1/status', {})) as EmbeddedStatus
  const text = options.json ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status)
  output.stdout.write(text)
}

/** A status as people read it. Times are UTC, as days are. */
export function statusText(status: EmbeddedStatus): string {
  const summary = alignColumns([
    [
      'data',
      `${status.dir}: ${printIecSize(status.sizeBytes)} in segments, ${status.headRows} lines in memory`,
    ],
    ['oldest line', moment(status.oldestMs)],
    ['next drop', status.nextDropMs === undefined ? 'never' : moment(status.nextDropMs)],
    ['disk', diskText(status)],
    ['last retention', retentionText(status)],
    ['last merging', moment(status.lastCompactionMs)],
    ['freed since start', freedText(status)],
  ])
  const rows = status.tenants.flatMap(tenantRows)
  if (rows.length === 0) return summary
  const head = ['TENANT', 'DAY', 'FILES', 'LINES', 'BYTES IN', 'ON DISK', 'GOES']
  return `${summary}\n${alignColumns([head, ...rows])}`
}

function tenantRows({ tenant, days, retentionMs, sizeBytes, pendingDeletes }: TenantStatus): string[][] {
  const rows = days.map(({ day, segments, rows: lines, lineBytes, sizeBytes: bytes, expiresMs }) => [
    tenant,
    day,
    String(segments),
    String(lines),
    printIecSize(lineBytes),
    printIecSize(bytes),
    expiresMs === undefined ? 'never' : moment(expiresMs),
  ])
  const kept = retentionMs === 0 ? 'kept for ever' : `kept for ${printGoDuration(retentionMs)}`
  const deletes = pendingDeletes === 0 ? '' : `, ${pendingDeletes} deletes pending`
  return [...rows, [tenant, 'all', '', '', '', printIecSize(sizeBytes), `${kept}${deletes}`]]
}

function diskText({ disk }: EmbeddedStatus): string {
  if (disk === undefined) return 'not looked at yet'
  const { usedBytes, freeBytes, maxBytes, minFreeBytes, excessBytes } = disk
  const budget = maxBytes === undefined ? 'no budget' : `budget ${printIecSize(maxBytes)}`
  const floor = minFreeBytes === undefined ? '' : `, ${printIecSize(minFreeBytes)} are to stay free`
  const excess = excessBytes === 0 ? '' : `; ${printIecSize(excessBytes)} too much`
  return `${printIecSize(usedBytes)} used, ${printIecSize(freeBytes)} free, ${budget}${floor}${excess}`
}

function retentionText({ lastRetention: run }: EmbeddedStatus): string {
  if (run === undefined) return 'none yet'
  return `${moment(run.atMs)}: ${run.rows} lines, ${printIecSize(run.freedBytes)} freed`
}

function freedText({ freed: { retention, budget, deletes } }: EmbeddedStatus): string {
  const of = printIecSize
  return `${of(retention)} by retention, ${of(budget)} by the disk budget, ${of(deletes)} by deletes`
}

function moment(ms: number | undefined): string {
  if (ms === undefined) return 'none'
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '')
}

function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
