import { useMemo } from 'react'
import { labelNames, labelValues } from '../loki/api.ts'
import type { MsRange } from '../loki/log-volume.ts'
import type { FieldStat } from '../rows/field-stats.ts'
import { msToNs } from '../rows/row.ts'
import type { CompletionData } from '../ui/editor-completion.ts'

const TIMEOUT_MS = 3_000

/**
 * What the editor completes from: labels of the window, asked for once each, and fields of the loaded
 * lines.
 */
export function useCompletion(window: MsRange, stats: readonly FieldStat[]): CompletionData {
  const labels = useMemo(() => {
    const range = { startNs: msToNs(window.fromMs), endNs: msToNs(window.toMs) }
    const cache = new Map<string, Promise<readonly string[]>>()
    const once = (key: string, ask: () => Promise<readonly string[]>) => {
      const known = cache.get(key)
      if (known !== undefined) return known
      const answer = ask()
      cache.set(key, answer)
      // What failed is asked for again next time.
      answer.catch(() => cache.delete(key))
      return answer
    }
    const signal = () => AbortSignal.timeout(TIMEOUT_MS)
    return {
      labels: () => once('', () => labelNames(range, signal())),
      labelValues: (label: string, selector: string) =>
        once(`${label} ${selector}`, async () => {
          const values = await labelValues(label, range, selector, signal()).catch(() => [])
          // A selector that excludes everything, or that Loki refuses, should not hide the values.
          return values.length > 0 ? values : labelValues(label, range, undefined, signal())
        }),
    }
  }, [window])
  return useMemo(() => {
    const fields = stats
      .filter(({ source }) => source !== 'label')
      .map(({ name, top }) => ({ name, values: top.map(({ value }) => value) }))
    return { ...labels, fields }
  }, [labels, stats])
}
