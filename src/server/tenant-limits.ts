import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { parseRuntimeOverrides } from '#config/runtime.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import { selectorFault } from './selector-fault.ts'

/** The limits of every tenant: those of the file, and overrides that are read again while the server runs. */
export interface TenantLimits {
  /** The same object until the overrides change, so that it can key caches. */
  of(tenant: string): Limits
  /**
   * Whether the last reading of the overrides succeeded; for `loki_runtime_config_last_reload_successful`.
   */
  readonly lastReloadOk: boolean
  close(): void
}

/**
 * Reads the overrides once and then every `runtime_config.period`.
 * @throws OperatorError `runtime_config_invalid` when the first reading fails
 */
export async function makeTenantLimits(config: LokiConfig, logger: Logger): Promise<TenantLimits> {
  const base = config.limits_config
  const { file: files, period } = config.runtime_config
  let overrides: ReadonlyMap<string, Limits> = new Map()
  let lastText = ''
  let lastReloadOk = true
  const reload = async (): Promise<void> => {
    const texts = await Promise.all(files.map(readRuntimeFile))
    const joined = texts.join('\0')
    if (joined === lastText) return
    const merged = new Map<string, Limits>()
    texts.forEach((text, i) => {
      const { limits, warnings } = parseRuntimeOverrides(text, base, files[i], selectorFault)
      for (const [tenant, own] of limits) merged.set(tenant, own)
      for (const warning of warnings) logger.warn({ file: files[i] }, warning)
    })
    overrides = merged
    lastText = joined
  }
  let timer: NodeJS.Timeout | undefined
  if (files.length > 0) {
    await reload().catch((error: unknown) => {
      throw new OperatorError('runtime_config_invalid', `runtime_config: ${errorMessage(error)}`)
    })
    timer = setInterval(
      () => {
        reload().then(
          () => {
            lastReloadOk = true
          },
          (error: unknown) => {
            lastReloadOk = false
            logger.error(
              { files, err: errorMessage(error) },
              'failed to reload the runtime config; the previous one stays',
            )
          },
        )
      },
      Math.max(period, 100),
    )
    timer.unref()
  }
  return {
    of: (tenant) => overrides.get(tenant) ?? base,
    get lastReloadOk() {
      return lastReloadOk
    },
    close: () => clearInterval(timer),
  }
}

async function readRuntimeFile(file: string): Promise<string> {
  if (/^https?:\/\//.test(file)) {
    const response = await fetch(file, { signal: AbortSignal.timeout(30_000) })
    if (!response.ok) throw new Error(`${file}: ${response.status} ${response.statusText}`)
    return await response.text()
  }
  const bytes = await readFile(file)
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}
