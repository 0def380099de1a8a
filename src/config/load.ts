import { existsSync, readFileSync } from 'node:fs'
import type { z } from 'zod'
import { errorMessage } from '#base/errors.ts'
import { correctedSource } from './corrected-keys.ts'
import { deriveFromCommon } from './derive.ts'
import { type Environment, expandEnv } from './expand-env.ts'
import { applyFlags } from './flags.ts'
import { noEffectNotes } from './no-effect.ts'
import { ConfigError, type ConfigProblem } from './problem.ts'
import { type LokiConfig, rootSchema } from './schema/root.ts'
import { getAt, isRawMap, type RawMap, withoutNulls } from './tree.ts'
import { checkKeys } from './unknown-keys.ts'
import { refusalText, type SelectorCheck, validateConfig } from './validate.ts'
import { ineffectiveSettings } from './warnings.ts'
import { parseYamlSource, type YamlSource } from './yaml-source.ts'

/** Where a configuration comes from. */
export interface LoadOptions {
  /** A path, or several separated by commas: the first that exists is read. */
  readonly file?: string
  /** The YAML itself, instead of a file. */
  readonly text?: string
  /** Substitute `${VAR}` before parsing. Default false. */
  readonly expandEnv?: boolean
  /** The variables to substitute. Default `process.env`. */
  readonly env?: Environment
  /** Flag values by name without dash, as `parseLokiFlags` gives them; they beat the file. */
  readonly flags?: ReadonlyMap<string, string>
  /** Judges the selectors in `retention_stream` and the like; without it they are not looked at. */
  readonly checkSelector?: SelectorCheck
  /** Skips the start-up validation, for configurations that are not Loki's business. Default false. */
  readonly skipValidation?: boolean
  /** The moment that decides which schema period is active. Default now. */
  readonly nowMs?: number
}

/** A configuration that Loki would start with. */
export interface LoadedConfig {
  readonly config: LokiConfig
  /** The file that was read. */
  readonly file: string | undefined
  /** What was accepted and does not do what its writer must expect. */
  readonly warnings: readonly ConfigProblem[]
  /** What was accepted and means nothing to a single process. */
  readonly notes: readonly ConfigProblem[]
}

/**
 * Loads a loki.yaml: defaults, then what `common` implies, then the file, then flags; later ones win.
 * @throws ConfigError with Loki's text for everything Loki would not start with, all problems at once
 */
export function loadLokiConfig(options: LoadOptions): LoadedConfig {
  const { file, text } = readText(options)
  const source = parseYamlSource(expand(text, options, file), file)
  const value = withoutNulls(source.value) ?? {}
  if (!isRawMap(value))
    throw failed([{ message: 'yaml: the file is not a mapping', line: 1, column: 1 }], file)
  const keys = checkKeys(source, rootSchema)
  if (keys.errors.length > 0) {
    const further = problemsOf(() => loadSource(correctedSource(source, keys.errors), options, file))
    throw failed(keys.errors, file, { hintEnv: options.expandEnv !== true, further })
  }
  const { config, given } = loadSource(source, options, file)
  const isSet = (path: string): boolean => getAt(given, path.split('.')) !== undefined
  const ineffective = ineffectiveSettings(config, isSet).map((found) => ({
    ...found,
    ...source.keyPlace(found.path.split('.')),
  }))
  const notes = noEffectNotes(given, rootSchema, source.keyPlace)
  return {
    config,
    file,
    warnings: [...keys.warnings, ...ineffective],
    notes: [...keys.notes, ...notes],
  }
}

/** What a text says, with the flags over it: complete, and as it was given. */
function loadSource(
  source: YamlSource,
  options: LoadOptions,
  file: string | undefined,
): { config: LokiConfig; given: RawMap } {
  const tree = structuredClone(withoutNulls(source.value) ?? {}) as RawMap
  if (options.flags !== undefined) applyFlags(tree, options.flags)
  const given = structuredClone(tree)
  try {
    deriveFromCommon(tree)
  } catch (error) {
    const message = errorMessage(error)
    throw new ConfigError(`failed parsing config: ${message}`, [{ message }], file)
  }
  const config = parseTree(tree, source, file)
  if (options.skipValidation !== true) validate(config, options, source, file)
  return { config, given }
}

