import { getJsonAt } from '../loki/http.ts'

const BASE = 'api/v0/web/'

/** How a component is. */
export type HealthState = 'healthy' | 'unhealthy' | 'unknown' | 'exited'

/** A component as the collector's list has it. */
export interface ComponentInfo {
  readonly name: string
  readonly localID: string
  readonly moduleID: string
  readonly label: string
  readonly referencesTo: readonly string[]
  readonly dataFlowEdgesTo: readonly string[]
  readonly health: { readonly state: HealthState; readonly message: string; readonly updatedTime: string }
  readonly liveDebuggingEnabled: boolean
}

/** A value with its type beside it, as Alloy's API has it. */
export type ApiValue =
  | { readonly type: 'array'; readonly value: readonly ApiValue[] }
  | { readonly type: 'object'; readonly value: readonly { readonly key: string; readonly value: ApiValue }[] }
  | { readonly type: string; readonly value: unknown }

/** An attribute or a block of a component. */
export type ApiStatement =
  | { readonly name: string; readonly type: 'attr'; readonly value: ApiValue }
  | { readonly name: string; readonly type: 'block'; readonly body: readonly ApiStatement[] }

/** A component with everything that is known about it; the collector hides secrets. */
export interface ComponentDetail extends ComponentInfo {
  readonly arguments: readonly ApiStatement[]
  readonly exports: readonly ApiStatement[]
  readonly debugInfo: readonly ApiStatement[]
}

/** What has flowed since the collector began, in numbers that only grow. */
export interface FlowReport {
  readonly timeMs: number
  readonly edges: readonly {
    readonly from: string
    readonly to: string
    readonly entries: number
    readonly bytes: number
  }[]
  readonly components: readonly {
    readonly id: string
    readonly role: 'source' | 'transform' | 'sink' | 'discovery'
    /** What a source has read from outside; bytes only where they are counted. */
    readonly read?: { readonly entries: number; readonly bytes?: number }
    readonly sent?: { readonly entries: number; readonly bytes: number }
    readonly dropped: readonly { readonly reason: string; readonly entries: number }[]
  }[]
}

/** The id that tells a component apart from all others. */
export function idOf({ moduleID, localID }: Pick<ComponentInfo, 'moduleID' | 'localID'>): string {
  return moduleID === '' ? localID : `${moduleID}/${localID}`
}

/** All components, those inside custom components included. */
export function listComponents(signal: AbortSignal): Promise<readonly ComponentInfo[]> {
  return getJsonAt(`${BASE}components`, { modules: 'all' }, signal)
}

/** One component. Throws LokiError with status 404 where there is none of this id. */
export function getComponent(id: string, signal: AbortSignal): Promise<ComponentDetail> {
  return getJsonAt(`${BASE}components/${encodeURIComponent(id)}`, {}, signal)
}

/** What has flowed so far. */
export function getFlow(signal: AbortSignal): Promise<FlowReport> {
  return getJsonAt(`${BASE}flow`, {}, signal)
}

/** Where the lines that go through a component can be watched, relative to the page. */
export function debugPath(id: string): string {
  return `${BASE}debug/${encodeURIComponent(id)}?format=ndjson`
}
