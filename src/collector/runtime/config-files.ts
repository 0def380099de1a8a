import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { type Diagnostic, DiagnosticsError } from '../syntax/diagnostic.ts'
import { parseConfig } from '../syntax/parser.ts'
import { printConfig } from '../syntax/printer.ts'
import { decodeConfigBytes } from '../syntax/source.ts'
import type { Part } from './graph.ts'

/** A configuration file as read; `name` is how messages call it. */
export interface ConfigText {
  readonly name: string
  readonly text: string
}

/**
 * Reads a configuration: one file, or every `*.alloy` file at the top of a folder in the order of their
 * names.
 * @throws OperatorError `config_unreadable` with what to do about it.
 */
export function loadConfigPath(path: string): ConfigText[] {
  try {
    const isFolder = statSync(path).isDirectory()
    const names = isFolder ? readdirSync(path).filter((name) => name.endsWith('.alloy')) : []
    if (isFolder && names.length === 0) throw new Error('the folder holds no *.alloy file')
    const paths = isFolder ? names.sort().map((name) => join(path, name)) : [path]
    return paths.map((file) => ({
      name: isFolder ? basename(file) : file,
      text: decodeConfigBytes(readFileSync(file)),
    }))
  } catch (thrown) {
    const message = `cannot read the configuration ${path}: ${errorMessage(thrown)}`
    throw new OperatorError('config_unreadable', message, { cause: thrown })
  }
}

/** Parses every file; all diagnostics of all files together. */
export function parseFiles(files: readonly ConfigText[]): { parts: Part[]; diagnostics: Diagnostic[] } {
  const parts: Part[] = []
  const diagnostics: Diagnostic[] = []
  for (const file of files) {
    try {
      parts.push(parseConfig(file.name, file.text))
    } catch (thrown) {
      if (!(thrown instanceof DiagnosticsError)) throw thrown
      diagnostics.push(...thrown.diagnostics)
    }
  }
  return { parts, diagnostics }
}

/**
 * A configuration in the standard layout (`alloy fmt`).
 * @throws DiagnosticsError when it does not parse.
 */
export function formatConfig(text: string, name = '<stdin>'): string {
  return printConfig(parseConfig(name, text))
}
