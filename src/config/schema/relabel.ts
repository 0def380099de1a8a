import type { z } from 'zod'
import { int, listOf, section, strings, text } from '../fields.ts'

/**
 * Prometheus' relabel configs:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
export const relabelConfigs = listOf(
  section(
    { goType: 'relabel.Config' },
    {
      source_labels: strings([]),
      separator: text(';'),
      regex: text('(.*)'),
      modulus: int(0),
      target_label: text(''),
      replacement: text('$1'),
      action: text('replace'),
    },
  ),
)

/** The list, read. */
export type RelabelConfigs = z.output<typeof relabelConfigs>
