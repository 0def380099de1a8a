import type { StageRun } from './row.ts'

/** ANSI escape sequences: an introducer, parameters, and either a text ended by BEL or a final byte. */
const ANSI = new RegExp(
  [
    '[\\u001b\\u009b][[\\]()#;?]*',
    '(?:(?:(?:[a-zA-Z\\d]*(?:;[a-zA-Z\\d]*)*)?\\u0007)',
    '|(?:(?:\\d{1,4}(?:;\\d{0,4})*)?[\\dA-PRZcf-ntqry=><~]))',
  ].join(''),
  'g',
)

/** `| decolorize`: the line without its ANSI escape sequences. */
export const decolorize: StageRun = (row) => {
  const { text } = row
  if (!text.includes('\u001b') && !text.includes('\u009b')) return true
  row.text = text.replace(ANSI, '')
  return true
}
