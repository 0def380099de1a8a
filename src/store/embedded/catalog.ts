import { invariant } from '#base/invariant.ts'
import { type Labels, labelsText, labelValue } from '#base/labels.ts'
import type { LabelMatcher } from '../types.ts'
import { FormatError } from './bytes.ts'
import { KnownLabelSets } from './known-label-sets.ts'
import { PairCache } from './pair-cache.ts'
import type { IndexedStream } from './segment-index.ts'
import type { Stream } from './stream.ts'

const PAGE_IDS = 1024

/** Label name → value → streams; the many values with one stream have no array. */
type Postings = Map<string, Map<string, Stream | Stream[]>>

interface TenantStreams {
  readonly byKey: Map<string, Stream>
  readonly byBytes: KnownLabelSets
  readonly pairs: PairCache
  /** Label name → value → streams. */
  readonly postings: Postings
}

/** All streams of all tenants that have rows, and the label index over them. */
export class Catalog {
  readonly #tenants = new Map<string, TenantStreams>()
  /** By id, in pages that go when all of their streams have gone. */
  readonly #pages = new Map<number, (Stream | undefined)[]>()
  #nextId = 0

  /**
   * The one object for this stream, made where it is new. `key` saves computing `labelsText` where it is
   * known.
   */
  stream(tenant: string, labels: Labels, key = labelsText(labels)): Stream {
    const streams = this.#streamsOf(tenant)
    const known = streams.byKey.get(key)
    return known ?? this.#add(streams, tenant, shareLabels(streams.postings, labels), key)
  }

