import { labelsObject, makeLabels } from '#base/labels.ts'
import { timestampText } from '#base/timestamp.ts'
import { lokiProcess } from '../components/loki_process.ts'
import { type LogsReceiver, makeDelivery } from '../pipeline.ts'
import { type RunningComponent, runComponent } from './run-component.ts'

/** A line as it leaves the stages. */
export interface StageOutput {
  readonly line: string
  readonly labels: Record<string, string>
  /** Nanoseconds since the epoch. */
  readonly ts: string
  readonly metadata: Record<string, string>
}

/** A line to send; labels are `{app="x"}` and the time is 1 s and 5 ns where nothing is said. */
export interface StageInput {
  readonly line: string
  readonly labels?: Record<string, string>
  readonly tsMs?: number
}

/** Stages as a list of names without `stage.` and their arguments. */
export type StageList = readonly (readonly [name: string, args: Record<string, unknown>])[]

/** The stages as decoded blocks of a configuration. */
export function stageBlocks(stages: StageList): { name: string; args: Record<string, unknown> }[] {
  return stages.map(([name, args]) => ({ name: `stage.${name}`, args }))
}

/**
 * Sends lines through the stages of a `loki.process`, each as a batch of its own.
 * @returns what came out, and the component, which is still running
 * @throws Error when a stage refuses its arguments
 */
export async function sendThroughStages(
  stages: StageList,
  given: readonly (string | StageInput)[],
): Promise<{ out: StageOutput[]; component: RunningComponent<unknown>; open: () => number }> {
  const out: StageOutput[] = []
  const receiver: LogsReceiver = {
    async push({ labels, entries, delivery }) {
      for (const { line, tsMs, tsNs, metadata } of entries) {
        const text = Buffer.from(line as string).toString()
        const ts = timestampText(tsMs, tsNs)
        out.push({ line: text, labels: labelsObject(labels), ts, metadata: labelsObject(metadata) })
      }
      delivery.done()
    },
  }
  const component = runComponent(lokiProcess, { forward_to: [receiver], stages: stageBlocks(stages) })
  const entry = component.exports.receiver as LogsReceiver
  let open = given.length
  for (const item of given) {
    const { line, labels = { app: 'x' }, tsMs = 1000 } = typeof item === 'string' ? { line: item } : item
    await entry.push({
      labels: makeLabels(labels),
      entries: [{ line: Buffer.from(line), tsMs, tsNs: 5, metadata: [] }],
      delivery: makeDelivery(() => void open--),
    })
  }
  return { out, component: component as RunningComponent<unknown>, open: () => open }
}

/**
 * As {@link sendThroughStages}, and stops the component.
 * @throws Error when an entry was not let go of
 */
export async function runStages(
  stages: StageList,
  given: readonly (string | StageInput)[],
): Promise<StageOutput[]> {
  const { out, component, open } = await sendThroughStages(stages, given)
  await component.stop()
  if (open() !== 0) throw new Error(`${open()} entries were not let go of`)
  return out
}
