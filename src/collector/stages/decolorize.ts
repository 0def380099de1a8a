import { type StageDefinition, simpleStage } from './stage.ts'

/** Control sequences of terminals (ECMA-48): CSI with its parameters, and the single-character escapes. */
const ESCAPES = /[\u001b\u009b][[\]()#;?]*(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-ORZcf-nqry=><]/g

/** `stage.decolorize`: takes out the colours and other escapes that a terminal would show. */
export const decolorizeStage: StageDefinition = {
  name: 'stage.decolorize',
  schema: { attributes: {} },
  build: (_args, next) =>
    simpleStage(next, (entry) => {
      const { line } = entry
      const plain = line.replace(ESCAPES, '')
      if (plain.length !== line.length) entry.line = plain
    }),
}