  #add(streams: TenantStreams, tenant: string, labels: Labels, key: string): Stream {
    const stream: Stream = {
      id: this.#nextId++,
      tenant,
      labels,
      key,
      newestMs: -Infinity,
      newestNs: 0,
      settledMs: -Infinity,
      settledNs: 0,
    }
    streams.byKey.set(key, stream)
    this.#page(stream.id)[stream.id % PAGE_IDS] = stream
    addPostings(streams.postings, stream)
    return stream
  }

  /** The stream with an id that is in use. */
  byId(id: number): Stream {
    const stream = this.#pages.get(Math.floor(id / PAGE_IDS))?.[id % PAGE_IDS]
    invariant(stream !== undefined, 'a stream of a segment is in the catalog')
    return stream
  }

  /**
   * Takes in the streams of a tenant that has none yet. Their ids follow one another from the one that is
   * returned.
   */
  adopt(tenant: string, indexed: readonly IndexedStream[]): number {
    invariant(!this.#tenants.has(tenant), 'a tenant is taken from the index before it has streams')
    const firstId = this.#nextId
    for (const { labels, newestMs, newestNs } of indexed) {
      const stream = this.stream(tenant, labels)
      stream.newestMs = newestMs
      stream.newestNs = newestNs
      stream.settledMs = newestMs
      stream.settledNs = newestNs
    }
    if (this.#nextId !== firstId + indexed.length) throw new FormatError('the index has a stream twice')
    return firstId
  }

  /**
   * The streams that a segment lists, by number; new ones are made. `offsets` are the `streamOffsets` of the
   * list.
   */
  listed(tenant: string, part: Uint8Array, offsets: Uint32Array): Stream[] {
    const own = this.#streamsOf(tenant)
    const { byBytes, byKey, pairs, postings } = own
    const share = (pair: Labels[number]): Labels[number] => sharedPair(postings, pair)
    const byId = (id: number): Stream => this.byId(id)
    const streams: Stream[] = []
    for (let number = 0; number + 1 < offsets.length; number++) {
      const from = offsets[number]
      const to = offsets[number + 1]
      let stream = byBytes.find(part, from, to, byId)
      if (stream === undefined) {
        const labels = pairs.read(part, from, share)
        const key = labelsText(labels)
        stream = byKey.get(key) ?? this.#add(own, tenant, labels, key)
        byBytes.add(part, from, to, stream)
      }
      streams.push(stream)
    }
    return streams
  }

  tenants(): string[] {
    return [...this.#tenants.keys()].sort()
  }

  get size(): number {
    let size = 0
    for (const { byKey } of this.#tenants.values()) size += byKey.size
    return size
  }

  /** The streams that fit every matcher. */
  select(tenant: string, matchers: readonly LabelMatcher[]): Stream[] {
    const streams = this.#tenants.get(tenant)
    if (streams === undefined) return []
    const rest = matchers.map(memoize)
    let candidates: Iterable<Stream> = streams.byKey.values()
    let fewest = streams.byKey.size
    for (const matcher of matchers) {
      const found = fromPostings(streams.postings, matcher)
      if (found === undefined || found.length >= fewest) continue
      candidates = found
      fewest = found.length
    }
    const selected: Stream[] = []
    for (const stream of candidates) {
      if (rest.every((matcher) => matcher(stream.labels))) selected.push(stream)
    }
    return selected
  }

  /** Forgets the streams that `keep` does not hold. Those of `held` are still found by their ids. */
  retain(keep: ReadonlySet<Stream>, held: Iterable<Stream> = []): void {
    const kept = [...keep, ...held]
    this.#pages.clear()
    for (const stream of kept) this.#page(stream.id)[stream.id % PAGE_IDS] = stream
    for (const [tenant, streams] of this.#tenants) {
      streams.byBytes.clear()
      for (const [key, stream] of streams.byKey) if (!keep.has(stream)) streams.byKey.delete(key)
      streams.postings.clear()
      for (const stream of streams.byKey.values()) addPostings(streams.postings, stream)
      if (streams.byKey.size === 0) this.#tenants.delete(tenant)
    }
  }

  #page(id: number): (Stream | undefined)[] {
    const number = Math.floor(id / PAGE_IDS)
    let page = this.#pages.get(number)
    if (page === undefined) this.#pages.set(number, (page = []))
    return page
  }

  #streamsOf(tenant: string): TenantStreams {
    let streams = this.#tenants.get(tenant)
    if (streams === undefined) {
      streams = {
        byKey: new Map(),
        byBytes: new KnownLabelSets(),
        pairs: new PairCache(),
        postings: new Map(),
      }
      this.#tenants.set(tenant, streams)
    }
    return streams
  }
}

function addPostings(postings: Postings, stream: Stream): void {
  for (const [name, value] of stream.labels) {
    let values = postings.get(name)
    if (values === undefined) postings.set(name, (values = new Map()))
    const known = values.get(value)
    if (known === undefined) values.set(value, stream)
    else if (Array.isArray(known)) known.push(stream)
    else values.set(value, [known, stream])
  }
}

/**
 * The same label set, of the pairs that other streams have already: most labels of a stream are those of many
 * others, and their copies would be half of the memory of an index.
 */
function shareLabels(postings: Postings, labels: Labels): Labels {
  return labels.map((label) => sharedPair(postings, label))
}

function sharedPair(postings: Postings, pair: Labels[number]): Labels[number] {
  const [name, value] = pair
  const known = postings.get(name)?.get(value)
  const stream = Array.isArray(known) ? known[0] : known
  if (stream === undefined) return pair
  for (const other of stream.labels) if (other[0] === name) return other
  return pair
}

/** Streams that have the label and fit; undefined where streams without the label fit too. */
function fromPostings(postings: Postings, matcher: LabelMatcher): Stream[] | undefined {
  if (matcher.matches('')) return undefined
  const values = postings.get(matcher.name)
  if (values === undefined) return []
  if (matcher.op === '=') return streamsOf(values.get(matcher.value))
  const found: Stream[] = []
  for (const [value, streams] of values) {
    if (matcher.matches(value)) for (const stream of streamsOf(streams)) found.push(stream)
  }
  return found
}

function streamsOf(known: Stream | Stream[] | undefined): Stream[] {
  return known === undefined ? [] : Array.isArray(known) ? known : [known]
}

/** A regular expression is asked once per distinct value. */
function memoize(matcher: LabelMatcher): (labels: Labels) => boolean {
  const known = new Map<string, boolean>()
  return (labels) => {
    const value = labelValue(labels, matcher.name)
    let fits = known.get(value)
    if (fits === undefined) known.set(value, (fits = matcher.matches(value)))
    return fits
  }
}
