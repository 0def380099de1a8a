import { correctedSource } from '#config/corrected-keys.ts'
import { loadLokiConfig } from '#config/load.ts'
import { ConfigError } from '#config/problem.ts'
import { rootSchema } from '#config/schema/root.ts'
import { isRawMap } from '#config/tree.ts'
import { checkKeys } from '#config/unknown-keys.ts'
import type { YamlSource } from '#config/yaml-source.ts'
import { LogqlError } from '#logql/error.ts'
import { parseSelector } from '#logql/syntax/parser.ts'
import { FILE_START, type Finding } from './finding.ts'
import { explainProblem, explainWarning } from './loki-explain.ts'
import { adviseLimits } from './loki-limits.ts'
import { adviseLoki } from './loki-rules.ts'
import { keyPlace, readYaml } from './yaml.ts'

/** Checks a loki.yaml: what Loki refuses at start, and what it accepts although nobody can want it. */
export function checkLoki(text: string, nowMs: number): Finding[] {
  const read = readYaml(text)
  if ('findings' in read) return read.findings
  // A misspelt section is missing under its right name, which would only draw advice beside the point.
  const source = correctedSource(read.source, checkKeys(read.source, rootSchema).errors)
  const advice = [...adviseLoki(source, nowMs), ...adviseLimits(source), ...adviseEnv(source)]
  return [...load(text, nowMs, advice), ...advice]
}

function load(text: string, nowMs: number, advice: readonly Finding[]): Finding[] {
  const isNew = ({ line, column }: Finding): boolean =>
    !advice.some((one) => one.line === line && one.column === column)
  try {
    const { warnings, notes } = loadLokiConfig({ text, nowMs, checkSelector })
    const sections = notes.filter(({ path }) => path !== undefined && !path.includes('.'))
    // What the advice explains at the same place needs no second telling.
    return [...warnings, ...sections].map(explainWarning).filter(isNew)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [...error.problems, ...error.further].map(explainProblem)
  }
}

function checkSelector(selector: string): string | undefined {
  try {
    parseSelector(selector)
    return undefined
  } catch (error) {
    if (error instanceof LogqlError) return error.message
    throw error
  }
}

/** `${VAR}` is replaced only when Loki is told to; otherwise it is text like any other. */
function adviseEnv(source: YamlSource): Finding[] {
  const place = firstVariable(source, source.value, [])
  if (place === undefined) return []
  const { path, name } = place
  return [
    {
      code: 'loki-expand-env',
      severity: 'hint',
      ...(path.length === 0 ? FILE_START : keyPlace(source, path)),
      what: `\${${name}} stays as it is unless Loki runs with -config.expand-env=true`,
      why: 'Loki expands variables in its file only when it is told to.',
      fix: 'Start it with that flag, in compose:',
      example: 'command: ["-config.file=/etc/loki/loki-config.yaml", "-config.expand-env=true"]',
    },
  ]
}

type Path = readonly (string | number)[]

function firstVariable(
  source: YamlSource,
  value: unknown,
  path: Path,
): { path: Path; name: string } | undefined {
  if (typeof value === 'string') {
    const match = /\$\{(\w+)/.exec(value)
    return match === null ? undefined : { path, name: match[1] }
  }
  const children: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : isRawMap(value)
      ? Object.entries(value)
      : []
  for (const [key, child] of children) {
    const found = firstVariable(source, child, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}