function problemsOf(load: () => unknown): readonly ConfigProblem[] {
  try {
    load()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

function readText({ file = 'config.yaml,config/config.yaml', text }: LoadOptions): {
  file?: string
  text: string
} {
  if (text !== undefined) return { text }
  const found = file.split(',').find((path) => existsSync(path))
  if (found === undefined) {
    const message = `failed parsing config: ${file} does not exist, set config.file for custom config path`
    throw new ConfigError(message, [{ message }], file)
  }
  try {
    return { file: found, text: readFileSync(found, 'utf8') }
  } catch (error) {
    const message = `failed parsing config: ${found}: ${errorMessage(error)}`
    throw new ConfigError(message, [{ message }], found)
  }
}

function expand(text: string, options: LoadOptions, file: string | undefined): string {
  if (options.expandEnv !== true) return text
  try {
    return expandEnv(text, options.env ?? process.env)
  } catch (error) {
    const message = `failed parsing config: ${file ?? 'config'}: ${errorMessage(error)}`
    throw new ConfigError(message, [{ message }], file)
  }
}

/** Loki's frame around errors in the YAML. */
function failed(
  problems: readonly ConfigProblem[],
  file: string | undefined,
  { hintEnv = false, further = [] }: { hintEnv?: boolean; further?: readonly ConfigProblem[] } = {},
): ConfigError {
  const hint = hintEnv
    ? ' Use `-config.expand-env=true` flag if you want to expand environment variables in your config file'
    : ''
  const list = problems.map((problem) => problem.message).join('\n  ')
  const message = `failed parsing config: ${file ?? 'config'}: yaml: construct errors: ${list}${hint}`
  return new ConfigError(message, problems, file, further)
}

function parseTree(tree: RawMap, source: YamlSource, file: string | undefined): LokiConfig {
  const result = rootSchema.safeParse(tree)
  if (!result.success)
    throw failed(
      result.error.issues.map((issue) => issueProblem(issue, source)),
      file,
    )
  const { log_level: level } = result.data.server
  if (!['debug', 'info', 'warn', 'error'].includes(level)) {
    const message = `unrecognized log level ${JSON.stringify(level)}`
    const problem = { message, path: 'server.log_level', ...source.place(['server', 'log_level']) }
    throw new ConfigError(`failed parsing config: ${file ?? 'config'}: ${message}`, [problem], file)
  }
  return result.data
}

function issueProblem(issue: z.core.$ZodIssue, source: YamlSource): ConfigProblem {
  const place = source.place(issue.path)
  const message =
    issue.code === 'invalid_type' ? `cannot construct a mapping for ${issue.path.join('.')}` : issue.message
  const line = place === undefined ? '' : `line ${place.line}: `
  return { message: `${line}${message}`, path: issue.path.join('.'), ...place }
}

function validate(
  config: LokiConfig,
  options: LoadOptions,
  source: YamlSource,
  file: string | undefined,
): void {
  const refusals = validateConfig(config, options.nowMs ?? Date.now(), options.checkSelector)
  if (refusals.length === 0) return
  const texts = refusals.map(refusalText)
  const problems = refusals.map((refusal, i) => ({
    message: texts[i],
    path: refusal.path,
    ...source.place(refusal.path.split('.')),
  }))
  const message =
    texts.length === 1
      ? texts[0]
      : ['MULTIPLE CONFIG ERRORS FOUND, PLEASE READ CAREFULLY', ...texts].join('\n')
  throw new ConfigError(message, problems, file)
}

/** Loki's defaults alone, as an empty file would give them if Loki started with one. */
export function lokiDefaults(): LokiConfig {
  return loadLokiConfig({ text: '{}', skipValidation: true }).config
}
