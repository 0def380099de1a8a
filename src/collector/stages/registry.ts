import type { BodySchema } from '../runtime/component.ts'
import { containerLabelsStage } from './container-labels.ts'
import { criStage } from './cri.ts'
import { decolorizeStage } from './decolorize.ts'
import { dockerStage } from './docker.ts'
import { dropStage } from './drop.ts'
import { geoipStage } from './geoip.ts'
import { jsonStage } from './json.ts'
import { labelDropStage, labelKeepStage, labelsStage, staticLabelsStage } from './labels.ts'
import { limitStage, samplingStage } from './limits.ts'
import { logfmtStage } from './logfmt.ts'
import { luhnStage } from './luhn.ts'
import { matchStage } from './match.ts'
import { structuredMetadataDropStage, structuredMetadataStage } from './metadata.ts'
import { metricsStage } from './metrics.ts'
import { multilineStage } from './multiline.ts'
import { outputStage } from './output.ts'
import { packStage } from './pack.ts'
import { patternStage } from './pattern.ts'
import { regexStage } from './regex.ts'
import { replaceStage } from './replace.ts'
import { splitJsonStage } from './split-json.ts'
import type { Next, Stage, StageContext, StageDefinition } from './stage.ts'
import { templateStage } from './template.ts'
import { tenantStage } from './tenant.ts'
import { timestampStage } from './timestamp.ts'
import { truncateStage } from './truncate.ts'
import { eventLogMessageStage, windowsEventStage } from './windows-message.ts'

/** A decoded `stage.*` block. */
export interface StageBlock {
  readonly name: string
  readonly args: unknown
}

function all(): readonly unknown[] {
  return [
    containerLabelsStage,
    criStage,
    decolorizeStage,
    dockerStage,
    dropStage,
    jsonStage,
    labelDropStage,
    labelKeepStage,
    labelsStage,
    limitStage,
    logfmtStage,
    luhnStage,
    matchStage,
    metricsStage,
    multilineStage,
    outputStage,
    packStage,
    patternStage,
    regexStage,
    replaceStage,
    samplingStage,
    splitJsonStage,
    staticLabelsStage,
    structuredMetadataStage,
    structuredMetadataDropStage,
    templateStage,
    tenantStage,
    timestampStage,
    truncateStage,
    eventLogMessageStage,
    windowsEventStage,
    geoipStage,
  ]
}

let byName: ReadonlyMap<string, StageDefinition> | undefined

/** Every stage by its name. Made on first use, as `stage.match` needs the others and they need it. */
export function stageRegistry(): ReadonlyMap<string, StageDefinition> {
  byName ??= new Map((all() as readonly StageDefinition[]).map((stage) => [stage.name, stage]))
  return byName
}

/** The schemas of all stages, for the `ordered` part of a schema. */
export function stageSchemas(): Readonly<Record<string, BodySchema>> {
  return Object.fromEntries([...stageRegistry()].map(([name, { schema }]) => [name, schema]))
}

/** Chains stages: the first takes what is pushed, the last gives to `next`. */
export function buildStages(blocks: readonly StageBlock[], next: Next, context: StageContext): Stage {
  const stages: Stage[] = []
  let following = next
  for (const { name, args } of [...blocks].reverse()) {
    const definition = stageRegistry().get(name)
    if (definition === undefined) throw new Error(`unknown stage ${name}`)
    const stage = definition.build(args as Record<string, unknown>, following, context)
    following = stage.push
    stages.unshift(stage)
  }
  return {
    push: following,
    close() {
      for (const stage of stages) stage.close?.()
    },
  }
}
