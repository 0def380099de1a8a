import { useMemo, useRef } from 'react'
import type { LevelVolume } from '../loki/log-volume.ts'
import {
  addCondition,
  addLineFilter,
  type FieldCondition,
  filteredValues,
  selectedValues,
  selectValues,
  setLabelFilter,
} from '../query/build.ts'
import { quoteRegex, quoteString } from '../query/quote.ts'
import type { TextSearch } from '../ui/toolbar.tsx'

/** Changes to the query by click. Each runs the new query. */
export interface QueryActions {
  readonly condition: (condition: FieldCondition) => void
  readonly text: (how: TextSearch, text: string) => void
  readonly level: (level: LevelVolume) => void
  readonly service: (name: string, add: boolean) => void
  readonly everywhere: (value: string) => void
}

/** The changes a click can make to a query; `serviceLabel` names the label of the services list. */
export function useQueryActions(
  query: string,
  serviceLabel: string,
  run: (query: string) => void,
  say: (message: string) => void,
): QueryActions {
  const latest = useRef({ query, serviceLabel, run, say })
  latest.current = { query, serviceLabel, run, say }
  return useMemo(() => {
    const apply = (change: (query: string) => string | null) => {
      const next = change(latest.current.query)
      if (next === null) latest.current.say('Clicks can only change a plain log query: {…} | …')
      else latest.current.run(next)
    }
    return {
      condition: (condition) => apply((q) => addCondition(q, condition)),
      text: (how, text) => apply((q) => addText(q, how, text)),
      level: (level) => apply((q) => toggleLevel(q, level)),
      service: (name, add) => {
        const { query: q, serviceLabel: label } = latest.current
        latest.current.run(toggleService(q, label, name, add))
      },
      everywhere: (value) =>
        latest.current.run(`{${latest.current.serviceLabel}=~".+"} |= ${quoteString(value.trim())}`),
    }
  }, [])
}

function addText(query: string, how: TextSearch, text: string): string | null {
  if (how === 'any-case') return addLineFilter(query, '|~', `(?i)${quoteRegex(text)}`)
  return addLineFilter(query, how === 'contains' ? '|=' : '!=', text)
}

/** Whether the query is held to a level. */
export function isLevelChosen(query: string, { filter }: LevelVolume): boolean {
  if (filter === null) return false
  const chosen = filteredValues(query, filter.label)
  return chosen.length > 0 && filter.values.every((value) => chosen.includes(value))
}

function toggleLevel(query: string, level: LevelVolume): string | null {
  if (level.filter === null) return null
  const { label, values } = level.filter
  return setLabelFilter(query, label, isLevelChosen(query, level) ? [] : values)
}

/** A click on the only chosen service frees the selection; `add` keeps the others. */
function toggleService(query: string, label: string, name: string, add: boolean): string {
  const chosen = selectedValues(query, label)
  const others = chosen.filter((other) => other !== name)
  if (add) return selectValues(query, label, chosen.includes(name) ? others : [...chosen, name], label)
  return selectValues(query, label, chosen.includes(name) && others.length === 0 ? [] : [name], label)
}
