import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lokiWrite } from '#collector/components/loki_write.ts'
import { type LogsReceiver, makeDelivery } from '#collector/pipeline.ts'
import { type FakeLoki, startFakeLoki } from '#collector/testing/fake-loki.ts'
import { type RunningComponent, runComponent } from '#collector/testing/run-component.ts'

/** Room on the disk of the buffer; a batch is a tenth of it. */
const DISK_KB = 1024
const LINE = 'x'.repeat(10_000)
const LINES = 10

let disk: string
let loki: FakeLoki
let component: RunningComponent<unknown>
let isMounted = false

beforeEach(async () => {
  disk = mkdtempSync(join(tmpdir(), 'logboom-full-'))
  loki = await startFakeLoki()
})
afterEach(async () => {
  await component?.stop()
  await loki.stop()
  if (isMounted) execFileSync('umount', [disk])
  isMounted = false
  rmSync(disk, { recursive: true })
})

/** A disk of its own: only root may have one, on Linux. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const probe = mkdtempSync(join(tmpdir(), 'logboom-probe-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', probe], { stdio: 'ignore' })
    execFileSync('umount', [probe])
    return true
  } catch {
    return false
  } finally {
    rmSync(probe, { recursive: true })
  }
}

const args = (): Record<string, unknown> => ({
  wal: { enabled: true },
  endpoint: [{ url: loki.url, batch_wait: 20, min_backoff_period: 20, max_backoff_period: 50 }],
})

describe.skipIf(!canMount())('a buffer whose disk is full', () => {
  test('holds its source back and says so, keeps what it has, and goes on when there is room', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KB}k`, 'tmpfs', disk])
    isMounted = true
    loki.answer = () => 503
    component = runComponent(lokiWrite, args(), { dataDir: disk }) as RunningComponent<unknown>
    const receiver = component.exports.receiver as LogsReceiver
    const taken: string[] = []
    const push = async (number: number): Promise<void> => {
      const names = Array.from({ length: LINES }, (_, index) => `${number}-${index} `)
      const entries = names.map((name) => ({
        line: Buffer.from(name + LINE),
        ...{ tsMs: 1000 + number, tsNs: 0, metadata: [] },
      }))
      await receiver.push({ labels: [['a', 'b']], entries, delivery: makeDelivery(() => undefined) })
      taken.push(...names)
    }
    const pushing = (async () => {
      for (let number = 0; number < 25; number++) await push(number)
    })()
    await vi.waitFor(() => expect(component.health.message).toMatch(/^cannot write to .*ENOSPC/), 20_000)
    expect(component.health.state).toBe('unhealthy')
    const before = taken.length
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(25 * LINES)
    // The server is back: what is delivered makes room, without anybody's help.
    loki.answer = () => 204
    await pushing
    const arrived = (): string[] => loki.entries().map(({ line }) => line.slice(0, -LINE.length))
    await vi.waitFor(() => expect(new Set(arrived())).toEqual(new Set(taken)), 20_000)
    expect(taken).toHaveLength(25 * LINES)
    await vi.waitFor(() => expect(component.health.state).toBe('healthy'), 20_000)
  }, 120_000)

  test('that was full before it began is used as soon as there is room', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KB}k`, 'tmpfs', disk])
    isMounted = true
    const ballast = join(disk, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(DISK_KB * 1024 + 1))).toThrow('ENOSPC')
    component = runComponent(lokiWrite, args(), { dataDir: disk }) as RunningComponent<unknown>
    const receiver = component.exports.receiver as LogsReceiver
    const entries = [{ line: 'hello', tsMs: 1000, tsNs: 0, metadata: [] }]
    const pushed = receiver.push({ labels: [['a', 'b']], entries, delivery: makeDelivery(() => undefined) })
    await vi.waitFor(() => expect(component.health.message).toMatch(/ENOSPC/), 20_000)
    rmSync(ballast)
    await pushed
    await vi.waitFor(() => expect(loki.entries().map(({ line }) => line)).toEqual(['hello']), 20_000)
  }, 60_000)
})
