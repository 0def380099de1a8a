import type * as prom from 'prom-client'
import CounterPart from 'prom-client/lib/counter.js'
import GaugePart from 'prom-client/lib/gauge.js'
import HistogramPart from 'prom-client/lib/histogram.js'
import RegistryPart from 'prom-client/lib/registry.js'

// The package's own entrance also loads its push client, and with it TLS: 8 MB of memory in every process.

/** A number that only grows, by label values. */
export const Counter: typeof prom.Counter = CounterPart
/** A number that only grows, by label values. */
export type Counter<Label extends string = string> = prom.Counter<Label>

/** A number that goes up and down, by label values. */
export const Gauge: typeof prom.Gauge = GaugePart
/** A number that goes up and down, by label values. */
export type Gauge<Label extends string = string> = prom.Gauge<Label>

/** How often values fell into ranges, by label values. */
export const Histogram: typeof prom.Histogram = HistogramPart
/** How often values fell into ranges, by label values. */
export type Histogram<Label extends string = string> = prom.Histogram<Label>

/** The metrics that one answer to a scrape consists of. */
export const Registry: typeof prom.Registry = RegistryPart
/** The metrics that one answer to a scrape consists of. */
export type Registry = prom.Registry
