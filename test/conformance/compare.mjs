// One recorded request: sending it, and comparing what came back with what a Loki answered.

// In a case's body, {"$repeat":["x",3]} stands for "xxx" and {"$join":[...]}
// for its parts put together, so that oversized pushes stay small on disk.
export function expand(v) {
  if (Array.isArray(v)) return v.map(expand)
  if (v && typeof v === 'object') {
    if (Array.isArray(v.$repeat)) return String(v.$repeat[0]).repeat(v.$repeat[1])
    if (Array.isArray(v.$join)) return v.$join.map(expand).join('')
    if (Array.isArray(v.$fields)) {
      // [prefix, count, value]
      const o = {}
      for (let i = 0; i < v.$fields[1]; i++) o[`${v.$fields[0]}${i}`] = v.$fields[2]
      return o
    }
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, expand(x)]))
  }
  return v
}

export function queryString(params) {
  const p = new URLSearchParams()
  for (const [k, v] of Object.entries(params ?? {})) {
    const x = expand(v)
    for (const one of Array.isArray(x) ? x : [x]) p.append(k, String(one))
  }
  return p.toString()
}

export async function send(base, c, headers = {}) {
  const init = { method: c.method, headers: { ...headers, ...(c.headers ?? {}) }, redirect: 'manual' }
  let url = base + c.path
  if (c.bodyBase64 !== undefined) init.body = Buffer.from(c.bodyBase64, 'base64')
  else if (c.body !== undefined) {
    const b = expand(c.body)
    init.body = typeof b === 'string' ? b : JSON.stringify(b)
    if (typeof b !== 'string' && !init.headers['Content-Type'])
      init.headers['Content-Type'] = 'application/json'
  }
  if (c.params) {
    if (c.method === 'POST' && init.body === undefined) {
      init.body = queryString(c.params)
      init.headers['Content-Type'] = 'application/x-www-form-urlencoded'
    } else url += `?${queryString(c.params)}`
  }
  init.signal = AbortSignal.timeout(60_000)
  const r = await fetch(url, init)
  const text = await r.text()
  const contentType = r.headers.get('content-type')
  let body = text
  if (/json/i.test(contentType ?? '')) {
    try {
      body = JSON.parse(text)
    } catch {
      /* keep the text */
    }
  }
  return { status: r.status, contentType, body: strip(body) }
}

// what differs from one run to the next on the very same server
export function strip(body) {
  if (body && typeof body === 'object' && body.data && typeof body.data === 'object') delete body.data.stats
  return body
}

// --------------------------------------------------------------- comparison
const REL = 1e-9,
  ABS = 1e-14
export function sameNumber(a, b) {
  const sa = String(a),
    sb = String(b)
  if (sa === sb) return true
  const special = /^[+-]?(nan|inf(inity)?)$/i
  if (special.test(sa) || special.test(sb))
    return sa.replace('+', '').toLowerCase() === sb.replace('+', '').toLowerCase()
  if (sa.trim() === '' || sb.trim() === '') return false
  const x = Number(sa),
    y = Number(sb)
  if (Number.isNaN(x) || Number.isNaN(y)) return false
  return Math.abs(x - y) <= Math.max(ABS, REL * Math.max(Math.abs(x), Math.abs(y)))
}

const show = (v) => {
  const s = v === undefined ? 'nothing' : typeof v === 'string' ? JSON.stringify(v) : JSON.stringify(v)
  return s.length > 160 ? `${s.slice(0, 157)}...` : s
}
const differ = (path, want, got) => `${path}: expected ${show(want)}, got ${show(got)}`
const canon = (v) =>
  JSON.stringify(v, (_, x) =>
    x && typeof x === 'object' && !Array.isArray(x)
      ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : x,
  )
