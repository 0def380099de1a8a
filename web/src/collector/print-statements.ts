import type { ApiStatement, ApiValue } from './api.ts'

/** Control characters, and those that change the order of what follows or cannot be seen. */
const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** Statements in the form of the configuration language; characters that cannot be seen are escaped. */
export function printStatements(statements: readonly ApiStatement[], indent = ''): string {
  return statements.map((statement) => printStatement(statement, indent)).join('\n')
}

function printStatement(statement: ApiStatement, indent: string): string {
  const name = seen(statement.name)
  if (statement.type === 'attr') return `${indent}${name} = ${printValue(statement.value, indent)}`
  if (statement.body.length === 0) return `${indent}${name} { }`
  return `${indent}${name} {\n${printStatements(statement.body, `${indent}  `)}\n${indent}}`
}

function printValue({ type, value }: ApiValue, indent: string): string {
  const inner = `${indent}  `
  if (type === 'array') {
    const items = (value as readonly ApiValue[]).map((item) => printValue(item, inner))
    const short = `[${items.join(', ')}]`
    if (short.length <= 60 && !short.includes('\n')) return short
    return `[\n${items.map((item) => `${inner}${item},\n`).join('')}${indent}]`
  }
  if (type === 'object') {
    const pairs = value as readonly { readonly key: string; readonly value: ApiValue }[]
    if (pairs.length === 0) return '{}'
    const lines = pairs.map(
      ({ key, value: item }) => `${inner}${printKey(key)} = ${printValue(item, inner)},\n`,
    )
    return `{\n${lines.join('')}${indent}}`
  }
  if (type === 'string') return seen(JSON.stringify(value))
  return seen(String(value))
}

function printKey(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : seen(JSON.stringify(key))
}

function seen(text: string): string {
  return text.replace(UNSEEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
