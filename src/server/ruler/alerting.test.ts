import { describe, expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import type { Rule } from '#config/rules/rule-group.ts'
import type { ResultSample } from '#logql/engine/types.ts'
import { type ActiveAlerts, restoreAlerts, ruleState, takeNotices, updateAlerts } from './alerting.ts'
import { alertSamples, recordedSamples, staleSamples } from './recording.ts'
import { nextTick } from './ticker.ts'

const MINUTE = 60_000

function rule(given: Partial<Rule> = {}): Rule {
  const empty = { record: '', expr: 'x', forMs: 0, keepFiringForMs: 0, labels: [], annotations: [] }
  return { ...empty, alert: 'A', ...given }
}

function sample(labels: Record<string, string>, value = 1): ResultSample {
  return { labels: makeLabels(labels), value, timeMs: 0 }
}

const plain = (text: string): Promise<string> => Promise.resolve(text)

/** Evaluates minute after minute: each step says whether the expression holds; gives the states. */
async function run(one: Rule, steps: string): Promise<string> {
  const active: ActiveAlerts = new Map()
  let states = ''
  for (const [i, step] of [...steps].entries()) {
    await updateAlerts(one, active, step === '1' ? [sample({ a: 'b' })] : [], (i + 1) * MINUTE, 0, plain)
    states += ruleState(active)[0]
  }
  return states
}

describe('an alert', () => {
  test.each([
    ['fires at once without for', {}, '0110', 'iffi'],
    ['waits for for', { forMs: 2 * MINUTE }, '111101', 'ppffip'],
    ['begins to wait anew', { forMs: 2 * MINUTE }, '110111', 'ppippf'],
    ['fires on for keep_firing_for', { keepFiringForMs: 2 * MINUTE }, '1001000', 'ffffffi'],
  ])('%s', async (_name, given, steps, states) => {
    expect(await run(rule(given), steps)).toBe(states)
  })

  test('has the labels of its series and its rule, and follows the value', async () => {
    const active: ActiveAlerts = new Map()
    const one = rule({
      labels: [
        ['severity', 'page'],
        ['a', ''],
      ],
      annotations: [['text', 't']],
    })
    await updateAlerts(one, active, [sample({ a: 'b', __name__: 'n' }, 7)], 1, 0, plain)
    await updateAlerts(one, active, [sample({ a: 'b' }, 8)], 2, 0, plain)
    expect([...active.values()]).toMatchObject([
      {
        labels: [
          ['alertname', 'A'],
          ['severity', 'page'],
        ],
        annotations: [['text', 't']],
        value: 8,
        activeAtMs: 1,
      },
    ])
  })

  test('two series must not become one alert, nor more than the limit', async () => {
    const active: ActiveAlerts = new Map()
    const two = [sample({ a: 'b' }), sample({ a: 'c' })]
    await expect(updateAlerts(rule({ labels: [['a', 'x']] }), active, two, 1, 0, plain)).rejects.toThrow(
      'vector contains metrics with the same labelset after applying alert labels',
    )
    await expect(updateAlerts(rule(), active, two, 1, 1, plain)).rejects.toThrow(
      'exceeded limit of 1 with 2 alerts',
    )
    expect(active.size).toBe(0)
  })

  test('is told of again after the resend delay, and of its end at once', async () => {
    const active: ActiveAlerts = new Map()
    const one = rule()
    const told: string[] = []
    for (let minute = 11; minute <= 20; minute++) {
      await updateAlerts(one, active, minute <= 15 ? [sample({ a: 'b' })] : [], minute * MINUTE, 0, plain)
      for (const { status, startsAtMs, endsAtMs } of takeNotices(
        one,
        active,
        minute * MINUTE,
        90_000,
        MINUTE,
      )) {
        told.push(`${minute}: ${status} ${startsAtMs / MINUTE}-${endsAtMs / MINUTE}`)
      }
    }
    expect(told).toEqual([
      '11: firing 11-17',
      '13: firing 11-19',
      '15: firing 11-21',
      '16: resolved 11-16',
      '18: resolved 11-16',
      '20: resolved 11-16',
    ])
  })
})

describe('after a restart', () => {
  const HOUR = 60 * MINUTE
  const times = { downAtMs: 10 * HOUR, outageToleranceMs: HOUR, gracePeriodMs: 10 * MINUTE }
  const base = { labels: makeLabels({ a: 'b' }), annotations: [], value: 1, firedAtMs: 0, resolvedAtMs: 0 }
  const pending = { ...base, lastSentAtMs: 0, keepFiringSinceMs: 0, state: 'pending' as const }
  const activeAt = (forMs: number, waitedMs: number, awayMs: number): number | undefined => {
    const alert = { ...pending, activeAtMs: 10 * HOUR - waitedMs }
    const nowMs = 10 * HOUR + awayMs
    const [restored] = restoreAlerts(rule({ forMs }), [alert], nowMs, times).values()
    // How long it still has to wait.
    return restored === undefined ? undefined : (restored.activeAtMs + forMs - nowMs) / MINUTE
  }

  test('what was pending waits for what was left, and at least for the grace period', () => {
    expect(activeAt(HOUR, 20 * MINUTE, 30 * MINUTE)).toBe(40)
    expect(activeAt(HOUR, 55 * MINUTE, 30 * MINUTE)).toBe(10)
    expect(activeAt(5 * MINUTE, 4 * MINUTE, MINUTE)).toBeUndefined()
    expect(activeAt(HOUR, 20 * MINUTE, 61 * MINUTE)).toBeUndefined()
  })

  test('what fired fires on, unless the outage was too long', () => {
    const firing = { ...pending, state: 'firing' as const, activeAtMs: 1, firedAtMs: 2 }
    expect([...restoreAlerts(rule(), [firing], 10 * HOUR + MINUTE, times).values()]).toEqual([firing])
    expect(restoreAlerts(rule(), [firing], 12 * HOUR, times).size).toBe(0)
  })
})

describe('recorded series', () => {
  const recording = rule({ alert: '', record: 'job:x', labels: [['team', 'a']] })

  test('have the name and labels of their rule', () => {
    expect(recordedSamples(recording, [sample({ job: 'j', team: 'b' }, 3)], 5, 0)).toEqual([
      {
        labels: [
          ['__name__', 'job:x'],
          ['job', 'j'],
          ['team', 'a'],
        ],
        value: 3,
        timeMs: 5,
      },
    ])
    const two = [sample({ team: 'b' }), sample({ team: 'c' })]
    expect(() => recordedSamples(recording, two, 5, 0)).toThrow(/same labelset after applying rule labels/)
    const many = [sample({ job: 'b' }), sample({ job: 'c' })]
    expect(() => recordedSamples(recording, many, 5, 1)).toThrow('exceeded limit of 1 with 2 series')
  })

  test('end with a mark; alerts are series, too', async () => {
    const active: ActiveAlerts = new Map()
    await updateAlerts(rule({ forMs: 1 }), active, [sample({ a: 'b' })], 2000, 0, plain)
    const samples = alertSamples(active, 2000)
    expect(samples.map(({ labels, value }) => [Object.fromEntries(labels), value])).toEqual([
      [{ __name__: 'ALERTS', a: 'b', alertname: 'A', alertstate: 'pending' }, 1],
      [{ __name__: 'ALERTS_FOR_STATE', a: 'b', alertname: 'A' }, 2],
    ])
    const before = new Map([['k', samples[0]]])
    expect(staleSamples(before, new Map(), 9)).toMatchObject([{ timeMs: 9, stale: true }])
    expect(staleSamples(before, before, 9)).toEqual([])
  })
})

test('groups are evaluated at moments that their offset decides', () => {
  expect(nextTick(1000, 1000, 300)).toBe(1300)
  expect(nextTick(1300, 1000, 300)).toBe(2300)
  expect(nextTick(1299, 1000, 300)).toBe(1300)
})
