import { type Labels, labelsText, makeLabels } from '#base/labels.ts'
import type { Limits } from '#config/schema/limits.ts'
import {
  enforcedLabels,
  makePolicyOf,
  type PolicyOf,
  policyBlockedUntil,
} from '../tenants/ingestion-policy.ts'
import type { LabelSource } from './draft-batch.ts'
import { normalLevel } from './metadata.ts'

/** Why a stream is refused as a whole. */
export interface StreamFault {
  readonly reason: string
  readonly message: string
}

/** A stream's labels after discovery and validation; made once per distinct set that a tenant sends. */
export interface StreamInfo {
  readonly labels: Labels
  /** `labelsText(labels)`. */
  readonly key: string
  /** The level a label states, or `undefined`. */
  readonly level: string | undefined
  readonly fault: StreamFault | undefined
  /** `block_ingestion_policy_until` of its policy: the stream is not taken before, ms; 0 for always taken. */
  readonly blockedUntilMs: number
  /** Its ingestion policy, `''` for none. */
  readonly policy: string
}

/** Turns the labels of pushes into streams, remembering what it has seen. */
export type StreamResolver = (source: LabelSource) => StreamInfo

const MAX_REMEMBERED = 20_000
const MAX_KEY_LENGTH = 16_384

/** Makes the resolver for one tenant and its limits. */
export function makeStreamResolver(limits: Limits, tenant: string): StreamResolver {
  const seen = new Map<string, StreamInfo>()
  const policyOf = makePolicyOf(limits)
  let share = makePairPool()
  return (source) => {
    const known = seen.get(source.key)
    if (known !== undefined) return known
    const described = describeStream(source.pairs(), limits, tenant, policyOf)
    if (seen.size >= MAX_REMEMBERED) {
      seen.clear()
      share = makePairPool()
    }
    const info = { ...described, labels: share(described.labels) }
    if (source.key.length <= MAX_KEY_LENGTH) seen.set(source.key, info)
    return info
  }
}

/**
 * Gives label sets that hold each pair once: streams have most of their pairs in common, and copies of them
 * would be most of what is remembered.
 */
function makePairPool(): (labels: Labels) => Labels {
  const pool = new Map<string, Map<string, Labels[number]>>()
  return (labels) =>
    labels.map((pair) => {
      let values = pool.get(pair[0])
      if (values === undefined) pool.set(pair[0], (values = new Map()))
      const known = values.get(pair[1])
      if (known === undefined) values.set(pair[1], pair)
      return known ?? pair
    })
}

/** `pairs` are sorted by name and may repeat one. */
export function describeStream(
  pairs: readonly (readonly [name: string, value: string])[],
  limits: Limits,
  tenant: string,
  policyOf: PolicyOf,
): StreamInfo {
  let labels: Labels = makeLabels(pairs)
  const internal = labels.some(([name]) => name === '__aggregated_metric__' || name === '__pattern__')
  const named = labels.some(([name]) => name === 'service_name')
  const sentNames = pairs.filter(([name, value]) => value !== '' && name !== 'service_name').length
  if (!internal && !named && limits.discover_service_name.length > 0) {
    labels = makeLabels([...labels, ['service_name', serviceName(labels, limits.discover_service_name)]])
  }
  const key = labelsText(labels)
  const policy = internal ? '' : policyOf(labels)
  const fault = internal
    ? undefined
    : (findFault(pairs, labels, key, sentNames, limits) ?? missingLabels(labels, key, limits, tenant, policy))
  const blockedUntilMs = policyBlockedUntil(limits, policy)
  const level = statedByLabel(labels, limits.log_level_fields)
  return { labels, key, level, fault, blockedUntilMs, policy }
}

function serviceName(labels: Labels, candidates: readonly string[]): string {
  for (const candidate of candidates) {
    const found = labels.find(([name]) => name === candidate)
    if (found !== undefined) return found[1]
  }
  return 'unknown_service'
}

function statedByLabel(labels: Labels, fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const found = labels.find(([name]) => name === field)
    if (found !== undefined) return normalLevel(found[1])
  }
  return undefined
}

function findFault(
  pairs: readonly (readonly [name: string, value: string])[],
  labels: Labels,
  key: string,
  sentNames: number,
  limits: Limits,
): StreamFault | undefined {
  if (labels.length === 0) {
    return { reason: 'missing_labels', message: 'error at least one label pair is required per stream' }
  }
  if (sentNames > limits.max_label_names_per_series) {
    const message =
      `entry for stream '${key}' has ${sentNames} label names; limit ` +
      `${limits.max_label_names_per_series}`
    return { reason: 'max_label_names_per_series', message }
  }
  let last: string | undefined
  for (const [name, value] of pairs) {
    if (Buffer.byteLength(name) > limits.max_label_name_length) {
      return { reason: 'label_name_too_long', message: `stream '${key}' has label name too long: '${name}'` }
    }
    if (Buffer.byteLength(value) > limits.max_label_value_length) {
      return {
        reason: 'label_value_too_long',
        message: `stream '${key}' has label value too long: '${value}'`,
      }
    }
    if (name === last) {
      const text = labelsText(pairs)
      return {
        reason: 'duplicate_label_names',
        message: `stream '${text}' has duplicate label name: '${name}'`,
      }
    }
    last = name
  }
  return undefined
}

/** `enforced_labels` and `policy_enforced_labels`: names that a stream must have. */
function missingLabels(
  labels: Labels,
  key: string,
  limits: Limits,
  tenant: string,
  policy: string,
): StreamFault | undefined {
  const missing = enforcedLabels(limits, policy).filter((wanted) => !labels.some(([name]) => name === wanted))
  if (missing.length === 0) return undefined
  const names = missing.join(',')
  const message =
    `missing required labels '${names}' for user '${tenant}' for stream '${key}' ` + `(policy: '${policy}')`
  return { reason: 'missing_enforced_labels', message }
}
