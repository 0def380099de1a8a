import { extractedText, type StageEntry } from './entry.ts'

/**
 * Reads what a stage works on: the line where `source` is absent or empty, else an extracted value as text.
 */
export function sourceReader(source: string | undefined): (entry: StageEntry) => string | undefined {
  if (source === undefined || source === '') return (entry) => entry.line
  return (entry) => extractedText(entry.extracted.get(source))
}
