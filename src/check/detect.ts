import { basename } from 'node:path'

/** The files `logboom check` understands. */
export type FileKind = 'loki' | 'alloy' | 'compose' | 'rules'

/**
 * Tells what a file is, by its name and, where that leaves a doubt, by its content. `undefined`: none of the
 * known.
 */
export function detectKind(path: string, text: string): FileKind | undefined {
  const name = basename(path).toLowerCase()
  if (/\.(alloy|river)$/.test(name)) return 'alloy'
  if (!/\.ya?ml$/.test(name)) return looksLikeAlloy(text) ? 'alloy' : undefined
  if (/^(docker-)?compose\b/.test(name)) return 'compose'
  if (/^services:/m.test(text) && /^\s+(image|build):/m.test(text)) return 'compose'
  // Grafana's data source files may be called loki.yml too; they are none of these.
  if (/^(schema_config|limits_config|auth_enabled|compactor|storage_config|common|ingester):/m.test(text))
    return 'loki'
  // Grafana's own alert files have groups, too, below an apiVersion.
  if (/^groups:/m.test(text) && !/^apiVersion:/m.test(text)) return 'rules'
  return /^loki\b.*config|^loki-local/.test(name) ? 'loki' : undefined
}

function looksLikeAlloy(text: string): boolean {
  return /^\s*(loki|discovery|local|prometheus|logging)(\.[a-z_]+)*(\s+"[^"]*")?\s*\{/m.test(text)
}
