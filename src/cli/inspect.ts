import type { Command } from 'commander'
import type { SegmentReport } from '#store/embedded/inspect-segment.ts'
import { inspectSegment } from '#store/embedded/inspect-segment.ts'

/** How many streams and columns are listed without `--all`. */
const LISTED = 20

/** The flags of `logboom inspect`. */
export interface InspectOptions {
  readonly json?: boolean
  readonly all?: boolean
}

/** Mounts `logboom inspect <segment...>`: what is in a segment file, and whether it is whole. */
export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .description('show what is in a segment file, and check that it is whole')
    .argument('<segment...>', 'files <data>/segments/<tenant>/<day>/*.seg, also *.seg.corrupt')
    .option('--json', 'print the whole report as JSON, one file a line')
    .option('--all', `list every stream and column, not just ${LISTED}`)
    .addHelpText(
      'after',
      '\nEnds with 1 where a file is damaged. Files of a running server may be inspected.',
    )
    .action(async (paths: string[], options: InspectOptions) => {
      if (!(await runInspect(paths, options, process))) process.exitCode = 1
    })
}

/**
 * Prints a report of each file; returns whether all are whole.
 * @throws OperatorError `segment_io` for a file that cannot be read
 */
export async function runInspect(
  paths: readonly string[],
  options: InspectOptions,
  { stdout }: { readonly stdout: { write(text: string): unknown } },
): Promise<boolean> {
  let isWhole = true
  for (const path of paths) {
    const report = await inspectSegment(path)
    isWhole &&= report.problems.length === 0
    stdout.write(
      options.json === true ? `${JSON.stringify(report)}\n` : describe(report, options.all === true),
    )
  }
  return isWhole
}

function describe(report: SegmentReport, isAll: boolean): string {
  const { path, sizeBytes, properties, blocks, problems } = report
  const lines = [`${path}  ${bytes(sizeBytes)}`]
  if (properties !== undefined) {
    const { tenant, day, rows, lineBytes, minMs, maxMs, walFrom, walTo, writer, createdMs } = properties
    lines.push(
      `  tenant ${tenant}, day ${day}, written ${time(createdMs)} by ${writer}, ` +
        `log files ${walFrom} to ${walTo}`,
      `  ${rows} rows from ${time(minMs)} to ${time(maxMs)}`,
      `  ${bytes(lineBytes)} of lines in ${bytes(sizeBytes)}: ratio ${ratio(lineBytes, sizeBytes)}`,
    )
  }
  if (blocks.length > 0) lines.push(...describeBlocks(report), ...describeColumns(report, isAll))
  lines.push(...describeStreams(report, isAll), ...describeFooter(report))
  if (problems.length === 0) {
    lines.push('whole: every checksum fits, and all lines come out the same when encoded anew')
  } else {
    lines.push(`DAMAGED: ${problems.length} ${problems.length === 1 ? 'place' : 'places'}`)
    for (const { offset, problem } of problems) lines.push(`  at byte ${offset}: ${problem}`)
    lines.push('  A server leaves damaged blocks out of its answers and counts them; the rest answers.')
  }
  return `${lines.join('\n')}\n`
}

function describeBlocks({ blocks }: SegmentReport): string[] {
  const inColumns = blocks.filter(({ codec }) => codec === 'columns')
  const shapes = inColumns.map((block) => block.shapes ?? 0)
  const most = shapes.reduce((max, count) => Math.max(max, count), 0)
  const suffix = inColumns.length === 0 ? '' : `, up to ${most} shapes of lines in one`
  return [`blocks: ${blocks.length}, ${inColumns.length} of them in columns${suffix}`]
}

function describeStreams({ streams }: SegmentReport, isAll: boolean): string[] {
  if (streams.length === 0) return []
  const sorted = [...streams].sort((a, b) => b.storedBytes - a.storedBytes)
  const listed = isAll ? sorted : sorted.slice(0, LISTED)
  const rows = listed.map(({ labels, blocks, rows: count, lineBytes, storedBytes }) => [
    String(blocks),
    String(count),
    bytes(lineBytes),
    bytes(storedBytes),
    ratio(lineBytes, storedBytes),
    labels,
  ])
  const heading = ['blocks', 'rows', 'lines', 'stored', 'ratio', 'labels']
  return [`streams: ${streams.length}`, ...table([heading, ...rows]), ...more(streams.length - listed.length)]
}

function describeColumns({ columns }: SegmentReport, isAll: boolean): string[] {
  if (columns.length === 0) return []
  const listed = isAll ? columns : columns.slice(0, LISTED)
  const rows = listed.map(({ origin, key, encodings, values, textBytes, storedBytes }) => [
    String(values),
    bytes(textBytes),
    bytes(storedBytes),
    ratio(textBytes, storedBytes),
    origin,
    Object.keys(encodings).join(', '),
    JSON.stringify(key),
  ])
  const heading = ['values', 'text', 'stored', 'ratio', 'of', 'encoding', 'key']
  return [`columns: ${columns.length}`, ...table([heading, ...rows]), ...more(columns.length - listed.length)]
}

function describeFooter({ sections, counters }: SegmentReport): string[] {
  const lines = sections.length === 0 ? [] : ['footer:']
  const rows = sections.map(({ name, offset, storedBytes, rawBytes }) => [
    name,
    bytes(storedBytes),
    `from ${bytes(rawBytes)} at byte ${offset}`,
  ])
  lines.push(...table(rows))
  if (counters !== undefined) {
    const levels = Object.entries(counters.linesByLevel).map(
      ([level, count]) => `${level || 'none'} ${count}`,
    )
    lines.push(`counters: ${counters.cells} cells, ${counters.lines} lines (level ${levels.join(', ')})`)
  }
  return lines
}

function more(left: number): string[] {
  return left > 0 ? [`  and ${left} more (--all)`] : []
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length))) ?? []
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd())
}

function time(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : String(ms)
}

function ratio(from: number, to: number): string {
  return to === 0 ? '–' : `${(from / to).toFixed(1)}x`
}

function bytes(count: number): string {
  if (count < 10_000) return `${count} B`
  return count < 10_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`
}