const labelText = (o) =>
  '{' +
  Object.entries(o ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${k}=${JSON.stringify(v)}`)
    .join(',') +
  '}'
const words = (s) => s.replace(/\s+/g, ' ').trim()
const mediaType = (s) => (s ?? '').toLowerCase().replace(/\s+/g, '')

function deep(path, want, got) {
  if (typeof want !== 'object' || want === null) return want === got ? null : differ(path, want, got)
  if (Array.isArray(want)) {
    if (!Array.isArray(got)) return differ(path, want, got)
    for (let i = 0; i < Math.max(want.length, got.length); i++) {
      if (i >= want.length || i >= got.length) return differ(`${path}[${i}]`, want[i], got[i])
      const d = deep(`${path}[${i}]`, want[i], got[i])
      if (d) return d
    }
    return null
  }
  if (!got || typeof got !== 'object' || Array.isArray(got)) return differ(path, want, got)
  for (const k of new Set([...Object.keys(want), ...Object.keys(got)])) {
    if (!(k in want) || !(k in got)) return differ(`${path}.${k}`, want[k], got[k])
    const d = deep(`${path}.${k}`, want[k], got[k])
    if (d) return d
  }
  return null
}

// lists whose order the server does not promise: matched by a key instead
function keyed(path, want, got, key, compare) {
  if (!Array.isArray(want) || !Array.isArray(got)) return deep(path, want, got)
  const group = (list) => {
    const m = new Map()
    for (const x of list) {
      const k = key(x)
      m.has(k) ? m.get(k).push(x) : m.set(k, [x])
    }
    return m
  }
  const w = group(want),
    g = group(got)
  const missing = [...w.keys()].filter((k) => !g.has(k)),
    extra = [...g.keys()].filter((k) => !w.has(k))
  if (missing.length || extra.length) {
    return `${path}: ${missing.length} missing${missing.length ? ` ${show(missing[0])}` : ''}, ${extra.length} unexpected${extra.length ? ` ${show(extra[0])}` : ''} (expected ${want.length}, got ${got.length})`
  }
  for (const [k, list] of w) {
    const other = g.get(k)
    if (list.length !== other.length) return `${path}${k}: expected ${list.length} times, got ${other.length}`
    for (let i = 0; i < list.length; i++) {
      const d = compare(`${path}${k.length > 200 ? `${k.slice(0, 197)}...` : k}`, list[i], other[i])
      if (d) return d
    }
  }
  return null
}

function entriesOf(path, want, got, tiesAnyOrder) {
  let a = want,
    b = got
  if (tiesAnyOrder) {
    // entries with one and the same timestamp may come in any order
    const settle = (list) => {
      const out = [...list]
      for (let i = 0; i < out.length; ) {
        let j = i
        while (j < out.length && out[j][0] === out[i][0]) j++
        out.splice(i, j - i, ...out.slice(i, j).sort((x, y) => (canon(x) < canon(y) ? -1 : 1)))
        i = j
      }
      return out
    }
    if (Array.isArray(a) && Array.isArray(b)) {
      a = settle(a)
      b = settle(b)
    }
  }
  return deep(path, a, b)
}

// sizes out of an index are only roughly comparable between servers
const near = (a, b, rel, atLeast = 0) =>
  Math.abs(Number(a) - Number(b)) <=
  Math.max(atLeast, rel * Math.max(Math.abs(Number(a)), Math.abs(Number(b))))
// around an index rotation Loki finds the same chunks in several index files and counts them once for each
const nearOrTwice = (want, got, rel, atLeast, doubled) =>
  (doubled ? [1, 2, 3, 4] : [1]).some((k) => near(k * want, got, rel, atLeast))

function sample(path, want, got, approx, doubled) {
  if (!Array.isArray(got) || got.length !== want.length) return differ(path, want, got)
  if (!sameNumber(want[0], got[0])) return differ(`${path}.time`, want, got)
  if (typeof want[1] !== typeof got[1]) return differ(path, want, got)
  if (approx)
    return nearOrTwice(want[1], got[1], approx.result, approx.atLeast, doubled)
      ? null
      : differ(`${path} (roughly)`, want, got)
  return sameNumber(want[1], got[1]) ? null : differ(path, want, got)
}

function results(path, want, got, match) {
  if (!got || typeof got !== 'object') return differ(path, want, got)
  if (want.resultType !== got.resultType) return differ(`${path}.resultType`, want.resultType, got.resultType)
  // the order of the flags is not fixed
  const rest = ({ result, encodingFlags, ...others }) =>
    encodingFlags ? { ...others, encodingFlags: [...encodingFlags].sort() } : others
  const d = deep(path, rest(want), rest(got))
  if (d) return d
  const p = `${path}.result`
  const { resultType: type } = want
  if (type === 'streams') {
    return keyed(
      p,
      want.result,
      got.result,
      (s) => labelText(s.stream),
      (q, x, y) =>
        deep(q, { ...x, values: 0 }, { ...y, values: 0 }) ??
        entriesOf(`${q}.values`, x.values, y.values, match.ties === 'any'),
    )
  }
  if (type === 'scalar') return sample(p, want.result, got.result)
  const { approx, doubled } = match
  const one = (q, x, y) => {
    if (x.value) return sample(q, x.value, y.value, approx, doubled)
    if (!Array.isArray(y.values)) return differ(`${q}.values`, x.values, y.values)
    for (let i = 0; i < Math.max(x.values.length, y.values.length); i++) {
      if (i >= x.values.length || i >= y.values.length)
        return `${q}: expected ${x.values.length} points, got ${y.values.length}; first odd one ${show(x.values[i] ?? y.values[i])}`
      const e = sample(`${q}[${i}]`, x.values[i], y.values[i], approx, doubled)
      if (e) return e
    }
    return null
  }
  if (match.ordered && Array.isArray(want.result) && Array.isArray(got.result)) {
    // by value; equal ones may swap
    for (let i = 0; i < Math.min(want.result.length, got.result.length); i++) {
      if (!sameNumber(want.result[i].value?.[1], got.result[i].value?.[1]))
        return differ(`${p} order [${i}]`, want.result[i], got.result[i])
    }
  }
  return keyed(p, want.result, got.result, (s) => labelText(s.metric), one)
}

// without the labels whose name starts with `prefix`
function except(body, prefix) {
  const out = { ...body }
  if (Array.isArray(out.data)) out.data = out.data.filter((x) => !String(x).startsWith(prefix))
  if (Array.isArray(out.detectedLabels))
    out.detectedLabels = out.detectedLabels.filter((x) => !String(x.label).startsWith(prefix))
  return out
}

function drop(body, paths) {
  if (!paths?.length || typeof body !== 'object' || body === null) return body
  const copy = JSON.parse(JSON.stringify(body))
  for (const p of paths) {
    const keys = p.split('.')
    const walk = (o, i) => {
      if (!o || typeof o !== 'object') return
      if (keys[i] === '*') {
        for (const k of Object.keys(o)) i === keys.length - 1 ? delete o[k] : walk(o[k], i + 1)
        return
      }
      if (i === keys.length - 1) delete o[keys[i]]
      else walk(o[keys[i]], i + 1)
    }
    walk(copy, 0)
  }
  return copy
}

// null when `got` is what the case expects, else one line saying what is off
export function compare(c, got) {
  const want = c.expect,
    match = c.match ?? {}
  if (want.status !== got.status)
    return `status: expected ${want.status}, got ${got.status} ${show(typeof got.body === 'string' ? words(got.body) : got.body)}`
  if (want.contentType && mediaType(want.contentType) !== mediaType(got.contentType))
    return differ('content-type', want.contentType, got.contentType)
  if (typeof want.body === 'string' || typeof got.body === 'string') {
    if (typeof want.body !== typeof got.body) return differ('body', want.body, got.body)
    const a = words(want.body),
      b = words(got.body)
    if (match.prefix)
      return b.startsWith(match.prefix) && a.startsWith(match.prefix)
        ? null
        : differ('body start', match.prefix, b)
    return a === b ? null : differ('body', a, b)
  }
  let w = drop(want.body, match.ignore),
    g = drop(got.body, match.ignore)
  if (!w || typeof w !== 'object' || !g || typeof g !== 'object') return deep('body', w, g)
  if (match.except) {
    w = except(w, match.except)
    g = except(g, match.except)
  }
  if (w.data?.resultType) {
    const { data: wd, ...wrest } = w,
      { data: gd, ...grest } = g
    return deep('body', wrest, grest) ?? results('data', wd, gd, match)
  }
  for (const [field, key] of [
    ['fields', 'label'],
    ['detectedLabels', 'label'],
  ]) {
    // detected_fields, detected_labels
    if (Array.isArray(w[field])) {
      const { [field]: wl, ...wrest } = w,
        { [field]: gl, ...grest } = g
      return deep('body', wrest, grest) ?? keyed(field, wl, gl, (x) => `[${x[key]}]`, deep)
    }
  }
  if (match.approx) {
    // plain numbers that may be off by a share
    const a = { ...w },
      b = { ...g }
    for (const [k, rel] of Object.entries(match.approx)) {
      if (k in a && k in b && nearOrTwice(a[k], b[k], rel, rel ? 1500 : 0, match.doubled)) {
        delete a[k]
        delete b[k]
      }
    }
    return deep('body', a, b)
  }
  if (match.unordered && w[match.unordered]) {
    // a plain list in no promised order
    const { [match.unordered]: wl, ...wrest } = w,
      { [match.unordered]: gl, ...grest } = g
    return deep('body', wrest, grest) ?? keyed(match.unordered, wl, gl, canon, () => null)
  }
  return deep('body', w, g)
}
